#include "simulator/dialect.hpp"

#include "config/load.hpp"
#include "config/profile_section.hpp"
#include "core/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fairlead::simulator {
namespace {

constexpr std::array<std::string_view, 4> kParts = {"1", "2", "3", "4"};

// Letters and digits alone, small.
std::string plain(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) result += c;
        if (c >= 'A' && c <= 'Z') result += static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

std::string upper_case(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return result;
}

// Of everything that the relay may put into a text.
std::vector<std::string_view> names_of(const config::Profile& profile, std::initializer_list<std::string_view> more) {
    std::vector<std::string_view> names = config::url_variables(profile);
    names.insert(names.end(), profile.credentials.begin(), profile.credentials.end());
    names.insert(names.end(), more);
    return names;
}

std::size_t parts_used(const config::SubscribeConfig& subscribe) {
    std::size_t used = subscribe.group + 1;
    for (const std::string* text : {&subscribe.topic, &subscribe.text, &subscribe.unsubscribe})
        for (std::size_t part = 0; part < kParts.size(); ++part)
            if (text->find(fmt::format("{{{}}}", kParts.at(part))) != std::string::npos)
                used = std::max(used, part + 1);
    return used;
}

// Values that are missing are nothing; outside of a string that would be no JSON.
std::string rendered(const std::string& text, const TextPattern::Values& values) {
    std::vector<std::string_view> names;
    for (const auto& entry : values)
        names.push_back(entry.first);
    return core::TextTemplate{text, names}.render([&](const core::TextTemplate::Variable& variable) {
        const std::string& value = values.find(variable.name)->second;
        if (variable.is_quoted) return core::json_escaped(value);
        return value.empty() && variable.name == "id" ? std::string{"null"} : value;
    });
}

}  // namespace

Dialect::Dialect(const config::ConnectionConfig& connection, std::vector<std::string> symbols)
    : profile_(connection.venue),
      symbols_(std::move(symbols)),
      topics_per_socket_(connection.topics_per_socket),
      part_count_(parts_used(profile_.subscribe)) {
    const config::SubscribeConfig& subscribe = profile_.subscribe;
    topic_ = {subscribe.topic, names_of(profile_, {"topic", "1", "2", "3", "4"})};
    subscribe_ = {subscribe.text, names_of(profile_, {"topics", "1", "2", "3", "4"})};
    unsubscribe_ = {subscribe.unsubscribe, names_of(profile_, {"topics", "channel_id", "1", "2", "3", "4"})};
    heartbeat_ = {profile_.heartbeat.text, names_of(profile_, {})};
    // The longest first: of btcusdt and btcusdt0626 a topic that has the second has the first as well.
    std::ranges::stable_sort(symbols_, std::ranges::greater{}, &std::string::size);
    if (connection.urls.empty()) return;
    const auto url = core::parse_url(connection.urls.front().written());
    if (const auto* parsed = std::get_if<core::Url>(&url)) path_ = parsed->path.substr(0, parsed->path.find('?'));
}

// --- what clients say ------------------------------------------------------------------------------------------------

Incoming Dialect::parse(std::string_view text) const {
    if (const auto values = heartbeat_.match(text)) {
        const auto id = values->find("id");
        return {.kind = Incoming::Kind::Heartbeat, .id = id == values->end() ? std::string{} : id->second};
    }
    // The form of an unsubscription is the narrower one where a subscription is but its topics.
    if (auto found = request(unsubscribe_, text, Incoming::Kind::Unsubscribe)) return *std::move(found);
    if (auto found = request(subscribe_, text, Incoming::Kind::Subscribe)) return *std::move(found);
    return {};
}

std::optional<Incoming> Dialect::request(const TextPattern& pattern, std::string_view text, Incoming::Kind kind) const {
    const auto common = pattern.match(text);
    if (!common) return std::nullopt;
    Incoming incoming{.kind = kind};
    if (const auto id = common->find("id"); id != common->end()) incoming.id = id->second;
    if (const auto id = common->find("channel_id"); id != common->end()) incoming.channel_id = id->second;
    const auto topics = common->find("topics");
    if (topics == common->end()) return incoming;
    const auto items = topic_.match_list(topics->second);
    if (!items || items->empty()) return std::nullopt;
    for (const TextPattern::Values& item : *items)
        incoming.topics.push_back(topic_of(*common, item));
    return incoming;
}

std::string Dialect::topic_of(TextPattern::Values common, const TextPattern::Values& item) const {
    if (const auto whole = item.find("topic"); whole != item.end()) return whole->second;
    common.insert(item.begin(), item.end());
    std::vector<std::string> parts;
    for (std::size_t part = 0; part < part_count_; ++part) {
        const auto found = common.find(kParts.at(part));
        parts.push_back(found == common.end() ? std::string{} : found->second);
    }
    // A topic with fewer parts than the texts have places for leaves the last ones empty.
    while (parts.size() > 1 && parts.back().empty())
        parts.pop_back();
    return fmt::format("{}", fmt::join(parts, profile_.subscribe.separator));
}

// --- what the venue says ---------------------------------------------------------------------------------------------

const config::SimulatorTexts::Data* Dialect::kind_of(std::string_view topic) const {
    const auto found = std::ranges::find_if(texts().data, [&](const config::SimulatorTexts::Data& data) {
        return topic.find(data.topic) != std::string_view::npos;
    });
    return found == texts().data.end() ? nullptr : &*found;
}

std::string Dialect::stream_of(std::string_view topic) const {
    const config::SimulatorTexts::Data* kind = kind_of(topic);
    if (kind == nullptr) return {};
    const std::string text = plain(topic);
    const auto symbol =
        std::ranges::find_if(symbols_, [&](const std::string& name) { return text.find(name) != std::string::npos; });
    return symbol == symbols_.end() ? std::string{} : fmt::format("{}@{}", *symbol, kind->stream);
}

void Dialect::add_parts(TextPattern::Values& values, std::string_view topic) const {
    values["topic"] = topic;
    const std::string_view separator = profile_.subscribe.separator;
    for (std::size_t part = 0; part < kParts.size(); ++part) {
        const std::size_t at = part + 1 < part_count_ ? topic.find(separator) : std::string_view::npos;
        values[std::string(kParts.at(part))] = topic.substr(0, at);
        topic = at == std::string_view::npos ? std::string_view{} : topic.substr(at + separator.size());
    }
}

std::string Dialect::data(std::string_view topic, const MarketMessage& message) const {
    const config::SimulatorTexts::Data* kind = kind_of(topic);
    if (kind == nullptr) return {};
    TextPattern::Values values = {
        {"number", fmt::format("{}", message.number)},
        {"previous", fmt::format("{}", message.number == 0 ? 0 : message.number - 1)},
        {"price", fmt::format("{}.{:02}", message.price_cents / 100, message.price_cents % 100)},
        {"symbol", upper_case(message.symbol)},
        {"payload", std::string(message.payload)},
        {"padding", std::string(message.padding)},
        {"now_ms", fmt::format("{}", message.wall_ms)},
    };
    add_parts(values, topic);
    return rendered(kind->text, values);
}

std::string Dialect::answer(const std::string& text, const Incoming& incoming, std::string_view topic,
                            std::string_view reason) const {
    TextPattern::Values values = {
        {"id", incoming.id},
        {"op", incoming.kind == Incoming::Kind::Unsubscribe ? "unsubscribe" : "subscribe"},
        {"reason", std::string(reason)},
    };
    add_parts(values, topic);
    return rendered(text, values);
}

std::string Dialect::ack(const Incoming& incoming, std::string_view topic) const {
    return answer(texts().ack, incoming, topic, {});
}

std::string Dialect::reject(const Incoming& incoming, std::string_view topic, std::string_view reason) const {
    return answer(texts().reject, incoming, topic, reason);
}

std::string Dialect::too_fast(const Incoming& incoming) const {
    return answer(texts().too_fast, incoming, {}, "too many requests");
}

std::string Dialect::heartbeat_reply(const Incoming& incoming) const {
    return answer(texts().heartbeat_reply, incoming, {}, {});
}

std::string Dialect::ready() const {
    return texts().ready;
}

std::string Dialect::drain(std::int64_t wall_ms) const {
    return rendered(texts().drain, {{"now_ms", fmt::format("{}", wall_ms)}});
}

std::variant<std::shared_ptr<const Dialect>, std::vector<std::string>> load_dialect(
    const std::string& profile, const std::vector<std::string>& directories, std::vector<std::string> symbols) {
    auto loaded = config::load_profile_named(profile, directories);
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
        std::vector<std::string> lines;
        for (const config::Problem& problem : *problems)
            lines.push_back(problem.to_string());
        return lines;
    }
    const auto& connection = std::get<config::ConnectionConfig>(loaded);
    if (connection.venue.simulator.data.empty())
        return std::vector<std::string>{
            fmt::format("{}: the profile has no [simulator]: what the venue says", profile)};
    return std::make_shared<const Dialect>(connection, std::move(symbols));
}

}  // namespace fairlead::simulator
