#include "core/quarantine.hpp"

#include <doctest/doctest.h>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

constexpr SteadyTime kNow{1000s};

TEST_CASE("each refusal in a row doubles the interval, up to the longest") {
    Quarantine quarantine;
    CHECK_FALSE(quarantine.is_suspect());
    const QuarantineSettings settings{1min, 5min};
    CHECK(quarantine.refuse(settings, kNow) == kNow + 1min);
    CHECK(quarantine.is_suspect());
    CHECK(quarantine.refuse(settings, kNow) == kNow + 2min);
    CHECK(quarantine.refuse(settings, kNow) == kNow + 4min);
    for (int i = 0; i < 1000; ++i)
        CHECK(quarantine.refuse(settings, kNow) == kNow + 5min);
    CHECK(quarantine.refusals() == 1003);
}

TEST_CASE("after an acceptance the next refusal is the first") {
    Quarantine quarantine;
    const QuarantineSettings settings{1min, 1h};
    quarantine.refuse(settings, kNow);
    quarantine.refuse(settings, kNow);
    quarantine.forgive();
    CHECK_FALSE(quarantine.is_suspect());
    CHECK(quarantine.refuse(settings, kNow) == kNow + 1min);
}

TEST_CASE("settings at their extremes neither overflow nor stall") {
    Quarantine quarantine;
    CHECK(quarantine.refuse({Duration::max(), Duration::max()}, kNow) == SteadyTime::max());
    CHECK(quarantine.refuse({10s, 1s}, kNow) == kNow + 10s);  // a longest interval below the first is the first
}

}  // namespace
