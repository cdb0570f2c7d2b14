#include "config/units.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace fairlead::config;
using namespace std::chrono_literals;
using fairlead::core::Duration;

TEST_CASE("durations are whole numbers with units, larger ones first") {
    CHECK(parse_duration("1s") == Duration{1s});
    CHECK(parse_duration("500ms") == Duration{500ms});
    CHECK(parse_duration("1m") == Duration{1min});
    CHECK(parse_duration("1h30m") == Duration{90min});
    CHECK(parse_duration("2d") == Duration{48h});
    CHECK(parse_duration("100us") == Duration{100us});
    CHECK(parse_duration("7ns") == Duration{7ns});
    CHECK(parse_duration("0s") == Duration{0});
    CHECK(parse_duration("90s") == Duration{90s});
    CHECK(parse_duration("1d2h3m4s5ms6us7ns") == Duration{26h + 3min + 4s + 5ms + 6us + 7ns});
    for (const char* bad : {"", "1", "s", "1 s", " 1s", "1s ", "-1s", "+1s", "1.5s", "1S", "1sec", "1s1h", "1s1s",
                            "1h30", "99999999999999999999s", "106752d", "9223372036s1000ms", "1m1", "0x1s"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_duration(bad).has_value());
    }
}

TEST_CASE("the longest duration is accepted, one nanosecond more is not") {
    CHECK(parse_duration("9223372036854775807ns") == Duration::max());
    CHECK_FALSE(parse_duration("9223372036854775808ns").has_value());
    CHECK_FALSE(parse_duration("9223372036s854775808ns").has_value());
}

TEST_CASE("sizes are whole numbers with a unit") {
    CHECK(parse_size("0B") == 0U);
    CHECK(parse_size("512B") == 512U);
    CHECK(parse_size("16KB") == 16000U);
    CHECK(parse_size("16KiB") == 16384U);
    CHECK(parse_size("2MB") == 2000000U);
    CHECK(parse_size("64MiB") == std::uint64_t{64} << 20);
    CHECK(parse_size("1GB") == 1000000000U);
    CHECK(parse_size("1GiB") == std::uint64_t{1} << 30);
    for (const char* bad : {"", "1", "B", "1 KB", "1kb", "1mib", "-1B", "1.5MB", "1MiB1KiB", "1TiB", "9999999999GiB"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_size(bad).has_value());
    }
}

TEST_CASE("what is formatted parses to the same value") {
    CHECK(format_duration(Duration{0}) == "0s");
    CHECK(format_duration(90min) == "1h30m");
    CHECK(format_duration(1500ms) == "1s500ms");
    CHECK(format_size(0) == "0B");
    CHECK(format_size(std::uint64_t{64} << 20) == "64MiB");
    CHECK(format_size(16000) == "16KB");
    CHECK(format_size(1023) == "1023B");
    std::uint64_t value = 1;
    for (int i = 0; i < 62; ++i) {
        value = value * 2 + static_cast<std::uint64_t>(i % 2);
        const Duration duration{static_cast<Duration::rep>(value)};
        CHECK(parse_duration(format_duration(duration)) == duration);
        CHECK(parse_size(format_size(value)) == value);
    }
}
