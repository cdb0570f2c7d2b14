// An open connection in simulated time: pings, half-open sockets and silence.
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

TEST_CASE("a half-open connection is found within ping_interval and pong_timeout, whenever it fell silent") {
    SessionSettings with_pings = story_settings();
    with_pings.ping_interval = 30s;
    with_pings.pong_timeout = 10s;
    for (Duration silence = 60s; silence <= 100s; silence += 700ms) {
        World world(with_pings);
        world.on_open = [&] { world.in(0s, input::Opened{}); };
        const SteadyTime silent_from = world.now + silence;
        world.on_ping = [&] {
            if (world.now + 20ms < silent_from) world.in(20ms, input::Pong{});
        };
        world.input(input::Start{});
        world.run(silence);
        REQUIRE(world.machine.state() == State::Connected);
        const std::size_t told_before = world.told.size();
        world.on_open = [] {};
        world.run(40s + 20ms);
        REQUIRE(world.told.size() > told_before);
        CHECK(world.told[told_before].state == State::Disconnected);
        CHECK(world.told[told_before].cause == Cause::PongTimeout);
        CHECK(world.told_at[told_before] - silent_from <= 40s);
    }
}

TEST_CASE("pings keep their interval, and never overlap") {
    SessionSettings with_pings = story_settings();
    with_pings.ping_interval = 5s;
    with_pings.pong_timeout = 20s;
    World world(with_pings);
    world.on_open = [&] { world.in(0s, input::Opened{}); };
    world.input(input::Start{});
    SUBCASE("answered quickly: one each interval") {
        world.on_ping = [&] { world.in(300ms, input::Pong{}); };
        world.run(60s);
        CHECK(world.pings == 12);
    }
    SUBCASE("answered later than the interval: the next goes out at once") {
        world.on_ping = [&] { world.in(8s, input::Pong{}); };
        world.run(5s + 8s - 1ns);
        CHECK(world.pings == 1);
        world.run(1ns);
        CHECK(world.pings == 2);
    }
    SUBCASE("not answered: no second ping, then the end") {
        world.run(25s - 1ns);
        CHECK(world.pings == 1);
        CHECK(world.machine.state() == State::Connected);
        world.on_open = [] {};
        world.run(1ns);
        CHECK(world.machine.state() == State::Reconnecting);
    }
    SUBCASE("a pong that nobody asked for changes nothing") {
        world.run(2s);
        const std::optional<SteadyTime> deadline = world.machine.next_deadline();
        world.input(input::Pong{});
        CHECK(world.machine.next_deadline() == deadline);
        CHECK(world.pings == 0);
    }
}

TEST_CASE("a connection is stale when its data stops, not while it flows") {
    SessionSettings watched = story_settings();
    watched.stale_after = 5s;
    World world(watched);
    world.on_open = [&] { world.in(0s, input::Opened{}); };
    const SteadyTime begin = world.now;
    const SteadyTime last_message = begin + 63s;
    // One message each second until the last one.
    world.last_data = [&] {
        return std::min<SteadyTime>(last_message, std::chrono::floor<std::chrono::seconds>(world.now));
    };
    world.input(input::Start{});
    world.run(68s - 1ns);
    CHECK(world.machine.state() == State::Connected);
    CHECK(world.told.size() == 2);
    world.on_open = [] {};
    world.run(1ns);
    REQUIRE(world.told.size() == 4);
    CHECK(world.told[2].state == State::Disconnected);
    CHECK(world.told[2].cause == Cause::Stale);
    CHECK(world.told[2].detail == "no data for 5s");
    CHECK(world.told[2].attempt == 0);
    CHECK(world.last().state == State::Reconnecting);
}

TEST_CASE("a connection that never delivers is stale, counted from its opening") {
    SessionSettings watched = story_settings();
    watched.stale_after = 5s;
    World world(watched);
    world.input(input::Start{});
    world.run(3s);
    world.input(input::Opened{});
    SUBCASE("no data at all") {}
    SUBCASE("data of an earlier session does not count") {
        world.last_data = [&] { return SteadyTime{900s}; };
    }
    world.run(5s - 1ns);
    CHECK(world.machine.state() == State::Connected);
    world.run(1ns);
    CHECK(world.machine.state() == State::Reconnecting);
    CHECK(world.last().cause == Cause::Stale);
    CHECK(world.machine.consecutive_failures() == 1);
}

TEST_CASE("changed settings of an open connection: what is switched off fires no more, what grew is waited for") {
    SessionSettings watched = story_settings();
    watched.stale_after = 20s;
    watched.ping_interval = 15s;
    World world(watched);
    world.on_open = [&] { world.in(0s, input::Opened{}); };
    world.on_ping = [&] { world.in(10ms, input::Pong{}); };
    world.input(input::Start{});
    world.run(1s);
    SUBCASE("off") {
        world.machine.configure(story_settings());
        world.run(1h);
        CHECK(world.machine.state() == State::Connected);
        CHECK(world.pings == 1);
        CHECK_FALSE(world.machine.next_deadline().has_value());
    }
    SUBCASE("longer") {
        watched.stale_after = 40s;
        world.machine.configure(watched);
        SUBCASE("without data") {}
        SUBCASE("with data of an earlier session, which does not count") {
            world.last_data = [] { return SteadyTime{990s}; };
        }
        world.run(39s - 1ns);
        CHECK(world.machine.state() == State::Connected);
        world.run(1ns);
        CHECK(world.machine.state() == State::Reconnecting);
    }
}

}  // namespace
