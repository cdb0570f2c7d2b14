#include "core/venue_heartbeat.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

constexpr SteadyTime kNow{1000s};

std::string text_of(const std::optional<VenueHeartbeat::Action>& action) {
    if (!action) return "";
    if (const auto* dead = std::get_if<VenueHeartbeat::Dead>(&*action)) return "dead: " + dead->reason;
    return "send";
}

TEST_CASE("a heartbeat every interval, and the reply in time") {
    VenueHeartbeat heartbeat({.interval = 20s, .timeout = 5s});
    CHECK_FALSE(heartbeat.next_deadline().has_value());
    heartbeat.begin_session(kNow);
    CHECK(heartbeat.next_deadline() == kNow + 20s);
    CHECK(text_of(heartbeat.tick(kNow + 20s - 1ns, {})) == "");
    CHECK(text_of(heartbeat.tick(kNow + 20s, {})) == "send");
    heartbeat.sent(kNow + 20s);
    CHECK(heartbeat.next_deadline() == kNow + 25s);
    SUBCASE("in time") {
        heartbeat.replied(kNow + 21s);
        CHECK(heartbeat.round_trip() == 1s);
        CHECK(heartbeat.next_deadline() == kNow + 40s);
    }
    SUBCASE("late") {
        CHECK(text_of(heartbeat.tick(kNow + 25s - 1ns, kNow + 24s)) == "");
        CHECK(text_of(heartbeat.tick(kNow + 25s, kNow + 24s)) == "dead: no reply to our heartbeat within 5s");
        CHECK_FALSE(heartbeat.next_deadline().has_value());
        CHECK(text_of(heartbeat.tick(kNow + 1h, {})) == "");
        heartbeat.replied(kNow + 1h);
        CHECK_FALSE(heartbeat.next_deadline().has_value());
    }
    SUBCASE("the session ends first") {
        heartbeat.end_session();
        CHECK(text_of(heartbeat.tick(kNow + 1h, {})) == "");
    }
}

TEST_CASE("a reply that takes longer than the interval is not followed by a burst") {
    VenueHeartbeat heartbeat({.interval = 5s, .timeout = 1min});
    heartbeat.begin_session(kNow);
    heartbeat.tick(kNow + 5s, {});
    heartbeat.sent(kNow + 5s);
    heartbeat.replied(kNow + 30s);
    CHECK(heartbeat.next_deadline() == kNow + 30s);
    CHECK(text_of(heartbeat.tick(kNow + 30s, {})) == "send");
    heartbeat.sent(kNow + 30s);
    CHECK(text_of(heartbeat.tick(kNow + 30s, {})) == "");
}

TEST_CASE("where no reply comes, only the interval counts") {
    VenueHeartbeat heartbeat({.interval = 20s});
    heartbeat.begin_session(kNow);
    heartbeat.tick(kNow + 20s, {});
    heartbeat.sent(kNow + 21s);
    CHECK(heartbeat.next_deadline() == kNow + 41s);
    heartbeat.replied(kNow + 22s);
    CHECK_FALSE(heartbeat.round_trip().has_value());
}

TEST_CASE("what could not be sent is asked for again soon") {
    VenueHeartbeat heartbeat({.interval = 20s, .timeout = 5s});
    heartbeat.begin_session(kNow);
    CHECK(text_of(heartbeat.tick(kNow + 20s, {})) == "send");
    CHECK(text_of(heartbeat.tick(kNow + 20s, {})) == "");
    CHECK(heartbeat.next_deadline() == kNow + 20s + VenueHeartbeat::kRetry);
    CHECK(text_of(heartbeat.tick(kNow + 21s, {})) == "send");
}

TEST_CASE("the venue's silence, counted from the last sign of life") {
    VenueHeartbeat heartbeat({.silence = 30s});
    heartbeat.begin_session(kNow);
    CHECK(heartbeat.next_deadline() == kNow + 30s);
    CHECK(text_of(heartbeat.tick(kNow + 30s, kNow + 29s)) == "");
    CHECK(heartbeat.next_deadline() == kNow + 59s);
    CHECK(text_of(heartbeat.tick(kNow + 59s, kNow + 29s)) == "dead: no sign of life for 30s");
    CHECK_FALSE(heartbeat.next_deadline().has_value());
    heartbeat.begin_session(kNow + 2min);
    CHECK(text_of(heartbeat.tick(kNow + 150s, kNow + 29s)) == "dead: no sign of life for 30s");  // of an earlier one
}

TEST_CASE("nothing set, nothing done; changed settings hold from the next deadline on") {
    VenueHeartbeat heartbeat({});
    heartbeat.begin_session(kNow);
    CHECK_FALSE(heartbeat.next_deadline().has_value());
    CHECK(text_of(heartbeat.tick(kNow + 1h, {})) == "");
    heartbeat.configure({.interval = Duration::max(), .timeout = 1s, .silence = Duration::max()});
    heartbeat.begin_session(kNow);
    CHECK(heartbeat.next_deadline() == SteadyTime::max());
    heartbeat.configure({});
    CHECK(text_of(heartbeat.tick(SteadyTime::max(), {})) == "send");
    heartbeat.sent(kNow);
    CHECK_FALSE(heartbeat.next_deadline().has_value());
}

TEST_CASE("a venue that lives is never called dead, one that is silent always is, whenever the timer fires") {
    std::mt19937_64 random(9);
    for (int run = 0; run < 200; ++run) {
        const VenueHeartbeatSettings settings{.interval = std::chrono::seconds(1 + random() % 30),
                                              .timeout = std::chrono::seconds(1 + random() % 10),
                                              .silence = std::chrono::seconds(40 + random() % 60)};
        VenueHeartbeat heartbeat(settings);
        heartbeat.begin_session(kNow);
        SteadyTime now = kNow;
        std::optional<SteadyTime> heard;
        const SteadyTime dies = kNow + std::chrono::seconds(100 + random() % 1000);
        std::optional<SteadyTime> dead;
        unsigned sent = 0;
        while (!dead) {
            REQUIRE(heartbeat.next_deadline().has_value());
            now = std::max(now, *heartbeat.next_deadline()) + std::chrono::milliseconds(random() % 50);
            const auto action = heartbeat.tick(now, heard);
            if (action && std::holds_alternative<VenueHeartbeat::Dead>(*action)) dead = now;
            if (!action || dead) continue;
            heartbeat.sent(now);
            ++sent;
            if (now >= dies) continue;
            now += std::chrono::milliseconds(random() % 900);
            heard = now;
            heartbeat.replied(now);
        }
        REQUIRE(*dead >= dies);
        REQUIRE(*dead <= dies + settings.interval + settings.timeout + 1s);
        REQUIRE(sent >= 100s / (settings.interval + 1s));
    }
}

}  // namespace
