#include "text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace fairlead::ctl {
namespace {

std::string short_name(const std::string& name, std::string_view prefix, int number) {
    if (name.empty()) return std::to_string(number);
    std::string rest = name.substr(prefix.size());
    std::transform(rest.begin(), rest.end(), rest.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return rest == "unspecified" ? "-" : rest;
}

std::tm utc(std::uint64_t ns) {
    const auto seconds = static_cast<std::time_t>(ns / 1'000'000'000);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    return parts;
}

// How many bytes of a well-formed UTF-8 character stand at the beginning of `text`; 0 = none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const std::size_t length = first < 0x80                     ? 1
                               : first >= 0xc2 && first < 0xe0  ? 2
                               : (first & 0xf0) == 0xe0         ? 3
                               : first >= 0xf0 && first <= 0xf4 ? 4
                                                                : 0;
    if (length == 0 || length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    const bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
    const bool outside = (first == 0xed && byte(1) >= 0xa0) || (first == 0xf4 && byte(1) >= 0x90);
    const bool control = first == 0xc2 && byte(1) < 0xa0;
    return overlong || outside || control ? 0 : length;
}

std::string escaped(unsigned char byte) {
    switch (byte) {
        case '\n':
            return "\\n";
        case '\r':
            return "\\r";
        case '\t':
            return "\\t";
        case '\\':
            return "\\\\";
        default:
            return fmt::format("\\x{:02x}", byte);
    }
}

}  // namespace

std::string connection_state(v1::ConnectionState state) {
    return short_name(v1::ConnectionState_Name(state), "CONNECTION_STATE_", state);
}
std::string cause(v1::Cause cause) {
    return short_name(v1::Cause_Name(cause), "CAUSE_", cause);
}
std::string liveness(v1::Liveness liveness) {
    return short_name(v1::Liveness_Name(liveness), "LIVENESS_", liveness);
}
std::string subscription_state(v1::SubscriptionState state) {
    return short_name(v1::SubscriptionState_Name(state), "SUBSCRIPTION_STATE_", state);
}
std::string code(v1::Code code) {
    return short_name(v1::Code_Name(code), "CODE_", code);
}

std::string gap_cause(v1::GapCause cause) {
    return short_name(v1::GapCause_Name(cause), "GAP_CAUSE_", cause);
}

std::string alert_level(v1::AlertLevel level) {
    return short_name(v1::AlertLevel_Name(level), "ALERT_LEVEL_", level);
}

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : text;
}

std::uint64_t gaps_of(const v1::ConnectionStatus& connection) {
    std::uint64_t gaps = 0;
    for (const auto& entry : connection.gaps_by_cause())
        gaps += entry.second;
    return gaps;
}

std::string reason(const v1::Gap& gap) {
    return gap.detail().empty() ? cause(gap.reason()) : cause(gap.reason()) + ": " + gap.detail();
}

std::string gap_text(const v1::Gap& gap) {
    const std::string how_many = gap.count() == 0 ? "" : fmt::format("; {} messages", gap.count());
    if (gap.cause() == v1::GAP_CAUSE_UPSTREAM)
        return fmt::format("gap: the connection to the venue was away from {} to {} ({}){}", clock_time(gap.from_ns()),
                           clock_time(gap.to_ns()), reason(gap), how_many);
    return fmt::format("gap: {} ({}){}", gap_cause(gap.cause()), reason(gap), how_many);
}

std::string clock_time(std::uint64_t ns) {
    if (ns == 0) return "-";
    return fmt::format("{:%H:%M:%S}.{:06}", utc(ns), ns / 1000 % 1'000'000);
}

std::string date_time(std::uint64_t ns) {
    if (ns == 0) return "-";
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", utc(ns));
}

std::string duration_ms(std::uint64_t ms) {
    const std::uint64_t seconds = ms / 1000;
    if (ms < 1000) return fmt::format("{}ms", ms);
    if (seconds < 60) return fmt::format("{}.{}s", seconds, ms % 1000 / 100);
    if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
    if (seconds < 86400) return fmt::format("{}h{:02}m", seconds / 3600, seconds % 3600 / 60);
    return fmt::format("{}d{:02}h", seconds / 86400, seconds % 86400 / 3600);
}

std::string printable(std::string_view payload, bool binary, std::size_t max_bytes) {
    std::string line;
    const std::size_t wanted = binary ? max_bytes / 2 : max_bytes;
    std::size_t at = 0;
    while (at < payload.size() && at < wanted) {
        const auto byte = static_cast<unsigned char>(payload[at]);
        const std::size_t length = utf8_length(payload.substr(at));
        if (binary) {
            line += fmt::format("{:02x}", byte);
            ++at;
        } else if (length == 0 || byte < 0x20 || byte == 0x7f || byte == '\\') {
            line += escaped(byte);
            ++at;
        } else {
            line += payload.substr(at, length);
            at += length;
        }
    }
    return at < payload.size() ? line + "..." : line;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            const bool is_last = i + 1 == row.size();
            text += is_last ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
        }
        text += '\n';
    }
    return text;
}

}  // namespace fairlead::ctl
