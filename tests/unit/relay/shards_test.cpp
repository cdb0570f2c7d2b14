// More subscriptions than one socket may carry, and the venue's own numbers.
#include "live_connection.hpp"

#include <algorithm>

using namespace std::chrono_literals;
using namespace fairlead;
using support::LiveConnection;
using support::numbered_config;

namespace {

using Numbers = std::vector<int>;

config::ConnectionConfig sharded(unsigned subscriptions) {
    auto config = numbered_config();
    config.topics_per_socket = 2;
    config.subscriptions.clear();
    for (unsigned i = 0; i < subscriptions; ++i)
        config.subscriptions.emplace_back(fmt::format("SUB {}", i));
    return config;
}

struct Sharded : LiveConnection {
    Sharded() : LiveConnection(sharded(5)) {
        for (std::size_t socket = 0; socket < 3; ++socket)
            accept(socket);
        say(0, 1, "A");
        say(1, 1, "B");
        say(2, 1, "C");
    }
};

}  // namespace

TEST_CASE("no socket carries more than the venue allows, and each subscription is on one") {
    Sharded world;
    CHECK(world.venue.attempts() == 3);
    std::vector<std::string> sent;
    for (std::size_t socket = 0; socket < 3; ++socket) {
        CHECK(world.venue.at(socket).sent.size() <= 2);
        for (const auto& [text, binary] : world.venue.at(socket).sent)
            sent.push_back(text);
    }
    std::ranges::sort(sent);
    CHECK(sent == std::vector<std::string>{"SUB 0", "SUB 1", "SUB 2", "SUB 3", "SUB 4"});
    CHECK(world.status().ready());
}

TEST_CASE("a dying socket interrupts its own topics only") {
    Sharded world;
    world.venue.at(1).end({.cause = core::Cause::ConnectionLost});
    CHECK(world.events("data/demo/A/").empty());
    CHECK(world.events("data/demo/C/").empty());
    REQUIRE(world.events("data/demo/B/").size() == 1);
    CHECK(world.events("data/demo/B/")[0].state() == v1::CONNECTION_STATE_DISCONNECTED);
    CHECK(world.connection->state() == core::ConnectionState::Connected);
    const auto told = world.events("state/demo/").back();
    CHECK(told.state() == v1::CONNECTION_STATE_CONNECTED);
    CHECK(told.shard() == 1);
    CHECK(told.sockets_connected() == 2);
    CHECK_FALSE(world.status().ready());
    world.timers.advance(2s);
    REQUIRE(world.venue.attempts() == 4);
    world.accept(3);
    world.say(3, 5, "B");
    world.say(0, 2, "A");
    CHECK(world.left("A") == Numbers{1, 2});
    CHECK(world.left("B") == Numbers{1, 0, 5});
    CHECK(world.gaps("B")[0].count() == 3);
    CHECK(world.status().ready());
}

TEST_CASE("the pool grows with the subscriptions and shrinks with them") {
    Sharded world;
    std::string reply;
    world.connection->subscribe({"SUB 5", "SUB 6"}, [&](const relay::Outcome& outcome) { reply = outcome.message; });
    REQUIRE(world.venue.attempts() == 4);
    world.venue.at(2).drain();
    CHECK(reply.find("1 pending, 1 sent") != std::string::npos);
    world.accept(3);
    CHECK(world.venue.at(3).sent.size() == 1);
    CHECK(world.connection->unsubscribe({"SUB 6"}).code == v1::CODE_OK);
    CHECK(world.is_closed(3));
    CHECK(world.status().sockets_size() == 3);
}

TEST_CASE("what a socket has counted is not forgotten when the pool shrinks") {
    Sharded world;
    world.connection->subscribe({"SUB 5", "SUB 6"}, [](const relay::Outcome&) {});
    world.venue.at(3).end({.cause = core::Cause::ConnectFailed});
    for (int i = 0; i < 100 && world.venue.attempts() == 4; ++i)
        world.timers.advance(100ms);
    world.accept(4);
    const auto before = world.status();
    CHECK(before.sockets_size() == 4);
    CHECK(before.reconnect_attempts() == 1);
    CHECK(before.failed_attempts() == 1);
    CHECK(before.successful_connects() == 4);
    CHECK(world.connection->unsubscribe({"SUB 6"}).code == v1::CODE_OK);
    const auto after = world.status();
    CHECK(after.sockets_size() == 3);
    CHECK(after.reconnect_attempts() == 1);
    CHECK(after.failed_attempts() == 1);
    CHECK(after.successful_connects() == 4);
}

TEST_CASE("what was inflated is counted over all sockets, also those that have gone") {
    Sharded world;
    const core::Inflation inflation{.compressed_bytes = 10, .inflated_bytes = 30, .took = 1500us};
    for (std::size_t socket = 0; socket < 3; ++socket)
        world.venue.at(socket).handler->on_inflated(inflation);
    world.venue.at(1).end();
    CHECK(world.connection->unsubscribe({"SUB 4"}).code == v1::CODE_OK);
    REQUIRE(world.status().sockets_size() == 2);
    CHECK(world.status().compressed_bytes() == 30);
    CHECK(world.status().inflated_bytes() == 90);
    CHECK(world.status().inflate_us() == 4'500);
}

TEST_CASE("no socket carries more bytes of subscriptions than the venue allows") {
    auto config = numbered_config();
    config.venue.limits.topic_bytes_per_socket = 10;
    config.subscriptions.clear();
    for (const char* text : {"SUB 0", "SUB 11", "SUB 2", "SUB 33"})
        config.subscriptions.emplace_back(text);
    LiveConnection world(config);
    REQUIRE(world.venue.attempts() == 3);
    for (std::size_t socket = 0; socket < 3; ++socket)
        world.accept(socket);
    const auto texts = [&world](std::size_t socket) {
        std::vector<std::string> sent;
        for (const auto& [text, binary] : world.venue.at(socket).sent)
            sent.push_back(text);
        return sent;
    };
    CHECK(texts(0) == std::vector<std::string>{"SUB 0", "SUB 2"});
    CHECK(texts(1) == std::vector<std::string>{"SUB 11"});
    CHECK(texts(2) == std::vector<std::string>{"SUB 33"});
    CHECK(world.status().ready());

    relay::Outcome outcome;
    const auto keep = [&outcome](const relay::Outcome& one) { outcome = one; };
    world.connection->subscribe({"SUB 4", "SUB and more"}, keep);
    CHECK(outcome.code == v1::CODE_INVALID);
    CHECK(outcome.message.find("`SUB and more…` has 12 bytes, but the venue takes 10 on a socket") == 0);
    std::vector<std::string> many;
    for (int i = 10; i < 75; ++i)
        many.push_back(fmt::format("SUB of {}", i));
    world.connection->subscribe(many, keep);
    CHECK(outcome.code == v1::CODE_LIMITED);
    CHECK(outcome.message.find("64 sockets at most, and the venue takes 10 bytes") != std::string::npos);
    CHECK(world.status().sockets_size() == 3);  // neither left anything behind
    CHECK(world.venue.attempts() == 3);
}

TEST_CASE("a hole in the venue's numbers is told where it is") {
    LiveConnection world(numbered_config());
    world.accept(0);
    for (const int number : {1, 2, 5, 6})
        world.say(0, number);
    CHECK(world.left() == Numbers{1, 2, 0, 5, 6});
    const auto gap = world.gaps().at(0);
    CHECK(gap.cause() == v1::GAP_CAUSE_UPSTREAM);
    CHECK(gap.reason() == v1::CAUSE_VENUE_SEQUENCE);
    CHECK(gap.count() == 2);
    CHECK(gap.venue_sequence_before() == 2);
    CHECK(gap.venue_sequence_after() == 5);
    CHECK(world.status().venue_gaps() == 1);
    CHECK(support::has_no_holes(world.sink.on("data/demo/A/")));
}

TEST_CASE("messages that cover several numbers have a hole where one begins too late") {
    auto config = numbered_config();
    config.sequence = {.field = "/t", .first = "/f", .step = 0};
    LiveConnection world(config);
    world.accept(0);
    world.say(0, 1);
    for (const auto& [first, last] : {std::pair{2, 4}, {4, 6}, {9, 10}})
        world.venue.at(0).say(fmt::format(R"({{"s":"A","f":{},"t":{}}})", first, last));
    CHECK(world.left() == Numbers{1, 4, 6, 0, 10});
    const auto gap = world.gaps().at(0);
    CHECK(gap.reason() == v1::CAUSE_VENUE_SEQUENCE);
    CHECK(gap.count() == 0);  // of messages: nobody knows
    CHECK(gap.venue_sequence_before() == 6);
    CHECK(gap.venue_sequence_after() == 10);
    CHECK(world.status().venue_gaps() == 1);
}

TEST_CASE("a repeat and a straggler of the venue's only socket leave as they came, and are counted") {
    LiveConnection world(numbered_config());
    world.accept(0);
    for (const int number : {1, 2, 2, 3, 1, 4})
        world.say(0, number);
    CHECK(world.left() == Numbers{1, 2, 2, 3, 1, 4});
    CHECK(world.status().venue_repeats() == 1);
    CHECK(world.status().venue_out_of_order() == 1);
    CHECK(world.gaps().empty());
}

TEST_CASE("numbering that begins anew is told as a gap of unknown size") {
    LiveConnection world(numbered_config());
    world.accept(0);
    for (const int number : {5000, 5001, 1, 2})
        world.say(0, number);
    CHECK(world.left() == Numbers{5000, 5001, 0, 1, 2});
    CHECK(world.gaps()[0].count() == 0);
    CHECK(world.status().venue_resets() == 1);
}

TEST_CASE("repair goes from the cheapest step to the next, when holes go on") {
    auto config = numbered_config();
    config.sequence.repair = config::RepairMode::Rotate;
    LiveConnection world(config);
    world.accept(0);
    const auto sent = world.venue.at(0).sent.size();
    world.say(0, 1);
    world.say(0, 3);
    CHECK(world.venue.at(0).sent.size() == sent + 1);  // subscribed again
    CHECK(world.venue.attempts() == 1);
    world.timers.advance(11s);
    world.say(0, 5);
    CHECK(world.venue.attempts() == 2);  // rotated
}

TEST_CASE("after an outage the venue may begin with what was there before, or number anew") {
    LiveConnection world(numbered_config());
    world.accept(0);
    world.say(0, 70);
    world.say(0, 71);
    for (std::size_t socket = 1; socket < 3; ++socket) {
        world.venue.at(socket - 1).end({.cause = core::Cause::ConnectionLost});
        for (int i = 0; i < 100 && world.venue.attempts() == socket; ++i)
            world.timers.advance(1s);
        world.accept(socket);
        world.say(socket, socket == 1 ? 71 : 1);
        world.say(socket, socket == 1 ? 72 : 2);
    }
    CHECK(world.left() == Numbers{70, 71, 0, 71, 72, 0, 1, 2});
}

TEST_CASE("holes in many topics of one socket are repaired once") {
    auto config = numbered_config();
    config.sequence.repair = config::RepairMode::Resubscribe;
    LiveConnection world(config);
    world.accept(0);
    const auto sent = world.venue.at(0).sent.size();
    for (int topic = 0; topic < 50; ++topic) {
        world.say(0, 1, fmt::format("T{}", topic));
        world.say(0, 3, fmt::format("T{}", topic));
    }
    CHECK(world.venue.at(0).sent.size() == sent + 1);
}
