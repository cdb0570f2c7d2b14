#include "core/rate_limit.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using fairlead::core::RateLimit;
using fairlead::core::SteadyTime;

TEST_CASE("a burst at once, then the rate") {
    SteadyTime now{1h};
    RateLimit limit(10, 5, now);
    for (int i = 0; i < 5; ++i)
        CHECK(limit.allow(now));
    CHECK_FALSE(limit.allow(now));
    now += 100ms;
    CHECK(limit.allow(now));
    CHECK_FALSE(limit.allow(now));
}

TEST_CASE("rest fills it up to the burst, no further") {
    SteadyTime now{1h};
    RateLimit limit(10, 3, now);
    CHECK(limit.full(now));
    CHECK(limit.allow(now));
    CHECK_FALSE(limit.full(now));
    now += 1h;
    CHECK(limit.full(now));
    int allowed = 0;
    while (limit.allow(now))
        ++allowed;
    CHECK(allowed == 3);
}
