// [subscribe], [limits], [heartbeat], [login] and [prepare].
#include "config/profile_tables.hpp"

#include "config/checks.hpp"
#include "config/profile_section.hpp"
#include "config/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kMaxParts = 4;
constexpr unsigned kMaxTopicsPerMessage = 20'000;
constexpr unsigned kMaxInFlight = 10'000;
constexpr unsigned kMaxRateCount = 1'000'000;
constexpr core::Duration kMaxTimeout = 10min;
constexpr core::Duration kDay = 24h;

// The empty pointer is the whole message, which is no value.
TextProblem check_field(const std::string& pointer) {
    if (pointer.empty()) return "is empty: which field of the message?";
    return check_json_pointer(pointer);
}

void read_template(TableReader& table, std::string_view key, std::string& text, const VariableNames& names) {
    table.text(key, text);
    check_variables(table, key, text, names);
}

// "5/1s"
void read_rate(TableReader& table, std::string_view key, RateConfig& rate) {
    std::string text;
    table.text(key, text);
    if (!table.valid(key)) return;
    unsigned count = 0;
    const char* const end = text.data() + text.size();
    const auto [slash, error] = std::from_chars(text.data(), end, count);
    const bool has_count = error == std::errc{} && slash != end && *slash == '/' && count <= kMaxRateCount;
    const auto per = has_count ? parse_duration(std::string_view(slash + 1, static_cast<std::size_t>(end - slash - 1)))
                               : std::nullopt;
    if (!per || per->count() == 0 || *per > kDay) {
        return table.problem(key, "must be COUNT/DURATION as in \"5/1s\"; a count of 0 means no limit");
    }
    rate = {count, *per};
}

// `all` never lets as many pass.
bool never_holds(const RateConfig& some, const RateConfig& all) {
    if (some.count == 0 || all.count == 0) return false;
    const auto spans = static_cast<std::uint64_t>((some.per + all.per - core::Duration{1}) / all.per);
    return some.count > all.count * spans;
}

template <typename Signer>
void read_signing(TableReader& table, Signer& signer, const VariableNames& names) {
    read_template(table, "sign", signer.sign, names);
    table.choice(
        "hash", signer.hash,
        TableReader::Names<Hash>{{"sha256", Hash::Sha256}, {"sha384", Hash::Sha384}, {"sha512", Hash::Sha512}});
    table.choice("encoding", signer.encoding,
                 TableReader::Names<Encoding>{{"hex", Encoding::Hex}, {"base64", Encoding::Base64}});
    table.choice(
        "key", signer.key,
        TableReader::Names<KeyForm>{{"text", KeyForm::Text}, {"hex", KeyForm::Hex}, {"base64", KeyForm::Base64}});
}

// {signature} is known only where something is signed.
VariableNames with_signature(const VariableNames& names, const std::string& sign) {
    return sign.empty() ? names : names.with({"signature"});
}

void read_extract(TableReader& table, std::map<std::string, std::string>& extract, const VariableNames& names) {
    for (const Member* member : table.members()) {
        const std::string& name = member->key;
        table.text(name, extract[name]);
        table.check(name, check_json_pointer(extract[name]));
        const bool is_taken =
            std::ranges::count(names.names(), name) > 0 || name == "signature" || name == "topic" || name == "topics";
        if (is_taken) table.check(name, "is a variable already; name it otherwise");
        if (!is_variable_name(name)) {
            table.check(name, "the name of a variable must be made of a-z, 0-9 and _, and begin with a letter");
        }
    }
}

void read_prepare_headers(TableReader& table, std::map<std::string, std::string>& headers, const VariableNames& names) {
    for (const Member* member : table.members()) {
        std::string value;
        read_template(table, member->key, value, names);
        table.check(member->key, check_header_name(member->key));
        table.check(member->key, check_header_value(SecretText(value)));
        headers[member->key] = value;
    }
}

}  // namespace

VariableNames::VariableNames(const Profile& profile) : names_(url_variables(profile)) {
    names_.insert(names_.end(), profile.credentials.begin(), profile.credentials.end());
}

VariableNames VariableNames::with(std::initializer_list<std::string_view> more) const {
    VariableNames result = *this;
    result.names_.insert(result.names_.end(), more);
    return result;
}

bool is_variable_name(std::string_view name) {
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !name.empty() && is_letter(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

void check_variables(TableReader& table, std::string_view key, const std::string& text, const VariableNames& names,
                     core::TextTemplate::Fields fields) {
    const core::TextTemplate parsed(text, names.names(), fields);
    if (fields == core::TextTemplate::Fields::None && text.find("{field:") != std::string::npos) {
        table.check(key, "{field:…} stands for a value of the message that is answered: only `answer` can have it");
    }
    for (const core::TextTemplate::Variable& variable : parsed.variables()) {
        if (!variable.name.starts_with(core::TextTemplate::kFieldPrefix)) continue;
        const std::string pointer(variable.name.substr(core::TextTemplate::kFieldPrefix.size()));
        if (const TextProblem problem = check_field(pointer))
            table.check(key, fmt::format("{{{}}}: {} {}", variable.name, pointer, *problem));
    }
    for (const std::string& unknown : parsed.unknown_variables()) {
        if (!table.valid(key)) return;
        const std::vector<std::string_view> known(names.names().begin(), names.names().end());
        table.problem(key, fmt::format("{{{}}} is no variable here, must be {}{}", unknown, join_or(known),
                                       suggestion(unknown, known)));
    }
}

void read_subscribe(TableReader& table, SubscribeConfig& subscribe, const VariableNames& names) {
    const VariableNames parts = names.with({"1", "2", "3", "4"});
    read_template(table, "topic", subscribe.topic, parts.with({"topic"}));
    table.text("separator", subscribe.separator);
    if (subscribe.separator.empty()) table.check("separator", "is empty; leave it out for \":\"");
    read_template(table, "text", subscribe.text, parts.with({"topics"}));
    read_template(table, "unsubscribe", subscribe.unsubscribe, parts.with({"topics", "channel_id"}));
    table.integer("group", subscribe.group, 0U, kMaxParts);
    table.integer("topics_per_message", subscribe.topics_per_message, 1U, kMaxTopicsPerMessage);
    table.size("bytes_per_message", subscribe.bytes_per_message, 0, std::uint64_t{1} << 24);
    table.flag("acknowledged", subscribe.acknowledged);
    table.duration("ack_timeout", subscribe.ack_timeout, 100ms, kMaxTimeout);
    table.integer("in_flight", subscribe.in_flight, 1U, kMaxInFlight);
    for (const std::string_view key : {"text", "unsubscribe"}) {
        const std::string& text = key == "text" ? subscribe.text : subscribe.unsubscribe;
        if (!table.valid(key) || text.empty()) continue;
        const bool by_channel_id = key == "unsubscribe" && text.find("{channel_id}") != std::string::npos;
        if (text.find("{topics}") == std::string::npos && !by_channel_id) {
            table.check(key, "names no {topics}: what is it about?");
        }
        const unsigned common = subscribe.topics_per_message > 1 ? subscribe.group : kMaxParts;
        for (unsigned part = common + 1; part <= kMaxParts; ++part) {
            if (text.find(fmt::format("{{{}}}", part)) == std::string::npos) continue;
            table.check(key, fmt::format("{{{}}} may differ between the topics of one message: group must be at least "
                                         "{}, or write it into topic",
                                         part, part));
        }
    }
    if (subscribe.text.empty()) table.check("text", "is empty; leave it out for the topics alone");
    if (subscribe.group == 0 || subscribe.topics_per_message > 1 || !table.usable("group")) return table.finish();
    table.check("group", "has no meaning with one topic per message; remove it");
    table.finish();
}

void read_limits(TableReader& table, LimitsConfig& limits) {
    table.size("topic_bytes_per_socket", limits.topic_bytes_per_socket, 0, std::uint64_t{1} << 30);
    read_rate(table, "messages", limits.messages);
    read_rate(table, "requests", limits.requests);
    table.flag("pings_count", limits.pings_count);
    read_rate(table, "connections", limits.connections);
    if (never_holds(limits.requests, limits.messages) && table.usable("messages")) {
        table.check("requests", "allows more than messages does, which requests are; lower it or remove it");
    }
    if (limits.pings_count && limits.messages.count == 0 && table.usable("messages")) {
        table.check("pings_count", "has no meaning without messages; set it or remove this");
    }
    table.finish();
}

void read_heartbeat(TableReader& table, HeartbeatConfig& heartbeat, const VariableNames& names) {
    read_template(table, "text", heartbeat.text, names);
    table.duration("interval", heartbeat.interval, 100ms, kDay);
    table.duration("timeout", heartbeat.timeout, 100ms, kDay, TableReader::Zero::Allowed);
    table.duration("silence", heartbeat.silence, 100ms, kDay, TableReader::Zero::Allowed);
    if (heartbeat.timeout >= heartbeat.interval && table.usable("timeout") && table.usable("interval")) {
        table.problem(table.has("timeout") ? "timeout" : "interval",
                      "timeout must be less than interval: one heartbeat is outstanding at a time");
    }
    for (const std::string_view key : {"interval", "timeout"}) {
        if (heartbeat.text.empty() && table.usable("text")) {
            table.check(key, "has no meaning without text; set it or remove this");
        }
    }
    table.finish();
}

void read_login(TableReader& table, LoginConfig& login, const VariableNames& names) {
    const VariableNames timed = names.with({"expires_s", "expires_ms"});
    read_signing(table, login, timed);
    read_template(table, "text", login.text, with_signature(timed, login.sign));
    table.duration("expires_in", login.expires_in, 0s, kDay, TableReader::Zero::Allowed);
    table.flag("acknowledged", login.acknowledged);
    table.duration("timeout", login.timeout, 100ms, kMaxTimeout);
    if (login.text.empty()) table.check("sign", "has no meaning without text; set it or remove this");
    table.finish();
}

void read_prepare(TableReader& table, PrepareConfig& prepare, const VariableNames& names) {
    read_signing(table, prepare, names);
    const VariableNames signed_names = with_signature(names, prepare.sign);
    read_template(table, "url", prepare.url, signed_names);
    if (!prepare.url.empty()) table.check("url", check_webhook_url(SecretText(prepare.url)));
    table.choice("method", prepare.method, TableReader::Names<std::string>{{"GET", "GET"}, {"POST", "POST"}});
    if (auto headers = table.table("headers")) read_prepare_headers(*headers, prepare.headers, signed_names);
    read_template(table, "body", prepare.body, signed_names);
    if (auto extract = table.table("extract")) read_extract(*extract, prepare.extract, names);
    table.duration("timeout", prepare.timeout, 100ms, kMaxTimeout);
    if (!prepare.url.empty() && prepare.extract.empty() && table.usable("extract")) {
        table.check("url", "what for? extract names nothing of the answer");
    }
    if (prepare.url.empty() && table.usable("url")) {
        for (const std::string_view key : {"extract", "body", "sign", "headers"}) {
            if (table.valid(key)) table.problem(key, "has no meaning without url; set it or remove this");
        }
    }
    table.finish();
}

}  // namespace fairlead::config
