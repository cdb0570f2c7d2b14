#include "simulator/market.hpp"

#include <algorithm>
#include <iterator>

namespace fairlead::simulator {
namespace {

constexpr std::int64_t kLowestPriceCents = 100;
constexpr core::Duration kLongestPause = std::chrono::seconds{1};

// SplitMix64: the same numbers with every standard library, unlike the distributions of <random>.
std::uint64_t next_random(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t value = state;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

std::int64_t first_price_cents(std::string_view symbol, std::uint64_t chance) {
    if (symbol.starts_with("btc")) return 6'400'000;
    if (symbol.starts_with("eth")) return 340'000;
    if (symbol.starts_with("sol")) return 15'000;
    return 1'000 + static_cast<std::int64_t>(chance % 100'000);
}

std::string upper_case(std::string text) {
    for (char& letter : text) {
        if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    }
    return text;
}

core::Duration group_period(const Scenario& scenario) {
    if (scenario.rate <= 0) return core::Duration::zero();
    const double nanoseconds = 1e9 * scenario.burst / scenario.rate;
    return core::Duration{std::max<std::int64_t>(1, static_cast<std::int64_t>(nanoseconds))};
}

constexpr std::string_view kTradeSuffix = "@trade";
constexpr std::string_view kQuoteSuffix = "@bookTicker";

}  // namespace

Market::Market(const Scenario& scenario) : period_(group_period(scenario)), burst_(scenario.burst) {
    if (scenario.message_padding > 0) padding_ = fmt::format(R"(,"pad":"{:x<{}}")", "", scenario.message_padding);
    std::uint64_t seeds = scenario.seed;
    for (std::size_t i = 0; i < scenario.symbols.size(); ++i) {
        Symbol symbol;
        symbol.name = scenario.symbols[i];
        symbol.upper = upper_case(symbol.name);
        symbol.random = next_random(seeds);
        symbol.trade_id = symbol.update_id = scenario.first_id - 1;
        symbol.price_cents = first_price_cents(symbol.name, symbol.random);
        // Staggered, so that the symbols do not all speak at the same instant.
        symbol.next = period_ * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(scenario.symbols.size());
        symbols_.push_back(std::move(symbol));
    }
    for (std::size_t stream = 0; stream < stream_count(); ++stream)
        streams_.emplace(stream_name(stream), stream);
}

std::string Market::stream_name(std::size_t stream) const {
    return fmt::format("{}{}", symbols_[stream / 2].name, stream % 2 == 0 ? kTradeSuffix : kQuoteSuffix);
}

std::optional<std::size_t> Market::find(std::string_view stream_name) const {
    const auto found = streams_.find(stream_name);
    return found == streams_.end() ? std::nullopt : std::optional{found->second};
}

std::uint64_t Market::last_id(std::size_t stream) const {
    const Symbol& symbol = symbols_[stream / 2];
    return stream % 2 == 0 ? symbol.trade_id : symbol.update_id;
}

void Market::renumber(std::size_t stream) {
    Symbol& symbol = symbols_[stream / 2];
    (stream % 2 == 0 ? symbol.trade_id : symbol.update_id) = 0;
}

void Market::want(std::size_t stream, bool wanted) {
    Symbol& symbol = symbols_[stream / 2];
    (stream % 2 == 0 ? symbol.trade_wanted : symbol.quote_wanted) = wanted;
}

std::optional<core::Duration> Market::next_due() const {
    if (period_ == core::Duration::zero()) return std::nullopt;
    const auto earliest = std::ranges::min_element(symbols_, {}, &Symbol::next);
    return earliest == symbols_.end() ? std::nullopt : std::optional{earliest->next};
}

void Market::advance(core::Duration now, std::int64_t wall_ms, const Publish& publish) {
    if (period_ == core::Duration::zero()) return;
    for (std::size_t i = 0; i < symbols_.size(); ++i) {
        if (now - symbols_[i].next > kLongestPause) symbols_[i].next = now - kLongestPause;
        for (; symbols_[i].next <= now; symbols_[i].next += period_) {
            for (unsigned n = 0; n < burst_; ++n)
                step(i, wall_ms, publish);
        }
    }
}

void Market::step(std::size_t index, std::int64_t wall_ms, const Publish& publish) {
    Symbol& symbol = symbols_[index];
    const std::uint64_t chance = next_random(symbol.random);
    const std::int64_t move = static_cast<std::int64_t>(chance % 21) - 10;
    symbol.price_cents = std::max(kLowestPriceCents, symbol.price_cents + move);
    ++symbol.trade_id;
    ++symbol.update_id;
    if (symbol.trade_wanted) publish(index * 2, trade(symbol, chance, wall_ms));
    if (symbol.quote_wanted) publish(index * 2 + 1, quote(symbol, chance));
}

std::string_view Market::trade(const Symbol& symbol, std::uint64_t chance, std::int64_t wall_ms) {
    text_.clear();
    fmt::format_to(std::back_inserter(text_),
                   R"({{"e":"trade","E":{0},"s":"{1}","t":{2},"p":"{3}.{4:02}","q":"0.{5:03}","T":{0},"m":{6}{7}}})",
                   wall_ms, symbol.upper, symbol.trade_id, symbol.price_cents / 100, symbol.price_cents % 100,
                   1 + (chance >> 8) % 999, (chance >> 32) % 2 == 0, padding_);
    return {text_.data(), text_.size()};
}

std::string_view Market::quote(const Symbol& symbol, std::uint64_t chance) {
    const std::int64_t bid = symbol.price_cents - 1;
    const std::int64_t ask = symbol.price_cents + 1;
    text_.clear();
    fmt::format_to(std::back_inserter(text_),
                   R"({{"u":{},"s":"{}","b":"{}.{:02}","B":"{}.{:03}","a":"{}.{:02}","A":"{}.{:03}"{}}})",
                   symbol.update_id, symbol.upper, bid / 100, bid % 100, (chance >> 8) % 10, (chance >> 16) % 1000,
                   ask / 100, ask % 100, (chance >> 24) % 10, (chance >> 32) % 1000, padding_);
    return {text_.data(), text_.size()};
}

}  // namespace fairlead::simulator
