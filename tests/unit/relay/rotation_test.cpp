// Make-before-break: a new socket takes over from one that still works.
#include "live_connection.hpp"

using namespace std::chrono_literals;
using namespace fairlead;
using support::LiveConnection;
using support::numbered_config;

namespace {

using Numbers = std::vector<int>;

// One socket that has delivered 1 to 3.
struct Rotating : LiveConnection {
    explicit Rotating(const config::ConnectionConfig& config = numbered_config()) : LiveConnection(config) {
        accept(0);
        for (int number = 1; number <= 3; ++number)
            say(0, number);
        timers.advance(2s);
    }
};

}  // namespace

TEST_CASE("the new socket is opened and subscribed beside the old one, which goes on") {
    Rotating world;
    CHECK(world.connection->rotate().code == v1::CODE_OK);
    REQUIRE(world.venue.attempts() == 2);
    world.say(0, 4);
    world.accept(1);
    CHECK(world.venue.at(1).sent.size() == 1);
    CHECK(world.venue.at(1).sent[0].first == "SUB a");
    world.say(0, 5);
    CHECK_FALSE(world.is_closed(0));
    CHECK(world.left() == Numbers{1, 2, 3, 4, 5});
}

TEST_CASE("copies of the new socket do not leave; when it has caught up the old one is closed, without a gap") {
    Rotating world;
    world.connection->rotate();
    world.accept(1);
    for (int number = 4; number <= 6; ++number) {
        world.say(0, number);
        world.say(1, number);
    }
    CHECK_FALSE(world.is_closed(0));
    for (const std::size_t socket : {0U, 1U})
        world.venue.at(socket).handler->on_inflated({.compressed_bytes = 10});
    world.timers.advance(500ms);
    CHECK(world.is_closed(0));
    CHECK(world.venue.at(0).closed_with == 1000);
    CHECK(world.status().compressed_bytes() == 20);
    world.say(1, 7);
    CHECK(world.left() == Numbers{1, 2, 3, 4, 5, 6, 7});
    CHECK(world.status().rotations() == 1);
    CHECK(world.status().duplicates_dropped() == 3);
    CHECK(world.connection->state() == core::ConnectionState::Connected);
    // In-band there is nothing to see of it but the session.
    const auto messages = world.sink.on("data/demo/A/");
    for (const auto& message : messages)
        CHECK(message.header.kind() == v1::KIND_DATA);
    CHECK(messages.front().header.session() == 1);
    CHECK(messages.back().header.session() == 2);
    const auto told = world.events("state/demo/").back();
    CHECK(told.state() == v1::CONNECTION_STATE_CONNECTED);
    CHECK(told.previous() == v1::CONNECTION_STATE_CONNECTED);
    CHECK(told.ready());
    CHECK(support::has_no_holes(world.sink.on("state/demo/")));
}

TEST_CASE("a new socket that is ahead waits for the old one to come up to it") {
    Rotating world;
    world.connection->rotate();
    world.accept(1);
    world.say(1, 6);
    world.say(1, 7);
    CHECK(world.left() == Numbers{1, 2, 3});
    world.say(0, 4);
    world.say(0, 5);
    world.say(0, 6);
    CHECK(world.left() == Numbers{1, 2, 3, 4, 5, 6, 7});
    world.say(0, 7);
    world.timers.advance(500ms);
    world.say(1, 8);
    CHECK(world.left() == Numbers{1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(world.is_closed(0));
}

TEST_CASE("nothing waits for long: what the old socket never brings leaves after a second, and the hole is told") {
    Rotating world;
    world.connection->rotate();
    world.accept(1);
    world.say(1, 6);
    world.timers.advance(1100ms);
    CHECK(world.left() == Numbers{1, 2, 3, 0, 6});
    REQUIRE(world.gaps().size() == 1);
    CHECK(world.gaps()[0].venue_sequence_before() == 3);
    CHECK(world.gaps()[0].venue_sequence_after() == 6);
    CHECK(world.gaps()[0].count() == 2);
}

TEST_CASE("a topic that was active must be seen on the new socket, or is given up after `overlap` and owes a gap") {
    auto config = numbered_config();
    config.rotation.overlap = 5s;
    config.sequence = {};
    Rotating world(config);
    world.say(0, 1, "B");
    world.connection->rotate();
    world.accept(1);
    for (int number = 4; number <= 5; ++number) {
        world.say(0, number);
        world.say(1, number);
        world.say(0, number, "B");
    }
    world.timers.advance(4s);
    CHECK_FALSE(world.is_closed(0));
    world.timers.advance(1500ms);
    CHECK(world.is_closed(0));
    world.say(1, 6);
    world.say(1, 6, "B");
    CHECK(world.left() == Numbers{1, 2, 3, 4, 5, 6});
    CHECK(world.left("B") == Numbers{1, 4, 5, 0, 6});
    CHECK(world.gaps("B").at(0).reason() == v1::CAUSE_ROTATION);
}

TEST_CASE("a venue number that follows proves that nothing was lost, and no gap is told") {
    auto config = numbered_config();
    config.rotation.overlap = 5s;
    Rotating world(config);
    world.say(0, 1, "B");
    world.connection->rotate();
    world.accept(1);
    world.say(0, 4);
    world.say(1, 4);
    world.say(0, 2, "B");
    world.timers.advance(6s);
    CHECK(world.is_closed(0));
    world.say(1, 3, "B");
    CHECK(world.left("B") == Numbers{1, 2, 3});
}

TEST_CASE("a new socket that is refused changes nothing; the old one goes on") {
    Rotating world;
    world.connection->rotate();
    world.venue.at(1).end({.cause = core::Cause::UpgradeRefused, .http_status = 503});
    world.say(0, 4);
    world.timers.advance(60s);
    world.say(0, 5);
    CHECK(world.left() == Numbers{1, 2, 3, 4, 5});
    CHECK(world.status().rotations_failed() == 1);
    CHECK(world.venue.attempts() == 2);
    CHECK_FALSE(world.is_closed(0));
}

TEST_CASE("the old socket dies in the middle: the new one takes over at once") {
    Rotating world;
    world.connection->rotate();
    world.accept(1);
    world.say(0, 4);
    world.say(1, 4);
    world.venue.at(0).end({.cause = core::Cause::ConnectionLost});
    CHECK(world.connection->state() == core::ConnectionState::Connected);
    world.say(1, 5);
    CHECK(world.left() == Numbers{1, 2, 3, 4, 5});
    CHECK(world.events("data/demo/A/").empty());
    const auto told = world.events("state/demo/");
    CHECK(told.back().cause() == v1::CAUSE_CONNECTION_LOST);
    CHECK(told.back().state() == v1::CONNECTION_STATE_CONNECTED);
}

TEST_CASE("the old socket dies before the new one is open: an outage like any other") {
    Rotating world;
    world.connection->rotate();
    world.venue.at(0).end({.cause = core::Cause::ConnectionLost});
    CHECK(world.connection->state() == core::ConnectionState::Reconnecting);
    CHECK(world.is_closed(1));
    world.timers.advance(2s);
    REQUIRE(world.venue.attempts() == 3);
    world.accept(2);
    world.say(2, 6);
    CHECK(world.left() == Numbers{1, 2, 3, 0, 6});
    CHECK(world.gaps()[0].reason() == v1::CAUSE_CONNECTION_LOST);
    CHECK(world.gaps()[0].count() == 2);
}

TEST_CASE("a socket of the age limit is replaced") {
    auto config = numbered_config();
    config.rotation.max_age = 1h;
    config.rotation.jitter_factor = 0;
    Rotating world(config);
    world.timers.advance(59min + 50s);
    CHECK(world.venue.attempts() == 1);
    world.timers.advance(10s);
    REQUIRE(world.venue.attempts() == 2);
    world.accept(1);
    world.say(0, 4);
    world.say(1, 4);
    world.timers.advance(1s);
    CHECK(world.is_closed(0));
    CHECK(world.left() == Numbers{1, 2, 3, 4});
}

TEST_CASE("a drain notice begins a rotation; the notice itself leaves, too") {
    auto config = numbered_config();
    config.drain = {.field = "/e", .value = "bye"};
    Rotating world(config);
    world.venue.at(0).say(R"({"s":"A","t":4,"e":"bye"})");
    CHECK(world.venue.attempts() == 2);
    CHECK(world.left() == Numbers{1, 2, 3, 4});
}

TEST_CASE("rotations by command are no storm of attempts") {
    Rotating world;
    CHECK(world.connection->rotate().code == v1::CODE_OK);
    CHECK(world.connection->rotate().message.find("under way") != std::string::npos);
    world.venue.at(1).end({.cause = core::Cause::ConnectFailed});
    CHECK(world.connection->rotate().code == v1::CODE_LIMITED);
    CHECK(world.venue.attempts() == 2);
    world.timers.advance(1s);
    CHECK(world.connection->rotate().code == v1::CODE_OK);
    CHECK(world.venue.attempts() == 3);
}

TEST_CASE("a soft reconnect is a rotation, a hard one is an outage") {
    Rotating world;
    CHECK(world.connection->reconnect(/*hard=*/false).code == v1::CODE_OK);
    CHECK(world.venue.attempts() == 2);
    CHECK(world.connection->state() == core::ConnectionState::Connected);
    world.connection->reconnect(/*hard=*/true);
    CHECK(world.is_closed(0));
    CHECK(world.is_closed(1));
    CHECK(world.connection->state() == core::ConnectionState::Reconnecting);
}

TEST_CASE("what is subscribed during a rotation is sent on both sockets") {
    Rotating world;
    world.connection->rotate();
    world.accept(1);
    world.connection->subscribe({"SUB b"}, [](const relay::Outcome&) {});
    CHECK(world.venue.at(0).sent.back().first == "SUB b");
    CHECK(world.venue.at(1).sent.back().first == "SUB b");
}

TEST_CASE("fail over to the next endpoint, and back by rotation when the first has had time to recover") {
    auto config = numbered_config();
    config.urls = {config::SecretText("ws://first/ws"), config::SecretText("ws://second/ws")};
    config.network.max_consecutive_failures = 2;
    config.fail_back_after = 1min;
    LiveConnection world(config);
    CHECK(world.venue.at(0).request.url == "ws://first/ws");
    world.venue.at(0).end({.cause = core::Cause::ConnectFailed});
    world.timers.advance(2s);
    CHECK(world.venue.at(1).request.url == "ws://first/ws");
    world.venue.at(1).end({.cause = core::Cause::ConnectFailed});
    world.timers.advance(4s);
    CHECK(world.venue.at(2).request.url == "ws://second/ws");
    world.accept(2);
    world.say(2, 1);
    CHECK(world.status().url() == "ws://second/ws");
    for (int second = 0; second < 75; ++second) {
        world.connection->tick();
        world.timers.advance(1s);
    }
    REQUIRE(world.venue.attempts() == 4);
    CHECK(world.venue.at(3).request.url == "ws://first/ws");
    world.accept(3);
    world.say(2, 2);
    world.say(3, 2);
    world.timers.advance(1s);
    CHECK(world.is_closed(2));
    CHECK(world.status().url() == "ws://first/ws");
    CHECK(world.left() == Numbers{1, 2});
}

TEST_CASE("a new socket that brings nothing does not take over, however long it is open") {
    auto config = numbered_config();
    config.rotation.overlap = 5s;
    Rotating world(config);
    world.connection->rotate();
    world.accept(1);
    for (int number = 4; number < 14; ++number) {
        world.say(0, number);
        world.timers.advance(1s);
    }
    CHECK_FALSE(world.is_closed(0));
    CHECK(world.is_closed(1));
    CHECK(world.status().rotations_failed() == 1);
}

TEST_CASE("a notice that comes with every connection is no storm of attempts") {
    auto config = numbered_config();
    config.drain = {.field = "/e", .value = "bye"};
    Rotating world(config);
    for (int second = 0; second < 60; ++second) {
        world.venue.last().say(R"({"s":"A","e":"bye"})");
        world.timers.advance(500ms);
        const auto last = world.venue.attempts() - 1;
        if (!world.venue.at(last).open && world.venue.at(last).handler) world.accept(last);
        world.timers.advance(500ms);
    }
    CHECK(world.venue.attempts() <= 6);
}
