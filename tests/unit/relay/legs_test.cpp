// Redundant legs: the first copy leaves, the death of one is an event and no gap.
#include "live_connection.hpp"

using namespace std::chrono_literals;
using namespace fairlead;
using support::LiveConnection;
using support::numbered_config;

namespace {

using Numbers = std::vector<int>;

struct TwoLegs : LiveConnection {
    static config::ConnectionConfig two(config::ConnectionConfig config) {
        config.legs = 2;
        return config;
    }
    explicit TwoLegs(const config::ConnectionConfig& config = numbered_config()) : LiveConnection(two(config)) {
        accept(0);
        accept(1);
        for (int number = 1; number <= 3; ++number) {
            say(0, number);
            say(1, number);
        }
        timers.advance(1s);
    }
};

}  // namespace

TEST_CASE("one copy of each message leaves, whichever leg is first") {
    TwoLegs world;
    world.say(0, 4);
    world.say(1, 4);
    world.say(1, 5);
    world.say(0, 5);
    CHECK(world.left() == Numbers{1, 2, 3, 4, 5});
    const auto status = world.status();
    REQUIRE(status.sockets_size() == 2);
    CHECK(status.sockets(0).wins() + status.sockets(1).wins() == 5);
    CHECK(status.sockets(0).losses() + status.sockets(1).losses() == 5);
    CHECK(status.duplicates_dropped() == 5);
    CHECK(status.messages() == 5);
}

TEST_CASE("both legs are told to consumers as one connection") {
    TwoLegs world;
    const auto told = world.events("state/demo/");
    int ups = 0;
    for (const auto& event : told)
        ups += event.state() == v1::CONNECTION_STATE_CONNECTED && event.previous() != event.state() ? 1 : 0;
    CHECK(ups == 1);
    CHECK(told.back().sockets() == 2);
    CHECK(told.back().sockets_connected() == 2);
}

TEST_CASE("the death of one leg is an event on the state topic, and nothing in-band") {
    TwoLegs world;
    world.venue.at(0).end({.cause = core::Cause::PeerClosed, .close_code = 1001});
    world.say(1, 4);
    CHECK(world.left() == Numbers{1, 2, 3, 4});
    CHECK(world.events("data/demo/A/").empty());
    const auto told = world.events("state/demo/").back();
    CHECK(told.state() == v1::CONNECTION_STATE_CONNECTED);
    CHECK(told.previous() == v1::CONNECTION_STATE_CONNECTED);
    CHECK(told.cause() == v1::CAUSE_PEER_CLOSED);
    CHECK(told.close_code() == 1001);
    CHECK(told.leg() == 0);
    CHECK(told.sockets_connected() == 1);
    CHECK(world.connection->state() == core::ConnectionState::Connected);
}

TEST_CASE("the legs die in turns, and nothing is lost or comes twice") {
    TwoLegs world;
    int number = 4;
    std::size_t legs[2] = {0, 1};
    for (int round = 0; round < 20; ++round) {
        const std::size_t dying = round % 2;
        world.venue.at(legs[dying]).end({.cause = core::Cause::ConnectionLost});
        world.say(legs[1 - dying], number++);
        const auto attempts = world.venue.attempts();
        for (int i = 0; i < 100 && world.venue.attempts() == attempts; ++i)
            world.timers.advance(1s);
        REQUIRE(world.venue.attempts() == attempts + 1);
        legs[dying] = attempts;
        world.accept(legs[dying]);
        // The new one is behind, then ahead.
        for (int i = 0; i < 3; ++i, ++number) {
            const bool ahead = round % 3 == 0;
            world.say(legs[ahead ? dying : 1 - dying], number);
            world.say(legs[ahead ? 1 - dying : dying], number);
        }
        world.timers.advance(15s);
    }
    Numbers expected;
    for (int i = 1; i < number; ++i)
        expected.push_back(i);
    CHECK(world.left() == expected);
}

TEST_CASE("when both are gone it is an outage, told once") {
    TwoLegs world;
    world.venue.at(0).end({.cause = core::Cause::ConnectionLost});
    world.venue.at(1).end({.cause = core::Cause::PeerClosed});
    const auto in_band = world.events("data/demo/A/");
    REQUIRE(in_band.size() == 1);
    CHECK(in_band[0].state() == v1::CONNECTION_STATE_DISCONNECTED);
    CHECK(in_band[0].cause() == v1::CAUSE_PEER_CLOSED);
    CHECK(world.connection->state() != core::ConnectionState::Connected);
    const auto attempts = world.venue.attempts();
    world.timers.advance(3s);
    REQUIRE(world.venue.attempts() > attempts);
    world.accept(attempts);
    world.say(attempts, 7);
    CHECK(world.left() == Numbers{1, 2, 3, 0, 7});
    CHECK(world.gaps().at(0).count() == 3);
}

TEST_CASE("one leg dies before the other, which has just joined, was seen on a topic: it owes a gap unless disproved") {
    // Numbers that only grow prove nothing, though other messages of the venue tell the first one inside.
    const config::SequenceConfig rules[] = {{}, {.field = "/t", .first = "/f", .step = 0}};
    for (const auto& rule : rules) {
        CAPTURE(rule.first);
        auto config = numbered_config();
        config.sequence = rule;
        TwoLegs world(config);
        world.venue.at(0).end({.cause = core::Cause::ConnectionLost});
        const auto joined = world.venue.attempts();
        world.timers.advance(2s);
        REQUIRE(world.venue.attempts() == joined + 1);
        world.accept(joined);
        world.say(1, 4);
        world.venue.at(1).end({.cause = core::Cause::ConnectionLost});
        CHECK(world.connection->state() == core::ConnectionState::Connected);
        world.say(joined, 6);
        CHECK(world.left() == Numbers{1, 2, 3, 4, 0, 6});
        CHECK(world.gaps().at(0).reason() == v1::CAUSE_CONNECTION_LOST);
    }
}

TEST_CASE("each leg prefers an endpoint of its own") {
    auto config = numbered_config();
    config.urls = {config::SecretText("ws://first/ws"), config::SecretText("ws://second/ws")};
    TwoLegs world(config);
    CHECK(world.venue.at(0).request.url == "ws://first/ws");
    CHECK(world.venue.at(1).request.url == "ws://second/ws");
}

TEST_CASE("messages are the same by the fields that are named, whatever else differs") {
    auto config = numbered_config();
    config.dedupe = {"/s", "/t"};
    TwoLegs world(config);
    world.venue.at(0).say(R"({"s":"A","t":4,"E":100})");
    world.venue.at(1).say(R"({"s":"A","t":4,"E":101})");
    CHECK(world.left() == Numbers{1, 2, 3, 4});
}

TEST_CASE("a leg that falls far behind is opened anew") {
    auto config = numbered_config();
    config.dedupe_window = 10s;
    TwoLegs world(config);
    world.say(0, 4);
    world.timers.advance(6s);
    world.say(1, 4);
    CHECK(world.is_closed(1));
    CHECK_FALSE(world.is_closed(0));
}

TEST_CASE("what a consumer sends upstream goes out once") {
    TwoLegs world;
    const auto before = world.venue.at(0).sent.size() + world.venue.at(1).sent.size();
    world.connection->send("hello", false, [](const relay::Outcome&) {});
    CHECK(world.venue.at(0).sent.size() + world.venue.at(1).sent.size() == before + 1);
}

TEST_CASE("a leg that stood still is not believed when it goes on: what it brings has left, and is forgotten") {
    TwoLegs world;
    for (int number = 4; number < 24; ++number) {
        world.say(0, number);
        world.timers.advance(1s);
    }
    world.say(1, 4);
    world.say(0, 24);
    CHECK(world.is_closed(1));
    Numbers expected;
    for (int number = 1; number <= 24; ++number)
        expected.push_back(number);
    CHECK(world.left() == expected);
}

TEST_CASE("a leg that has failed beside one that is connected is revived by command") {
    auto config = numbered_config();
    config.network.max_retries = 1;
    TwoLegs world(config);
    world.venue.at(0).end({.cause = core::Cause::ConnectionLost});
    while (world.status().sockets(0).status() != v1::CONNECTION_STATE_FAILED) {
        world.timers.advance(1s);
        if (world.venue.last().handler && !world.venue.last().open)
            world.venue.last().end({.cause = core::Cause::ConnectFailed});
    }
    const auto attempts = world.venue.attempts();
    CHECK(world.connection->resume().code == v1::CODE_OK);
    world.timers.advance(2s);
    CHECK(world.venue.attempts() == attempts + 1);
    CHECK_FALSE(world.is_closed(1));
}

TEST_CASE("replies to subscriptions are equal on every socket, and are no copies of each other") {
    TwoLegs world;
    world.venue.at(0).say(R"({"result":null})");
    world.timers.advance(8s);
    for (int i = 0; i < 20; ++i)
        world.venue.at(1).say(R"({"result":null})");
    CHECK_FALSE(world.is_closed(0));
    CHECK_FALSE(world.is_closed(1));
    CHECK(world.sink.of(v1::KIND_DATA, "data/demo/unrouted/").size() == 21);
}

TEST_CASE("where numbers only grow, a loss that cannot be disproved is told") {
    auto config = numbered_config();
    config.sequence.step = 0;
    TwoLegs world(config);
    world.venue.at(0).end({.cause = core::Cause::ConnectionLost});
    const auto joined = world.venue.attempts();
    world.timers.advance(2s);
    world.accept(joined);
    world.say(1, 4);
    world.venue.at(1).end({.cause = core::Cause::ConnectionLost});
    world.say(joined, 50);
    CHECK(world.left() == Numbers{1, 2, 3, 4, 0, 50});
}

TEST_CASE("what the joining leg has and the other one has missed leaves in its place") {
    TwoLegs world;
    world.venue.at(0).end({.cause = core::Cause::ConnectionLost});
    const auto joined = world.venue.attempts();
    world.timers.advance(2s);
    world.accept(joined);
    world.say(joined, 5);
    world.say(joined, 6);
    world.say(1, 4);
    world.say(1, 8);
    world.say(joined, 7);
    CHECK(world.left() == Numbers{1, 2, 3, 4, 5, 6, 0, 8});
}
