#include "simulator/parse_duration.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace fairlead::simulator {
namespace {

struct Unit {
    std::string_view name;
    core::Duration size;
};

constexpr std::array<Unit, 6> kUnits = {{
    {"d", std::chrono::hours{24}},
    {"h", std::chrono::hours{1}},
    {"m", std::chrono::minutes{1}},
    {"s", std::chrono::seconds{1}},
    {"ms", std::chrono::milliseconds{1}},
    {"us", std::chrono::microseconds{1}},
}};
constexpr core::Duration kLongest = std::chrono::hours{24 * 366};

}  // namespace

std::optional<core::Duration> parse_duration(std::string_view text) {
    if (text.empty()) return std::nullopt;
    core::Duration total{0};
    while (!text.empty()) {
        std::uint32_t count = 0;
        const std::from_chars_result number = std::from_chars(text.data(), text.data() + text.size(), count);
        if (number.ec != std::errc{}) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(number.ptr - text.data()));
        const std::string_view name = text.substr(0, std::min(text.find_first_of("0123456789"), text.size()));
        const auto* unit = std::ranges::find(kUnits, name, &Unit::name);
        if (unit == kUnits.end() || count > (kLongest - total) / unit->size) return std::nullopt;
        total += unit->size * count;
        text.remove_prefix(name.size());
    }
    return total;
}

}  // namespace fairlead::simulator
