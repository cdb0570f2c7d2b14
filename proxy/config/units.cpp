#include "config/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace fairlead::config {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::uint64_t kSecond = 1'000'000'000;

constexpr std::array<Unit, 7> kDurationUnits = {{{"d", 86400 * kSecond},
                                                 {"h", 3600 * kSecond},
                                                 {"m", 60 * kSecond},
                                                 {"s", kSecond},
                                                 {"ms", 1'000'000},
                                                 {"us", 1000},
                                                 {"ns", 1}}};

// In the order in which format_size() tries them.
constexpr std::array<Unit, 7> kSizeUnits = {{{"GiB", std::uint64_t{1} << 30},
                                             {"MiB", std::uint64_t{1} << 20},
                                             {"KiB", std::uint64_t{1} << 10},
                                             {"GB", 1'000'000'000},
                                             {"MB", 1'000'000},
                                             {"KB", 1000},
                                             {"B", 1}}};

struct Amount {
    std::uint64_t value = 0;  // in the smallest unit
    std::size_t unit = 0;     // index
    std::string_view rest;
};

// The number and unit at the front of `text`.
template <std::size_t N>
std::optional<Amount> take_amount(std::string_view text, const std::array<Unit, N>& units) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [unit_begin, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{}) return {};
    std::string_view rest(unit_begin, static_cast<std::size_t>(end - unit_begin));
    const std::size_t length = std::min(rest.find_first_of("0123456789"), rest.size());
    for (std::size_t i = 0; i < N; ++i) {
        if (units[i].name != rest.substr(0, length)) continue;
        const auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        if (number > limit / units[i].factor) return {};
        return Amount{number * units[i].factor, i, rest.substr(length)};
    }
    return {};
}

}  // namespace

std::optional<core::Duration> parse_duration(std::string_view text) {
    std::uint64_t total = 0;
    std::size_t next_unit = 0;
    do {
        const std::optional<Amount> amount = take_amount(text, kDurationUnits);
        if (!amount || amount->unit < next_unit) return {};
        total += amount->value;  // of two numbers below 2^63
        if (total > static_cast<std::uint64_t>(core::Duration::max().count())) return {};
        next_unit = amount->unit + 1;
        text = amount->rest;
    } while (!text.empty());
    return core::Duration{static_cast<core::Duration::rep>(total)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    const std::optional<Amount> amount = take_amount(text, kSizeUnits);
    if (!amount || !amount->rest.empty()) return {};
    return amount->value;
}

std::string format_duration(core::Duration duration) {
    auto rest = static_cast<std::uint64_t>(duration.count());
    if (rest == 0) return "0s";
    std::string result;
    for (const Unit& unit : kDurationUnits) {
        if (rest >= unit.factor) result += std::to_string(rest / unit.factor) + std::string(unit.name);
        rest %= unit.factor;
    }
    return result;
}

std::string format_size(std::uint64_t bytes) {
    for (const Unit& unit : kSizeUnits) {
        if (bytes >= unit.factor && bytes % unit.factor == 0) {
            return std::to_string(bytes / unit.factor) + std::string(unit.name);
        }
    }
    return "0B";
}

}  // namespace fairlead::config
