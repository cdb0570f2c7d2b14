#include "core/duration_text.hpp"

#include <string_view>

namespace fairlead::core {

namespace {

std::string with_decimals(Duration::rep nanoseconds, Duration::rep unit, std::string_view name) {
    std::string text = std::to_string(nanoseconds / unit);
    // The leading digit of unit + rest keeps the zeros in front of the rest and is cut off again.
    std::string decimals = std::to_string(unit + nanoseconds % unit).substr(1, 3);
    while (!decimals.empty() && decimals.back() == '0')
        decimals.pop_back();
    if (!decimals.empty()) text += '.' + decimals;
    text += name;
    return text;
}

}  // namespace

std::string duration_text(Duration duration) {
    const Duration::rep count = duration.count();
    if (count <= 0) return "0s";
    if (count >= 1'000'000'000) return with_decimals(count, 1'000'000'000, "s");
    if (count >= 1'000'000) return with_decimals(count, 1'000'000, "ms");
    if (count >= 1'000) return with_decimals(count, 1'000, "us");
    return with_decimals(count, 1, "ns");
}

}  // namespace fairlead::core
