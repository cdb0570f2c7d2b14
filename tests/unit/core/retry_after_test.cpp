#include "core/retry_after.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

// The date of the RFC's own example.
constexpr WallTime kDate = std::chrono::sys_days{std::chrono::year{1994} / 11 / 6} + 8h + 49min + 37s;

TEST_CASE("seconds are a duration, whatever the time is") {
    CHECK(parse_retry_after("0", kDate) == 0s);
    CHECK(parse_retry_after("120", kDate) == 120s);
    CHECK(parse_retry_after("120", WallTime::max()) == 120s);
    CHECK(parse_retry_after("007", kDate) == 7s);
    CHECK(parse_retry_after(" \t30 ", kDate) == 30s);
}

TEST_CASE("more than a day is a day") {
    CHECK(parse_retry_after("86400", kDate) == 24h);
    CHECK(parse_retry_after("86401", kDate) == 24h);
    CHECK(parse_retry_after("18446744073709551617", kDate) == 24h);
    CHECK(parse_retry_after(std::string(10'000, '9'), kDate) == 24h);
    CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", kDate) == 24h);
    CHECK(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", WallTime::min()) == 24h);
}

TEST_CASE("a date is the time that is left until then") {
    const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
    CHECK(parse_retry_after(date, kDate) == 0s);
    CHECK(parse_retry_after(date, kDate - 90s) == 90s);
    CHECK(parse_retry_after(date, kDate - 24h) == 24h);
    CHECK(parse_retry_after(date, kDate - 48h) == 24h);
}

TEST_CASE("parts of a second are waited for, never cut off") {
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kDate - 1500ms) == 2s);
}

TEST_CASE("a date that is past asks for nothing") {
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kDate + 1h) == 0s);
    CHECK(parse_retry_after("Sat, 01 Jan 0000 00:00:00 GMT", kDate) == 0s);
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", WallTime::max()) == 0s);
}

TEST_CASE("leap days and leap seconds exist") {
    constexpr WallTime kLeapDay = std::chrono::sys_days{std::chrono::year{2024} / 2 / 29};
    CHECK(parse_retry_after("Thu, 29 Feb 2024 00:00:10 GMT", kLeapDay) == 10s);
    CHECK(parse_retry_after("Thu, 29 Feb 2024 00:00:60 GMT", kLeapDay) == 60s);
    CHECK_FALSE(parse_retry_after("Wed, 29 Feb 2023 00:00:10 GMT", kLeapDay).has_value());
}

TEST_CASE("what is neither seconds nor such a date is nothing") {
    for (const std::string_view garbage : {"",
                                           " ",
                                           "-1",
                                           "+1",
                                           "1.5",
                                           "1e3",
                                           "0x10",
                                           "1 2",
                                           "12s",
                                           "soon",
                                           "\x31\xff",
                                           "Sun, 06 Nov 1994 08:49:37",        // no zone
                                           "Sun, 06 Nov 1994 08:49:37 UTC",    // another zone
                                           "Sun, 06 Nov 1994 08:49:37 gmt",    // case
                                           "Sun, 06 Nov 1994 08:49:37 GMT x",  // more
                                           "Sun, 6 Nov 1994 08:49:37 GMT",     // one digit
                                           "Mon, 06 Nov 1994 08:49:37 GMT",    // was a Sunday
                                           "Xyz, 06 Nov 1994 08:49:37 GMT",
                                           "Sun, 06 Abc 1994 08:49:37 GMT",
                                           "Sun, 00 Nov 1994 08:49:37 GMT",
                                           "Thu, 31 Nov 1994 08:49:37 GMT",
                                           "Sun, 06 Nov 1994 24:00:00 GMT",
                                           "Sun, 06 Nov 1994 08:60:37 GMT",
                                           "Sun, 06 Nov 1994 08:49:61 GMT",
                                           "Sun, 06 Nov 1994 08-49-37 GMT",
                                           "Sun, 06 Nov -994 08:49:37 GMT",
                                           "Sunday, 06-Nov-94 08:49:37 GMT",  // obsolete forms
                                           "Sun Nov  6 08:49:37 1994"}) {
        CAPTURE(garbage);
        CHECK_FALSE(parse_retry_after(garbage, kDate).has_value());
    }
}

TEST_CASE("a damaged date never gives a value outside of the bounds") {
    std::mt19937_64 random(3);
    for (int i = 0; i < 20'000; ++i) {
        std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
        const std::size_t changes = random() % 3;
        for (std::size_t change = 0; change < changes; ++change) {
            date[random() % date.size()] = static_cast<char>(random());
        }
        const std::optional<Duration> wait = parse_retry_after(date, kDate - 1h);
        REQUIRE((!wait || (*wait >= 0s && *wait <= kMaxRetryAfter)));
        if (changes == 0) REQUIRE(wait == 1h);
    }
}

}  // namespace
