#include "core/backoff.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

constexpr double kMiddle = 0.5;  // no jitter
constexpr double kHighest = 0.9999999;

BackoffSettings settings() {
    BackoffSettings settings;
    settings.initial_delay = 1s;
    settings.max_delay = 10s;
    settings.multiplier = 2.0;
    settings.jitter_factor = 0.1;
    return settings;
}

TEST_CASE("the delay grows by the multiplier up to max_delay and stays there") {
    Backoff backoff(settings());
    for (const Duration expected : std::vector<Duration>{1s, 2s, 4s, 8s, 10s, 10s, 10s}) {
        CHECK(backoff.next(kMiddle) == expected);
    }
}

TEST_CASE("a multiplier that is not an integer keeps fractions of a second") {
    BackoffSettings fractional = settings();
    fractional.initial_delay = 500ms;
    fractional.multiplier = 1.5;
    Backoff backoff(fractional);
    for (const Duration expected : std::vector<Duration>{500ms, 750ms, 1125ms, 1687500us, 2531250us}) {
        CHECK(backoff.next(kMiddle) == expected);
    }
}

TEST_CASE("a multiplier of 1 does not grow") {
    BackoffSettings constant = settings();
    constant.multiplier = 1.0;
    Backoff backoff(constant);
    for (int i = 0; i < 5; ++i)
        CHECK(backoff.next(kMiddle) == 1s);
}

TEST_CASE("jitter spreads the delay over its factor to both sides") {
    Backoff lowest(settings());
    Backoff highest(settings());
    CHECK(lowest.next(0.0) == 900ms);
    CHECK(lowest.next(0.0) == 1800ms);
    CHECK(highest.next(kHighest) > 1099ms);
    CHECK(highest.next(kHighest) <= 2200ms);
}

TEST_CASE("jitter is kept at the cap") {
    Backoff backoff(settings());
    for (int i = 0; i < 6; ++i)
        backoff.next(kMiddle);
    CHECK(backoff.next(0.0) == 9s);
    CHECK(backoff.next(kHighest) > 10999ms);
    CHECK(backoff.next(kHighest) <= 11s);
}

TEST_CASE("jitter does not add up: growth follows the delay without it") {
    Backoff backoff(settings());
    backoff.next(0.0);
    backoff.next(kHighest);
    CHECK(backoff.next(kMiddle) == 4s);
}

TEST_CASE("full jitter reaches from nothing to the double and is never negative") {
    BackoffSettings full = settings();
    full.jitter_factor = 1.0;
    Backoff backoff(full);
    CHECK(backoff.next(0.0) == 0s);
    CHECK(backoff.next(kHighest) > 3999ms);
    CHECK(backoff.next(kMiddle) == 4s);
}

TEST_CASE("without jitter chance does not matter") {
    BackoffSettings exact = settings();
    exact.jitter_factor = 0.0;
    Backoff backoff(exact);
    CHECK(backoff.next(0.0) == 1s);
    CHECK(backoff.next(kHighest) == 2s);
}

TEST_CASE("reset begins anew at initial_delay") {
    Backoff backoff(settings());
    for (int i = 0; i < 20; ++i)
        backoff.next(kMiddle);
    backoff.reset();
    CHECK(backoff.next(kMiddle) == 1s);
    CHECK(backoff.next(kMiddle) == 2s);
}

TEST_CASE("an initial_delay above max_delay is capped at once") {
    BackoffSettings crossed = settings();
    crossed.initial_delay = 1min;
    Backoff backoff(crossed);
    CHECK(backoff.next(kMiddle) == 10s);
    CHECK(backoff.next(kMiddle) == 10s);
}

TEST_CASE("changed settings keep the growth reached so far, under the new cap") {
    Backoff backoff(settings());
    for (int i = 0; i < 3; ++i)
        backoff.next(kMiddle);
    BackoffSettings changed = settings();
    changed.initial_delay = 500ms;
    SUBCASE("a higher cap") {
        changed.max_delay = 1min;
        backoff.configure(changed);
        CHECK(backoff.next(kMiddle) == 8s);
        CHECK(backoff.next(kMiddle) == 16s);
    }
    SUBCASE("a lower cap") {
        changed.max_delay = 3s;
        backoff.configure(changed);
        CHECK(backoff.next(kMiddle) == 3s);
        CHECK(backoff.next(kMiddle) == 3s);
    }
    SUBCASE("an initial delay above the growth") {
        changed.initial_delay = 9s;
        backoff.configure(changed);
        CHECK(backoff.next(kMiddle) == 9s);
    }
    SUBCASE("the new initial delay applies after a reset") {
        backoff.configure(changed);
        backoff.reset();
        CHECK(backoff.next(kMiddle) == 500ms);
    }
}

TEST_CASE("changed settings begin at the new initial_delay when nothing has grown") {
    Backoff backoff(settings());
    BackoffSettings changed = settings();
    changed.initial_delay = 250ms;
    backoff.configure(changed);
    CHECK(backoff.next(kMiddle) == 250ms);
    CHECK(backoff.next(kMiddle) == 500ms);
}

TEST_CASE("10,000 steps stay within the cap and its jitter") {
    Backoff backoff(settings());
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> chance(0.0, 1.0);
    for (int i = 0; i < 10'000; ++i) {
        const Duration delay = backoff.next(chance(random));
        REQUIRE(delay >= 900ms);
        REQUIRE(delay <= 11s);
    }
    CHECK(backoff.next(kMiddle) == 10s);
}

TEST_CASE("settings at the end of their ranges overflow nothing in 10,000 steps") {
    BackoffSettings huge = settings();
    huge.max_delay = Duration::max();
    huge.jitter_factor = 1.0;
    SUBCASE("a usual multiplier") {}
    SUBCASE("a multiplier as large as a number can be") {
        huge.multiplier = 1e308;
    }
    SUBCASE("an initial delay as long as a duration can be") {
        huge.initial_delay = Duration::max();
    }
    Backoff backoff(huge);
    Duration previous{0};
    for (int i = 0; i < 10'000; ++i) {
        const Duration delay = backoff.next(kMiddle);
        REQUIRE(delay >= previous);
        previous = delay;
    }
    CHECK(backoff.next(kHighest) == Duration::max());
    CHECK(backoff.next(0.0) == 0s);
}

}  // namespace
