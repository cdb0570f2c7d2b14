#include "core/retry_after.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace fairlead::core {

namespace {

using std::chrono::seconds;

constexpr std::array<std::string_view, 7> kDayNames = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonthNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Of digits alone; stops growing where the result is beyond every bound used here.
unsigned number(std::string_view digits) {
    constexpr unsigned kEnough = 100'000'000;
    unsigned value = 0;
    for (const char digit : digits) {
        value = value * 10 + static_cast<unsigned>(digit - '0');
        if (value >= kEnough) return kEnough;
    }
    return value;
}

template <std::size_t size>
std::optional<unsigned> position_of(const std::array<std::string_view, size>& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<unsigned>(found - names.begin());
}

// Whether `text` has the form of "Sun, 06 Nov 1994 08:49:37 GMT", letters aside.
bool has_date_form(std::string_view text) {
    constexpr std::string_view kForm = "???, 00 ??? 0000 00:00:00 GMT";
    if (text.size() != kForm.size()) return false;
    for (std::size_t i = 0; i < kForm.size(); ++i) {
        if (kForm[i] == '?') continue;
        if (kForm[i] == '0' ? !is_digit(text[i]) : text[i] != kForm[i]) return false;
    }
    return true;
}

std::optional<std::chrono::sys_seconds> parse_date(std::string_view text) {
    if (!has_date_form(text)) return std::nullopt;
    const std::optional<unsigned> weekday = position_of(kDayNames, text.substr(0, 3));
    const std::optional<unsigned> month = position_of(kMonthNames, text.substr(8, 3));
    if (!weekday || !month) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(number(text.substr(12, 4)))},
                                           std::chrono::month{*month + 1}, std::chrono::day{number(text.substr(5, 2))}};
    if (!date.ok()) return std::nullopt;
    const std::chrono::sys_days day{date};
    if (std::chrono::weekday{day} != std::chrono::weekday{*weekday}) return std::nullopt;
    const unsigned hour = number(text.substr(17, 2));
    const unsigned minute = number(text.substr(20, 2));
    const unsigned second = number(text.substr(23, 2));
    // 60 is a leap second.
    if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
    return day + std::chrono::hours{hour} + std::chrono::minutes{minute} + seconds{second};
}

}  // namespace

std::optional<Duration> parse_retry_after(std::string_view value, WallTime now) {
    constexpr seconds kLongest = std::chrono::duration_cast<seconds>(kMaxRetryAfter);
    const std::string_view text = trimmed(value);
    if (all_digits(text)) return std::min(seconds{number(text)}, kLongest);
    const std::optional<std::chrono::sys_seconds> date = parse_date(text);
    if (!date) return std::nullopt;
    // In seconds, because nanoseconds cannot count to every year that the form allows.
    const seconds left = *date - std::chrono::floor<seconds>(now);
    return std::clamp(left, seconds{0}, kLongest);
}

}  // namespace fairlead::core
