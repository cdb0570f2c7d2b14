// Whole lives of a connection in simulated time: failures, waiting, commands and giving up.
#include "core/session_machine.hpp"
#include "session_machine_world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;
using fairlead::test::story_settings;
using fairlead::test::World;
using State = ConnectionState;

input::Ended refused() {
    return {Cause::ConnectFailed, "refused", std::nullopt};
}

TEST_CASE("a venue that accepts and closes at once is not hammered") {
    World world(story_settings());
    world.on_open = [&] {
        world.in(50ms, input::Opened{});
        world.in(60ms, input::Ended{Cause::PeerClosed, "", std::nullopt});
    };
    world.input(input::Start{});
    world.run(1h);
    // 1 + 2 + 4 + ... + 256 s, then every 5 min: the first attempt, nine of growth and ten at the cap, give or take
    // the jitter.
    CHECK(world.opens.size() >= 18);
    CHECK(world.opens.size() <= 22);
    for (std::size_t i = 1; i < world.opens.size(); ++i)
        CHECK(world.opens[i] - world.opens[i - 1] >= 900ms);
    CHECK(world.opens.back() - world.opens[world.opens.size() - 2] >= 270s);
    CHECK(world.machine.consecutive_failures() >= world.opens.size() - 1);
}

TEST_CASE("a venue that holds almost long enough to be stable makes the backoff grow, too") {
    World world(story_settings());
    world.on_open = [&] {
        world.in(50ms, input::Opened{});
        world.in(50ms + 10s - 1ns, input::Ended{Cause::PeerClosed, "", std::nullopt});
    };
    world.input(input::Start{});
    world.run(1h);
    CHECK(world.opens.size() <= 22);
    CHECK(world.machine.consecutive_failures() >= 17);
}

TEST_CASE("a connection that held until stable begins anew, even when no tick came in between") {
    World world(story_settings());
    world.input(input::Start{});
    for (int i = 0; i < 5; ++i) {
        world.input(refused());
        world.run(20s);
        REQUIRE(world.machine.state() == State::Connecting);
    }
    CHECK(world.machine.consecutive_failures() == 5);
    world.input(input::Opened{});
    world.now += 10s;
    world.input(input::Ended{Cause::ConnectionLost, "", std::nullopt});
    CHECK(world.told[world.told.size() - 2].attempt == 0);
    CHECK(world.last().state == State::Reconnecting);
    CHECK(world.last().attempt == 1);
    CHECK(world.last().retry_in <= 1100ms);
    CHECK(world.machine.consecutive_failures() == 1);
}

TEST_CASE("ten kills of a stable connection are ten quick returns, each with one restore") {
    World world(story_settings());
    world.on_open = [&] { world.in(50ms, input::Opened{}); };
    world.input(input::Start{});
    for (int kill = 1; kill <= 10; ++kill) {
        world.run(1min);
        REQUIRE(world.machine.state() == State::Connected);
        REQUIRE(world.restores == kill);
        world.input(input::Ended{Cause::ConnectionLost, "killed", std::nullopt});
        CHECK(world.machine.consecutive_failures() == 1);
        CHECK(world.last().attempt == 1);
        CHECK(world.last().retry_in >= 900ms);
        CHECK(world.last().retry_in <= 1100ms);
    }
    world.run(1min);
    CHECK(world.restores == 11);
    CHECK(world.opens.size() == 11);
    CHECK(world.machine.consecutive_failures() == 0);
}

TEST_CASE("Retry-After is waited for where it is longer than the backoff, and shortens nothing") {
    World world(story_settings());
    world.input(input::Start{});
    SUBCASE("longer") {
        world.input(input::Ended{Cause::UpgradeRefused, "HTTP 429", 2min});
        CHECK(world.last().retry_in == 2min);
        world.run(2min - 1ns);
        CHECK(world.opens.size() == 1);
        world.run(1ns);
        CHECK(world.opens.size() == 2);
    }
    SUBCASE("shorter") {
        world.input(input::Ended{Cause::UpgradeRefused, "HTTP 503", 0s});
        CHECK(world.last().retry_in >= 900ms);
    }
    SUBCASE("longer than the clock can count") {
        world.input(input::Ended{Cause::UpgradeRefused, "HTTP 503", Duration::max()});
        CHECK(world.machine.next_deadline() == SteadyTime::max());
        world.run(24h);
        CHECK(world.opens.size() == 1);
    }
    SUBCASE("the backoff grows meanwhile") {
        world.input(input::Ended{Cause::UpgradeRefused, "HTTP 429", 2min});
        world.run(2min);
        world.input(refused());
        CHECK(world.last().retry_in >= 1800ms);
    }
}

TEST_CASE("a thousand commands in a second are no storm of attempts") {
    World world(story_settings());
    world.on_open = [&] { world.in(0s, input::Opened{}); };
    SUBCASE("of a venue that opens at once") {}
    SUBCASE("of a venue that never answers") {
        world.on_open = [] {};
    }
    SUBCASE("of a venue that refuses at once") {
        world.on_open = [&] { world.in(0s, refused()); };
    }
    world.input(input::Start{});
    world.run(1min);
    const std::size_t before = world.opens.size();
    for (int i = 0; i < 1000; ++i) {
        world.input(input::Reconnect{"again"});
        world.run(1ms);
    }
    CHECK(world.opens.size() - before >= 1);
    CHECK(world.opens.size() - before <= 2);
    for (int i = 0; i < 9000; ++i) {
        world.input(input::Reconnect{"again"});
        world.run(1ms);
    }
    CHECK(world.opens.size() - before <= 11);
}

TEST_CASE("a forced reconnect of a stable connection is immediate and no failure") {
    World world(story_settings());
    world.on_open = [&] { world.in(50ms, input::Opened{}); };
    world.input(input::Start{});
    world.run(1min);
    const SteadyTime asked = world.now;
    world.input(input::Reconnect{"by hand"});
    CHECK(world.last().retry_in == 0s);
    world.run(0s);
    CHECK(world.opens.back() == asked);
    CHECK(world.last().cause == Cause::Command);
    world.run(1s);
    CHECK(world.last().state == State::Connected);
    CHECK(world.last().cause == Cause::Command);
    CHECK(world.machine.consecutive_failures() == 0);
    world.input(input::Ended{Cause::ConnectionLost, "", std::nullopt});
    CHECK(world.last().retry_in <= 1100ms);
}

TEST_CASE("a command neither grows the backoff nor forgives the failures before it") {
    World world(story_settings());
    world.input(input::Start{});
    for (int i = 0; i < 4; ++i) {
        world.input(refused());
        if (i < 3) world.run(10s);
    }
    world.input(input::Reconnect{""});
    CHECK(world.machine.consecutive_failures() == 4);
    world.run(1s);
    REQUIRE(world.machine.state() == State::Connecting);
    world.input(refused());
    CHECK(world.last().attempt == 5);
    CHECK(world.last().retry_in >= 14400ms);
    CHECK(world.last().retry_in <= 17600ms);
}

TEST_CASE("max_retries counts attempts after the first: with 3, the fourth failure gives up") {
    SessionSettings limited = story_settings();
    limited.max_retries = 3;
    World world(limited);
    world.on_open = [&] { world.in(10ms, refused()); };
    world.input(input::Start{});
    world.run(24h);
    CHECK(world.opens.size() == 4);
    CHECK(world.machine.state() == State::Failed);
    CHECK(world.last().cause == Cause::MaxRetries);
    CHECK(world.last().attempt == 3);
    CHECK(world.last().detail == "gave up after 3 retries: refused");
    CHECK_FALSE(world.machine.next_deadline().has_value());
}

TEST_CASE("the loss of a stable connection has as many retries as a start") {
    SessionSettings limited = story_settings();
    limited.max_retries = 1;
    World world(limited);
    world.on_open = [&] { world.in(10ms, input::Opened{}); };
    world.input(input::Start{});
    world.run(1min);
    world.on_open = [&] { world.in(10ms, input::Ended{Cause::TlsFailed, "", std::nullopt}); };
    world.input(input::Ended{Cause::ConnectionLost, "", std::nullopt});
    world.run(24h);
    CHECK(world.opens.size() == 2);
    CHECK(world.last().state == State::Failed);
    CHECK(world.last().detail == "gave up after 1 retry: TLS failed");
}

TEST_CASE("an open connection that gives up is first told to be disconnected") {
    SessionSettings limited = story_settings();
    limited.max_retries = 1;
    World world(limited);
    world.on_open = [&] {
        world.in(10ms, input::Opened{});
        world.in(20ms, input::Ended{Cause::PeerClosed, "1008", std::nullopt});
    };
    world.input(input::Start{});
    world.run(24h);
    REQUIRE(world.told.size() == 8);
    CHECK(world.told[6].state == State::Disconnected);
    CHECK(world.told[6].cause == Cause::PeerClosed);
    CHECK(world.told[7].previous == State::Disconnected);
    CHECK(world.told[7].state == State::Failed);
}

TEST_CASE("without max_retries nothing is ever given up") {
    World world(story_settings());
    world.on_open = [&] { world.in(10ms, refused()); };
    world.input(input::Start{});
    world.run(24h * 30);
    CHECK(world.opens.size() > 7500);
    CHECK(world.opens.size() < 9500);
    CHECK(world.machine.consecutive_failures() + 1 >= world.opens.size());
}

TEST_CASE("failed_retry_interval gives one attempt each, until one is stable") {
    SessionSettings limited = story_settings();
    limited.max_retries = 2;
    limited.failed_retry_interval = 1h;
    World world(limited);
    world.on_open = [&] { world.in(10ms, refused()); };
    world.input(input::Start{});
    world.run(5min);
    REQUIRE(world.machine.state() == State::Failed);
    REQUIRE(world.opens.size() == 3);
    world.run(3h);
    CHECK(world.opens.size() == 6);
    CHECK(world.last().state == State::Failed);
    CHECK(world.last().attempt == 5);
    world.on_open = [&] { world.in(10ms, input::Opened{}); };
    world.run(1h);
    CHECK(world.machine.state() == State::Connected);
    CHECK(world.last().cause == Cause::BackoffOver);
    CHECK(world.machine.consecutive_failures() == 0);
    world.on_open = [&] { world.in(10ms, refused()); };
    world.input(input::Ended{Cause::ConnectionLost, "", std::nullopt});
    world.run(5min);
    CHECK(world.machine.state() == State::Failed);
    CHECK(world.last().attempt == 2);
}

TEST_CASE("failed waits for a Retry-After that is longer than its interval") {
    SessionSettings limited = story_settings();
    limited.max_retries = 1;
    limited.failed_retry_interval = 1min;
    World world(limited);
    world.on_open = [&] { world.in(0s, input::Ended{Cause::UpgradeRefused, "HTTP 418", 1h}); };
    world.input(input::Start{});
    world.run(1h);
    REQUIRE(world.machine.state() == State::Failed);
    CHECK(world.machine.next_deadline() == world.opens.back() + 1h);
}

TEST_CASE("stop forgets the failures: the next start has all its retries, and the first delay") {
    SessionSettings limited = story_settings();
    limited.max_retries = 3;
    World world(limited);
    world.on_open = [&] { world.in(10ms, refused()); };
    world.input(input::Start{});
    world.run(24h);
    REQUIRE(world.machine.state() == State::Failed);
    world.input(input::Stop{});
    CHECK(world.machine.consecutive_failures() == 0);
    world.input(input::Start{});
    world.run(10ms);
    CHECK(world.last().attempt == 1);
    CHECK(world.last().retry_in <= 1100ms);
    world.run(24h);
    CHECK(world.opens.size() == 8);
}

TEST_CASE("changed settings apply to deadlines armed from then on") {
    World world(story_settings());
    world.input(input::Start{});
    const std::optional<SteadyTime> deadline = world.machine.next_deadline();
    SessionSettings changed = story_settings();
    changed.connection_timeout = 5s;
    changed.backoff.initial_delay = 3s;
    changed.backoff.jitter_factor = 0.0;
    world.machine.configure(changed);
    CHECK(world.machine.next_deadline() == deadline);
    world.input(refused());
    CHECK(world.last().retry_in == 3s);
    world.run(3s);
    CHECK(world.machine.next_deadline() == world.now + 5s);
}

TEST_CASE("a lowered max_retries gives up at the next failure") {
    World world(story_settings());
    world.on_open = [&] { world.in(10ms, refused()); };
    world.input(input::Start{});
    world.run(2min);
    REQUIRE(world.machine.state() == State::Reconnecting);
    SessionSettings limited = story_settings();
    limited.max_retries = 2;
    world.machine.configure(limited);
    CHECK(world.machine.state() == State::Reconnecting);
    world.run(5min);
    CHECK(world.machine.state() == State::Failed);
}

TEST_CASE("settings as long as a duration can be overflow nothing") {
    SessionSettings endless = story_settings();
    endless.backoff = {
        .initial_delay = Duration::max(), .max_delay = Duration::max(), .multiplier = 1000.0, .jitter_factor = 1.0};
    endless.connection_timeout = Duration::max();
    endless.ping_interval = Duration::max();
    endless.stale_after = Duration::max();
    endless.stable_after = Duration::max();
    World world(endless);
    world.input(input::Start{});
    CHECK(world.machine.next_deadline() == SteadyTime::max());
    world.input(input::Reconnect{""});
    CHECK(world.machine.next_deadline() == SteadyTime::max());
    world.input(input::Stop{});
    world.input(input::Start{});
    world.input(input::Opened{});
    CHECK(world.machine.next_deadline() == SteadyTime::max());
    for (int i = 0; i < 100; ++i) {
        world.input(input::Ended{Cause::ConnectionLost, "", Duration::max()});
        CHECK(world.machine.next_deadline() == SteadyTime::max());
        world.machine.step(input::Tick{}, SteadyTime::max(), 0.5);
    }
}

}  // namespace
