#include "core/connection_budget.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace fairlead::core {

namespace {

constexpr std::string_view kHead = "fairlead budget 1\n";
constexpr std::string_view kEnd = "end ";

// FNV-1a: a torn or edited text is to be noticed, nobody is to be kept out.
std::uint64_t check_sum(std::string_view text) {
    std::uint64_t sum = 14695981039346656037ULL;
    for (const char c : text)
        sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return sum;
}

// The line up to the next '\n', which is taken off with it; empty optional = there is no whole line.
std::optional<std::string_view> take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    return line;
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::optional<Duration> ConnectionBudget::wait(const Rate& rate, Duration now) const {
    if (rate.count == 0) return std::nullopt;
    const std::size_t count = std::min<std::size_t>(rate.count, kMaxKept);
    if (attempts_.size() < count) return std::nullopt;
    const Duration age = now - attempts_[attempts_.size() - count];
    if (age >= rate.per) return std::nullopt;
    return std::clamp(rate.per - age, Duration{1}, std::max(rate.per, Duration{1}));
}

void ConnectionBudget::take(Duration now) {
    attempts_.insert(std::upper_bound(attempts_.begin(), attempts_.end(), now), now);
    if (attempts_.size() > kMaxKept) attempts_.erase(attempts_.begin());
}

bool ConnectionBudget::settle(Duration now) {
    const auto future = std::upper_bound(attempts_.begin(), attempts_.end(), now);
    const bool is_ahead = future != attempts_.end();
    std::fill(future, attempts_.end(), now);
    const auto old = std::lower_bound(attempts_.begin(), attempts_.end(), now - kLongest);
    const bool is_old = old != attempts_.begin();
    attempts_.erase(attempts_.begin(), old);
    return is_ahead || is_old;
}

std::string ConnectionBudget::text() const {
    std::string text{kHead};
    for (const Duration attempt : attempts_)
        text += std::to_string(attempt.count()) + "\n";
    const std::uint64_t sum = check_sum(text);
    text += kEnd;
    text += std::to_string(sum) + "\n";
    return text;
}

std::optional<ConnectionBudget> ConnectionBudget::parse(std::string_view text) {
    const std::string_view whole = text.substr(0, kMaxText);
    if (!whole.starts_with(kHead)) return std::nullopt;
    std::string_view rest = whole.substr(kHead.size());
    ConnectionBudget budget;
    while (true) {
        const std::size_t summed = whole.size() - rest.size();
        const auto line = take_line(rest);
        if (!line) return std::nullopt;
        if (line->starts_with(kEnd)) {
            const auto sum = number<std::uint64_t>(line->substr(kEnd.size()));
            const bool is_whole = sum == check_sum(whole.substr(0, summed));
            return is_whole ? std::optional(std::move(budget)) : std::nullopt;
        }
        const auto attempt = number<Duration::rep>(*line);
        const bool is_sound = attempt && *attempt >= 0 && budget.attempts_.size() < kMaxKept &&
                              (budget.attempts_.empty() || Duration{*attempt} >= budget.attempts_.back());
        if (!is_sound) return std::nullopt;
        budget.attempts_.emplace_back(*attempt);
    }
}

}  // namespace fairlead::core
