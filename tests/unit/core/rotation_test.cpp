// Every arrow of a rotation in simulated time.
#include "core/rotation.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>
#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;
using Kind = Rotation::Action::Kind;
using Phase = Rotation::Phase;

constexpr SteadyTime kBegin{1000s};
constexpr WallTime kMidnight{20'000 * 24h};
constexpr double kMiddle = 0.5;

RotationSettings settings() {
    RotationSettings settings;
    settings.max_age = 20h;
    settings.jitter_factor = 0.1;
    settings.overlap = 30s;
    settings.open_timeout = 60s;
    settings.retry = {.initial_delay = 1s, .max_delay = 4s, .multiplier = 2.0, .jitter_factor = 0.1};
    return settings;
}

Rotation connected(const RotationSettings& settings = ::settings(), double chance = 0.0) {
    Rotation rotation(settings);
    rotation.connected(kBegin, kMidnight, chance);
    return rotation;
}

Rotation opening(Cause cause = Cause::Command) {
    Rotation rotation = connected();
    rotation.request(cause, "why", kBegin);
    return rotation;
}

Rotation overlapping(Cause cause = Cause::Command) {
    Rotation rotation = opening(cause);
    rotation.opened(kBegin + 1s);
    return rotation;
}

TEST_CASE("nothing comes by itself before something is connected, nor without max_age") {
    CHECK_FALSE(Rotation(settings()).next_deadline().has_value());
    RotationSettings ageless = settings();
    ageless.max_age = 0s;
    Rotation rotation = connected(ageless);
    CHECK_FALSE(rotation.next_deadline().has_value());
    CHECK(rotation.tick(kBegin + 10'000h, kMiddle).kind == Kind::None);
}

TEST_CASE("for its age a socket is replaced when max_age, shortened by chance, has passed") {
    CHECK(connected(settings(), 0.0).next_deadline() == kBegin + 20h);
    CHECK(connected(settings(), 0.5).next_deadline() == kBegin + 19h);
    const SteadyTime earliest = *connected(settings(), 0.9999999).next_deadline();
    CHECK(earliest > kBegin + 18h);
    CHECK(earliest < kBegin + 18h + 1s);

    Rotation rotation = connected();
    CHECK(rotation.tick(kBegin + 20h - 1ns, kMiddle).kind == Kind::None);
    const Rotation::Action action = rotation.tick(kBegin + 20h, kMiddle);
    CHECK(action.kind == Kind::Open);
    CHECK(action.cause == Cause::Age);
    CHECK_FALSE(action.detail.empty());
    CHECK(rotation.phase() == Phase::Opening);
    CHECK(rotation.next_deadline() == kBegin + 20h + 60s);
}

TEST_CASE("ages at the end of their range overflow nothing") {
    RotationSettings long_lived = settings();
    long_lived.max_age = Duration::max();
    CHECK(connected(long_lived).next_deadline() == SteadyTime::max());
    long_lived.preferred_hour = 4;
    CHECK(connected(long_lived).next_deadline() == SteadyTime::max());
}

// Connected at `after_midnight`; due at `first` to `last` after that midnight.
struct HourCase {
    const char* what;
    Duration max_age;
    unsigned hour;
    Duration after_midnight;
    Duration first;
    Duration last;
};

TEST_CASE("a rotation for age falls in the preferred hour if a part of it lies in the last quarter of max_age") {
    const HourCase cases[] = {
        {"the whole hour", 20h, 17, 0h, 17h, 18h},
        {"its beginning: the quarter ends within", 20h, 17, -150min, 17h, 17h + 30min},
        {"its end: the quarter begins within", 20h, 17, 150min, 17h + 30min, 18h},
        {"the next day", 20h, 4, 10h, 28h, 29h},
        {"across midnight, the hour before it", 20h, 23, 6h, 23h, 24h},
        {"across midnight, the hour after it", 20h, 0, 6h, 24h, 25h},
        {"the last of several days", 240h, 4, 0h, 220h, 221h},
    };
    for (const HourCase& one : cases) {
        CAPTURE(one.what);
        RotationSettings with_hour = settings();
        with_hour.max_age = one.max_age;
        with_hour.preferred_hour = one.hour;
        for (const double chance : {0.0, 0.5, 0.999}) {
            Rotation rotation(with_hour);
            rotation.connected(kBegin, kMidnight + one.after_midnight, chance);
            const Duration due = *rotation.next_deadline() - kBegin + one.after_midnight;
            CHECK(due >= one.first);
            CHECK(due < one.last);
            if (chance == 0.0) CHECK(due == one.first);
            if (chance == 0.5) CHECK(due == one.first + (one.last - one.first) / 2);
        }
    }
}

TEST_CASE("without a preferred hour in reach the age alone counts") {
    RotationSettings with_hour = settings();
    SUBCASE("before the last quarter") {
        with_hour.preferred_hour = 13;
    }
    SUBCASE("after max_age") {
        with_hour.preferred_hour = 20;
    }
    SUBCASE("max_age is shorter than the way to the hour") {
        with_hour.max_age = 1h;
        with_hour.preferred_hour = 4;
    }
    CHECK(connected(with_hour, 0.5).next_deadline() == kBegin + with_hour.max_age * 95 / 100);
}

TEST_CASE("a request opens at once, whatever its cause") {
    for (const Cause cause : {Cause::Command, Cause::Drain, Cause::Reload, Cause::FailBack, Cause::VenueSequence}) {
        Rotation rotation = connected();
        const Rotation::Action action = rotation.request(cause, "why", kBegin + 1s);
        CHECK(action.kind == Kind::Open);
        CHECK(action.cause == cause);
        CHECK(action.detail == "why");
        CHECK(rotation.phase() == Phase::Opening);
    }
}

TEST_CASE("a request is without effect while nothing is connected or a rotation is under way") {
    Rotation nothing(settings());
    CHECK(nothing.request(Cause::Command, "", kBegin).kind == Kind::None);
    Rotation lost = connected();
    lost.lost(kBegin + 1s);
    CHECK(lost.request(Cause::Drain, "", kBegin + 2s).kind == Kind::None);
    Rotation first = opening();
    CHECK(first.request(Cause::Drain, "", kBegin + 2s).kind == Kind::None);
    Rotation second = overlapping();
    CHECK(second.request(Cause::Drain, "", kBegin + 2s).kind == Kind::None);
    CHECK(second.phase() == Phase::Overlapping);
}

TEST_CASE("inputs that a phase does not expect are ignored") {
    Rotation resting = connected();
    CHECK(resting.opened(kBegin).kind == Kind::None);
    CHECK(resting.failed("late", kBegin, kMiddle).kind == Kind::None);
    CHECK(resting.caught_up(kBegin).kind == Kind::None);
    CHECK(resting.next_deadline() == kBegin + 20h);
    Rotation first = opening();
    CHECK(first.caught_up(kBegin).kind == Kind::None);
    CHECK(first.phase() == Phase::Opening);
    Rotation second = overlapping();
    CHECK(second.opened(kBegin + 9s).kind == Kind::None);
    CHECK(second.next_deadline() == kBegin + 31s);
}

TEST_CASE("the new socket takes over when it has caught up") {
    Rotation rotation = overlapping(Cause::Drain);
    CHECK(rotation.phase() == Phase::Overlapping);
    const Rotation::Action action = rotation.caught_up(kBegin + 5s);
    CHECK(action.kind == Kind::TakeOver);
    CHECK(action.cause == Cause::Drain);
    CHECK(action.detail == "why");
    CHECK(action.caught_up);
    CHECK(rotation.phase() == Phase::Resting);
}

TEST_CASE("the new socket takes over when overlap has passed") {
    Rotation rotation = overlapping();
    CHECK(rotation.next_deadline() == kBegin + 31s);
    CHECK(rotation.tick(kBegin + 31s - 1ns, kMiddle).kind == Kind::None);
    const Rotation::Action action = rotation.tick(kBegin + 31s, kMiddle);
    CHECK(action.kind == Kind::TakeOver);
    CHECK_FALSE(action.caught_up);
}

TEST_CASE("without overlap the new socket takes over as it opens") {
    RotationSettings without = settings();
    without.overlap = 0s;
    Rotation rotation = connected(without);
    rotation.request(Cause::Command, "", kBegin);
    CHECK(rotation.opened(kBegin + 1s).kind == Kind::TakeOver);
    CHECK(rotation.phase() == Phase::Resting);
}

TEST_CASE("after the take-over age counts anew, with the preferred hour") {
    Rotation plain = overlapping();
    plain.caught_up(kBegin + 5h);
    CHECK(plain.next_deadline() == kBegin + 25h);
    plain.connected(kBegin + 6h, kMidnight + 6h, 0.5);
    CHECK(plain.next_deadline() == kBegin + 25h);

    RotationSettings with_hour = settings();
    with_hour.preferred_hour = 4;
    Rotation rotation = connected(with_hour);
    rotation.request(Cause::Command, "", kBegin);
    rotation.opened(kBegin + 10h);
    rotation.caught_up(kBegin + 10h);
    CHECK(rotation.next_deadline() == kBegin + 28h);
}

TEST_CASE("the old socket is lost: resting, nothing comes by itself any more") {
    Rotation rotation = connected();
    CHECK(rotation.lost(kBegin + 1s).kind == Kind::None);
    CHECK_FALSE(rotation.next_deadline().has_value());
    rotation.connected(kBegin + 2s, kMidnight, 0.0);
    CHECK(rotation.next_deadline() == kBegin + 2s + 20h);
}

TEST_CASE("the old socket is lost while the new one opens: abandoned, and its own reconnect is the way") {
    Rotation rotation = opening(Cause::Drain);
    const Rotation::Action action = rotation.lost(kBegin + 1s);
    CHECK(action.kind == Kind::Abandon);
    CHECK(action.cause == Cause::Drain);
    CHECK(rotation.phase() == Phase::Resting);
    CHECK_FALSE(rotation.next_deadline().has_value());
    rotation.connected(kBegin + 2s, kMidnight, 0.0);
    CHECK(rotation.next_deadline() == kBegin + 2s + 20h);
}

TEST_CASE("the old socket is lost while both are open: the new one takes over") {
    Rotation rotation = overlapping();
    const Rotation::Action action = rotation.lost(kBegin + 2s);
    CHECK(action.kind == Kind::TakeOver);
    CHECK_FALSE(action.caught_up);
    CHECK(rotation.phase() == Phase::Resting);
    CHECK(rotation.request(Cause::Command, "", kBegin + 3s).kind == Kind::Open);
}

TEST_CASE("an attempt that does not open in time, or fails, is abandoned") {
    Rotation late = opening();
    CHECK(late.next_deadline() == kBegin + 60s);
    CHECK(late.tick(kBegin + 60s, kMiddle).kind == Kind::Abandon);
    CHECK(late.phase() == Phase::Resting);
    Rotation refused = opening();
    const Rotation::Action action = refused.failed("HTTP 503", kBegin + 1s, kMiddle);
    CHECK(action.kind == Kind::Abandon);
    CHECK(action.cause == Cause::Command);
    CHECK(action.detail == "HTTP 503");
    Rotation ended = overlapping();
    CHECK(ended.failed("1006", kBegin + 2s, kMiddle).kind == Kind::Abandon);
    CHECK(ended.phase() == Phase::Resting);
}

TEST_CASE("what was abandoned is tried again if its reason persists") {
    for (const Cause cause : {Cause::Drain, Cause::Reload}) {
        Rotation rotation = opening(cause);
        rotation.failed("refused", kBegin + 1s, kMiddle);
        CHECK(rotation.next_deadline() == kBegin + 2s);
        const Rotation::Action action = rotation.tick(kBegin + 2s, kMiddle);
        CHECK(action.kind == Kind::Open);
        CHECK(action.cause == cause);
        CHECK(action.detail == "why");
    }
    for (const Cause cause : {Cause::Command, Cause::FailBack, Cause::VenueSequence, Cause::Rotation, Cause::Pool}) {
        Rotation rotation = opening(cause);
        rotation.failed("refused", kBegin + 1s, kMiddle);
        CHECK(rotation.next_deadline() == kBegin + 20h);
    }
}

TEST_CASE("waits between attempts grow, and begin anew once a new socket is in use") {
    Rotation rotation = connected();
    SteadyTime now = kBegin + 20h;
    for (const Duration wait : std::vector<Duration>{1s, 2s, 4s, 4s}) {
        CHECK(rotation.tick(now, kMiddle).cause == Cause::Age);
        rotation.failed("refused", now, kMiddle);
        CHECK(rotation.next_deadline() == now + wait);
        now += wait;
    }
    rotation.tick(now, kMiddle);
    rotation.opened(now);
    rotation.caught_up(now);
    CHECK(rotation.next_deadline() == now + 20h);
    rotation.request(Cause::Drain, "", now);
    rotation.failed("refused", now, 0.0);
    CHECK(rotation.next_deadline() == now + 900ms);
}

TEST_CASE("while an attempt waits a command opens at once, a repeated drain notice does not") {
    Rotation rotation = opening(Cause::Drain);
    rotation.failed("refused", kBegin + 1s, kMiddle);
    CHECK(rotation.request(Cause::Drain, "again", kBegin + 1s).kind == Kind::None);
    CHECK(rotation.request(Cause::Command, "now", kBegin + 1s).kind == Kind::Open);
    rotation.failed("refused", kBegin + 1s, kMiddle);
    CHECK(rotation.next_deadline() == kBegin + 3s);
    CHECK(rotation.tick(kBegin + 3s, kMiddle).cause == Cause::Drain);
}

TEST_CASE("a drain notice opens at once while age waits for its next attempt") {
    Rotation rotation = connected();
    rotation.tick(kBegin + 20h, kMiddle);
    rotation.failed("refused", kBegin + 20h, kMiddle);
    CHECK(rotation.request(Cause::Drain, "", kBegin + 20h).kind == Kind::Open);
}

TEST_CASE("age that is reached while an attempt for something else is under way waits like one of its own") {
    Rotation rotation = connected();
    rotation.request(Cause::Command, "", kBegin + 20h - 1s);
    rotation.failed("refused", kBegin + 20h + 1s, kMiddle);
    CHECK(rotation.next_deadline() == kBegin + 20h + 2s);
    CHECK(rotation.tick(kBegin + 20h + 2s, kMiddle).cause == Cause::Age);
}

TEST_CASE("a new socket in use meets every reason") {
    Rotation rotation = overlapping(Cause::Drain);
    rotation.caught_up(kBegin + 5s);
    rotation.request(Cause::Command, "", kBegin + 6s);
    rotation.failed("refused", kBegin + 7s, kMiddle);
    CHECK(rotation.next_deadline() == kBegin + 5s + 20h);
}

TEST_CASE("a socket that was lost and has come back owes nothing") {
    Rotation rotation = opening(Cause::Drain);
    rotation.failed("refused", kBegin + 1s, kMiddle);
    rotation.lost(kBegin + 1s);
    CHECK_FALSE(rotation.next_deadline().has_value());
    rotation.connected(kBegin + 2s, kMidnight, 0.0);
    CHECK(rotation.next_deadline() == kBegin + 2s + 20h);
}

TEST_CASE("changed settings hold for the socket in use") {
    Rotation rotation = connected();
    RotationSettings changed = settings();
    SUBCASE("a shorter age") {
        changed.max_age = 10h;
        rotation.configure(changed);
        CHECK(rotation.next_deadline() == kBegin + 10h);
    }
    SUBCASE("no age any more, not even one that waits for its next attempt") {
        rotation.tick(kBegin + 20h, kMiddle);
        rotation.failed("refused", kBegin + 20h, kMiddle);
        changed.max_age = 0s;
        rotation.configure(changed);
        CHECK_FALSE(rotation.next_deadline().has_value());
    }
    SUBCASE("the same settings do not shorten a wait") {
        rotation.tick(kBegin + 20h, kMiddle);
        rotation.failed("refused", kBegin + 20h, kMiddle);
        rotation.configure(changed);
        CHECK(rotation.next_deadline() == kBegin + 20h + 1s);
    }
    SUBCASE("an attempt that is under way keeps its end") {
        rotation.request(Cause::Command, "", kBegin);
        changed.open_timeout = 5s;
        rotation.configure(changed);
        CHECK(rotation.next_deadline() == kBegin + 60s);
    }
    SUBCASE("nothing is connected") {
        rotation.lost(kBegin);
        rotation.configure(changed);
        CHECK_FALSE(rotation.next_deadline().has_value());
    }
}

}  // namespace
