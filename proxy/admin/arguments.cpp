#include "admin/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

namespace fairlead::admin {
namespace {

namespace chrono = std::chrono;

// What 64 bits of nanoseconds since the Unix epoch can tell.
constexpr chrono::year_month_day kFirstDay{chrono::year{1970}, chrono::January, chrono::day{1}};
constexpr chrono::year_month_day kLastDay{chrono::year{2553}, chrono::December, chrono::day{31}};

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{} || end != text.data() + text.size() || text.empty() || text.front() == '-') return {};
    return number;
}

// Takes `count` digits and then `separator` off the front.
std::optional<unsigned> take(std::string_view& text, std::size_t count, std::string_view separators) {
    const auto number = parse_number<unsigned>(text.substr(0, std::min(count, text.size())));
    if (!number || text.size() <= count || separators.find(text[count]) == std::string_view::npos) return {};
    text.remove_prefix(count + 1);
    return number;
}

// The nanoseconds of ".25" behind the seconds.
std::optional<std::uint64_t> parse_fraction(std::string_view digits) {
    constexpr std::size_t kDigits = 9;
    if (digits.empty() || digits.size() > kDigits) return {};
    std::string padded(digits);
    padded.resize(kDigits, '0');
    return parse_number<std::uint64_t>(padded);
}

}  // namespace

std::optional<std::string> decode_query_text(std::string_view text) {
    std::string decoded;
    while (!text.empty()) {
        if (text.front() != '%') {
            decoded += text.front() == '+' ? ' ' : text.front();
            text.remove_prefix(1);
            continue;
        }
        const auto byte = text.size() >= 3 ? parse_number<unsigned>(text.substr(1, 2), 16) : std::nullopt;
        if (!byte) return {};
        decoded += static_cast<char>(*byte);
        text.remove_prefix(3);
    }
    return decoded;
}

std::optional<std::uint64_t> parse_rfc3339(std::string_view text) {
    if (!text.ends_with('Z') && !text.ends_with('z')) return {};
    const auto year_number = take(text, 4, "-");
    const auto month_number = take(text, 2, "-");
    const auto day_number = take(text, 2, "Tt");
    const auto hour = take(text, 2, ":");
    const auto minute = take(text, 2, ":");
    const auto second = take(text, 2, ".Zz");
    if (!year_number || !month_number || !day_number || !hour || !minute || !second) return {};
    if (*hour > 23 || *minute > 59 || *second > 59) return {};
    const chrono::year_month_day date{chrono::year{static_cast<int>(*year_number)}, chrono::month{*month_number},
                                      chrono::day{*day_number}};
    if (!date.ok() || date < kFirstDay) return {};
    if (date > kLastDay) return {};
    std::uint64_t fraction = 0;
    if (!text.empty()) {
        const auto parsed = parse_fraction(text.substr(0, text.size() - 1));
        if (!parsed) return {};
        fraction = *parsed;
    }
    const auto whole = chrono::sys_days{date}.time_since_epoch() + chrono::hours{*hour} + chrono::minutes{*minute} +
                       chrono::seconds{*second};
    return static_cast<std::uint64_t>(chrono::duration_cast<chrono::seconds>(whole).count()) * 1'000'000'000 + fraction;
}

Arguments::Arguments(std::string name, std::string_view query, std::string_view body) : name_(std::move(name)) {
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const auto key = decode_query_text(pair.substr(0, equals));
        const auto value = decode_query_text(pair.substr(std::min(equals + 1, pair.size())));
        if (!key || !value)
            complain("the query is not well-formed");
        else if (!query_.emplace(*key, *value).second)
            complain(fmt::format("`{}` is there twice", *key));
    }
    if (body.empty()) return;
    body_ = Json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (body_.is_object()) return;
    body_ = Json::object();
    complain("the body is not a JSON object");
}

void Arguments::complain(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
}

std::string Arguments::problem() const {
    if (!problem_.empty()) return problem_;
    for (const auto& [key, value] : query_)
        if (!known_.contains(key)) return fmt::format("`{}` is not known here", key);
    for (const auto& [key, value] : body_.items())
        if (!known_in_body_.contains(key)) return fmt::format("`{}` is not known in this body", key);
    return {};
}

const std::string* Arguments::value_of(const std::string& key) {
    known_.insert(key);
    const auto found = query_.find(key);
    return found == query_.end() ? nullptr : &found->second;
}

std::string Arguments::text(const std::string& key) {
    const auto* value = value_of(key);
    return value ? *value : std::string();
}

bool Arguments::flag(const std::string& key) {
    const auto* value = value_of(key);
    if (!value) return false;
    if (value->empty() || *value == "true" || *value == "1") return true;
    if (*value != "false" && *value != "0") complain(fmt::format("`{}` must be true or false", key));
    return false;
}

std::uint32_t Arguments::number(const std::string& key) {
    const auto* value = value_of(key);
    if (!value) return 0;
    const auto number = parse_number<std::uint32_t>(*value);
    if (!number) complain(fmt::format("`{}` must be a whole number", key));
    return number.value_or(0);
}

std::uint64_t Arguments::time_ns(const std::string& key) {
    const auto* value = value_of(key);
    if (!value) return 0;
    const auto time = parse_rfc3339(*value);
    if (!time) complain(fmt::format("`{}` must be a time such as 2026-07-01T12:00:00Z", key));
    return time.value_or(0);
}

v1::AlertLevel Arguments::parse_level(const std::string& key, const std::string& text) {
    static constexpr std::array<std::pair<std::string_view, v1::AlertLevel>, 3> kLevels = {
        {{"info", v1::ALERT_LEVEL_INFO}, {"warning", v1::ALERT_LEVEL_WARNING}, {"critical", v1::ALERT_LEVEL_CRITICAL}}};
    for (const auto& [name, level] : kLevels)
        if (text == name) return level;
    complain(fmt::format("`{}` must be info, warning or critical", key));
    return v1::ALERT_LEVEL_UNSPECIFIED;
}

v1::AlertLevel Arguments::level(const std::string& key) {
    const auto* value = value_of(key);
    return value ? parse_level(key, *value) : v1::ALERT_LEVEL_UNSPECIFIED;
}

const Json* Arguments::member(const std::string& key) {
    known_in_body_.insert(key);
    const auto found = body_.find(key);
    return found == body_.end() ? nullptr : &*found;
}

std::optional<bool> Arguments::body_flag(const std::string& key) {
    const Json* value = member(key);
    if (!value) return {};
    if (value->is_boolean()) return value->get<bool>();
    complain(fmt::format("`{}` must be true or false", key));
    return {};
}

std::optional<std::string> Arguments::body_text(const std::string& key) {
    const Json* value = member(key);
    if (!value) return {};
    if (value->is_string()) return value->get<std::string>();
    complain(fmt::format("`{}` must be a text", key));
    return {};
}

std::optional<v1::AlertLevel> Arguments::body_level(const std::string& key) {
    const auto text = body_text(key);
    if (!text) return {};
    return parse_level(key, *text);
}

void Arguments::require_in_body(const std::string& key) {
    if (!member(key)) complain(fmt::format("the body needs `{}`", key));
}

}  // namespace fairlead::admin
