#include "core/failover.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <random>
#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

constexpr SteadyTime kBegin{1000s};

FailoverSettings three(EndpointOrder order = EndpointOrder::Priority, std::size_t preferred = 0) {
    FailoverSettings settings;
    settings.endpoints = 3;
    settings.order = order;
    settings.max_consecutive_failures = 2;
    settings.fail_back_after = 5min;
    settings.preferred = preferred;
    return settings;
}

std::vector<std::size_t> failing_attempts(Failover& failover, int count) {
    std::vector<std::size_t> attempts;
    for (int i = 0; i < count; ++i) {
        attempts.push_back(failover.attempt());
        failover.failed();
    }
    return attempts;
}

// Stable on the endpoint after the preferred one.
Failover on_the_second() {
    Failover failover(three());
    failing_attempts(failover, 2);
    failover.attempt();
    failover.stable(kBegin);
    return failover;
}

using Attempts = std::vector<std::size_t>;

TEST_CASE("with one endpoint every attempt goes to it") {
    Failover failover(FailoverSettings{});
    CHECK(failing_attempts(failover, 12) == Attempts(12, 0));
    failover.attempt();
    failover.stable(kBegin);
    CHECK_FALSE(failover.fail_back_at().has_value());
}

TEST_CASE("by priority each endpoint gets max_consecutive_failures, then the next, and around") {
    Failover first(three());
    CHECK(failing_attempts(first, 8) == Attempts{0, 0, 1, 1, 2, 2, 0, 0});
    Failover last(three(EndpointOrder::Priority, 2));
    CHECK(last.current() == 2);
    CHECK(failing_attempts(last, 6) == Attempts{2, 2, 0, 0, 1, 1});
}

TEST_CASE("round robin goes on with each attempt, whatever becomes of it, and never back") {
    Failover failover(three(EndpointOrder::RoundRobin, 1));
    CHECK(failing_attempts(failover, 4) == Attempts{1, 2, 0, 1});
    CHECK(failover.attempt() == 2);
    failover.stable(kBegin);
    CHECK_FALSE(failover.fail_back_at().has_value());
    failover.begin_fail_back(kBegin);
    failover.ended();
    CHECK(failover.attempt() == 0);
    CHECK(failover.current() == 0);
}

TEST_CASE("only failures in a row count: a stable connection begins anew") {
    Failover failover(three());
    failing_attempts(failover, 1);
    failover.attempt();
    failover.stable(kBegin);
    failover.ended();
    CHECK(failing_attempts(failover, 3) == Attempts{0, 0, 1});
}

TEST_CASE("a connection that is over is tried again where it was") {
    Failover failover = on_the_second();
    failover.ended();
    CHECK_FALSE(failover.fail_back_at().has_value());
    CHECK(failover.attempt() == 1);
}

TEST_CASE("stable on a lesser endpoint it goes back after fail_back_after") {
    CHECK(on_the_second().fail_back_at() == kBegin + 5min);
    FailoverSettings never = three();
    never.fail_back_after = 0s;
    Failover stays(never);
    failing_attempts(stays, 2);
    stays.attempt();
    stays.stable(kBegin);
    CHECK_FALSE(stays.fail_back_at().has_value());
}

TEST_CASE("stable on the preferred endpoint there is nothing to go back to") {
    Failover failover(three());
    failover.attempt();
    failover.stable(kBegin);
    CHECK_FALSE(failover.fail_back_at().has_value());
    failover.begin_fail_back(kBegin);
    CHECK_FALSE(failover.fail_back_at().has_value());
}

TEST_CASE("an attempt that fails beside a stable connection does not keep it from going back") {
    Failover failover = on_the_second();
    failing_attempts(failover, 1);
    CHECK(failover.fail_back_at() == kBegin + 5min);
    failover.begin_fail_back(kBegin + 5min);
    failover.attempt();
    failover.failed();
    failover.ended();
    CHECK(failing_attempts(failover, 3) == Attempts{1, 1, 2});
}

TEST_CASE("going back succeeds") {
    Failover failover = on_the_second();
    failover.begin_fail_back(kBegin + 5min);
    CHECK(failover.attempt() == 0);
    failover.stable(kBegin + 6min);
    CHECK_FALSE(failover.fail_back_at().has_value());
    failover.ended();
    CHECK(failing_attempts(failover, 3) == Attempts{0, 0, 1});
}

TEST_CASE("going back fails: one failure leads back to the endpoint in use, and the next time counts from there") {
    Failover failover = on_the_second();
    failover.begin_fail_back(kBegin + 5min);
    CHECK(failover.attempt() == 0);
    failover.failed();
    CHECK(failover.current() == 1);
    CHECK(failover.fail_back_at() == kBegin + 10min);
    SUBCASE("and it is tried again") {
        failover.begin_fail_back(kBegin + 10min);
        CHECK(failover.attempt() == 0);
        CHECK(failover.fail_back_at() == kBegin + 15min);
    }
    SUBCASE("and the connection in use ends") {
        failover.ended();
        CHECK_FALSE(failover.fail_back_at().has_value());
        CHECK(failing_attempts(failover, 3) == Attempts{1, 1, 2});
    }
}

TEST_CASE("when the connection in use ends before the attempt to go back, that attempt is the next one") {
    Failover failover = on_the_second();
    failover.begin_fail_back(kBegin + 5min);
    failover.ended();
    CHECK(failing_attempts(failover, 2) == Attempts{0, 1});
}

TEST_CASE("changed settings") {
    Failover failover = on_the_second();
    FailoverSettings changed = three();
    SUBCASE("go back sooner") {
        changed.fail_back_after = 1min;
        failover.configure(changed);
        CHECK(failover.fail_back_at() == kBegin + 1min);
    }
    SUBCASE("never go back") {
        changed.fail_back_after = 0s;
        failover.configure(changed);
        CHECK_FALSE(failover.fail_back_at().has_value());
    }
    SUBCASE("what is in use is preferred now") {
        changed.preferred = 1;
        failover.configure(changed);
        CHECK_FALSE(failover.fail_back_at().has_value());
    }
    SUBCASE("the endpoint in use is gone") {
        changed.endpoints = 1;
        failover.configure(changed);
        CHECK(failover.attempt() == 0);
    }
    SUBCASE("during the attempt to go back") {
        failover.begin_fail_back(kBegin + 5min);
        failover.attempt();
        changed.fail_back_after = 1min;
        failover.configure(changed);
        CHECK(failover.fail_back_at() == kBegin + 6min);
        failover.failed();
        CHECK(failover.attempt() == 1);
    }
}

TEST_CASE("whatever happens, an attempt goes to an endpoint that is there") {
    std::mt19937_64 random(11);
    Failover failover(three());
    std::size_t endpoints = 3;
    for (int i = 0; i < 20'000; ++i) {
        const SteadyTime now = kBegin + i * 1s;
        switch (random() % 7) {
            case 0:
                failover.failed();
                break;
            case 1:
                failover.stable(now);
                break;
            case 2:
                failover.ended();
                break;
            case 3:
                failover.begin_fail_back(now);
                break;
            case 4: {
                FailoverSettings changed =
                    three(random() % 2 == 0 ? EndpointOrder::Priority : EndpointOrder::RoundRobin);
                changed.endpoints = endpoints = 1 + random() % 4;
                changed.preferred = random() % endpoints;
                failover.configure(changed);
                break;
            }
            default:
                REQUIRE(failover.attempt() < endpoints);
        }
        REQUIRE(failover.current() < endpoints);
    }
}

}  // namespace
