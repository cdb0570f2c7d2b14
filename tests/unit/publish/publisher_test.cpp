#include "publish/publisher.hpp"

#include "world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using fairlead::support::World;

namespace {

publish::Origin origin(World& world, std::uint32_t session = 1) {
    return {.received = world.clock.wall(), .session = session};
}

v1::ConnectionEvent connected() {
    v1::ConnectionEvent event;
    event.set_state(v1::CONNECTION_STATE_CONNECTED);
    return event;
}

}  // namespace

TEST_CASE("each topic counts its data, state and gaps from 1 in one sequence") {
    World world;
    auto& group = world.publisher.open_group("x", {.max_topics = 10});
    auto& a = group.data_topic("a");
    auto& b = group.data_topic("b");
    world.publisher.data(a, {.bytes = "one"}, origin(world));
    world.publisher.data(b, {.bytes = "two"}, origin(world));
    group.announce(connected(), {.tell = true}, 1);
    world.publisher.gap(a, {}, 1);
    world.publisher.data(a, {.bytes = "three"}, origin(world));

    const auto on_a = world.sink.on("data/x/a/");
    REQUIRE(on_a.size() == 4);
    CHECK(support::has_no_holes(on_a));
    CHECK(on_a[1].header.kind() == v1::KIND_STATE);
    CHECK(on_a[2].header.kind() == v1::KIND_GAP);
    CHECK(on_a[3].payload == "three");
    CHECK(on_a[3].header.sequence() == 4);
    CHECK(on_a[3].header.epoch() == 77);
    CHECK(support::has_no_holes(world.sink.on("data/x/b/")));
    CHECK(world.sink.on("state/x/").size() == 1);
}

TEST_CASE("text and binary are told apart, and the payload is untouched") {
    World world;
    auto& topic = world.publisher.open_group("x", {.max_topics = 10}).data_topic("all");
    const std::string bytes("\0\xff{}", 4);
    world.publisher.data(topic, {.bytes = bytes, .binary = true}, origin(world, 7));
    world.publisher.data(topic, {.bytes = "text"}, origin(world, 7));
    const auto messages = world.sink.on("data/x/all/");
    CHECK(messages[0].header.flags() == v1::FLAG_BINARY);
    CHECK(messages[0].payload == bytes);
    CHECK(messages[0].header.session() == 7);
    CHECK(messages[0].header.receive_time_ns() ==
          static_cast<std::uint64_t>(world.clock.wall().time_since_epoch().count()));
    CHECK(messages[1].header.flags() == v1::FLAG_NONE);
}

TEST_CASE("an outage is told once on every topic, just before its next message") {
    World world;
    auto& group = world.publisher.open_group("x", {.max_topics = 10});
    auto& a = group.data_topic("a");
    auto& b = group.data_topic("b");
    group.begin_outage({.from_ns = 5, .reason = v1::CAUSE_CONNECTION_LOST, .detail = "gone"});
    group.begin_outage({.from_ns = 9, .reason = v1::CAUSE_TIMEOUT});
    world.publisher.data(a, {.bytes = "first"}, origin(world, 2));
    world.publisher.data(a, {.bytes = "second"}, origin(world, 2));

    const auto on_a = world.sink.on("data/x/a/");
    REQUIRE(on_a.size() == 3);
    const auto gap = on_a[0].as<v1::Gap>();
    CHECK(gap.cause() == v1::GAP_CAUSE_UPSTREAM);
    CHECK(gap.from_ns() == 5);  // the topic has been incomplete since the first outage
    CHECK(gap.to_ns() == on_a[1].header.receive_time_ns());
    CHECK(gap.reason() == v1::CAUSE_CONNECTION_LOST);
    CHECK(gap.detail() == "gone");
    CHECK(world.sink.on("data/x/b/").empty());
    world.publisher.data(b, {.bytes = "late"}, origin(world, 2));
    CHECK(world.sink.of(v1::KIND_GAP, "data/x/b/").size() == 1);
}

TEST_CASE("a silent topic beats ever more rarely, at least every 30 s; a state topic every time") {
    World world;
    auto& group = world.publisher.open_group("x", {.max_topics = 10});
    auto& topic = group.data_topic("a");
    group.set_liveness(0, v1::LIVENESS_LIVE);
    world.publisher.data(topic, {.bytes = "x"}, origin(world));
    std::vector<int> beats;
    for (int tick = 0; tick < 120; ++tick) {
        const auto before = world.sink.of(v1::KIND_HEARTBEAT, "data/x/a/").size();
        world.publisher.tick();
        if (world.sink.of(v1::KIND_HEARTBEAT, "data/x/a/").size() > before) beats.push_back(tick);
    }
    CHECK(beats == std::vector<int>{1, 3, 7, 15, 31, 61, 91});
    CHECK(world.sink.of(v1::KIND_HEARTBEAT, "state/x/").size() == 120);
    const auto beat = world.sink.of(v1::KIND_HEARTBEAT, "data/x/a/").front();
    CHECK(beat.header.sequence() == 0);
    CHECK(beat.as<v1::Heartbeat>().next_sequence() == 2);
    CHECK(beat.as<v1::Heartbeat>().liveness() == v1::LIVENESS_LIVE);
}

TEST_CASE("a message makes the heartbeats of its topic frequent again") {
    World world;
    auto& topic = world.publisher.open_group("x", {.max_topics = 10}).data_topic("a");
    for (int tick = 0; tick < 20; ++tick)
        world.publisher.tick();
    world.publisher.data(topic, {.bytes = "x"}, origin(world));
    const auto before = world.sink.of(v1::KIND_HEARTBEAT, "data/x/a/").size();
    world.publisher.tick();
    CHECK(world.sink.of(v1::KIND_HEARTBEAT, "data/x/a/").size() == before);
    world.publisher.tick();
    CHECK(world.sink.of(v1::KIND_HEARTBEAT, "data/x/a/").size() == before + 1);
}

TEST_CASE("a newcomer's prefix gets heartbeats of the topics that match, as a baseline") {
    World world;
    auto& group = world.publisher.open_group("x", {.max_topics = 10});
    world.publisher.data(group.data_topic("a"), {.bytes = "1"}, origin(world));
    group.data_topic("b");
    world.publisher.open_group("xy", {.max_topics = 10}).data_topic("a");
    world.sink.messages.clear();
    world.publisher.baseline("data/x/");
    REQUIRE(world.sink.messages.size() == 2);
    CHECK(world.sink.on("data/x/a/").front().as<v1::Heartbeat>().next_sequence() == 2);
    CHECK(world.sink.on("data/x/b/").front().as<v1::Heartbeat>().next_sequence() == 1);
}

TEST_CASE("baselines are limited until the next tick") {
    World world;
    auto& group = world.publisher.open_group("x", {.max_topics = 3'000});
    for (int i = 0; i < 2'500; ++i)
        group.data_topic(std::to_string(i));
    world.publisher.baseline("");
    CHECK(world.sink.messages.size() == publish::Publisher::kMaxBaseline);
    CHECK(world.publisher.counters().baselines_refused == 501);
    world.publisher.tick();
    world.sink.messages.clear();
    world.publisher.baseline("data/x/7/");
    CHECK(world.sink.messages.size() == 1);
}

TEST_CASE("a connection that comes back in the same epoch goes on with its numbers") {
    World world;
    auto& first = world.publisher.open_group("x", {.max_topics = 10});
    world.publisher.data(first.data_topic("a"), {.bytes = "1"}, origin(world));
    first.announce(connected(), {.tell = true}, 1);
    world.publisher.close_group(first, v1::END_CODE_REMOVED);
    const auto end = world.sink.of(v1::KIND_END, "data/x/a/").front();
    CHECK(end.header.sequence() == 0);
    CHECK(end.as<v1::End>().code() == v1::END_CODE_REMOVED);
    CHECK(end.as<v1::End>().next_sequence() == 3);

    auto& second = world.publisher.open_group("x", {.max_topics = 10});
    world.publisher.data(second.data_topic("a"), {.bytes = "2"}, origin(world));
    second.announce(connected(), {.tell = false}, 1);
    CHECK(support::has_no_holes(world.sink.on("data/x/a/")));
    CHECK(support::has_no_holes(world.sink.on("state/x/")));
    CHECK(world.publisher.topics() == 2);
}

TEST_CASE("channels beyond the bound, and those that cannot be topics, go to `unrouted`") {
    World world;
    auto& group = world.publisher.open_group("x", {.max_topics = 2});
    auto& a = group.data_topic("a");
    group.data_topic("b");
    auto& c = group.data_topic("c");
    CHECK(&c == &group.unrouted());
    CHECK(&group.data_topic(std::string(300, 'x')) == &c);
    CHECK(&group.data_topic("") == &c);
    CHECK(&group.data_topic("a") == &a);
    CHECK(c.name == "data/x/unrouted/");
    CHECK(group.size() == 3);
}

TEST_CASE("a message that was assembled is moved if it is large, else copied, and the journal counts what is held") {
    constexpr std::size_t kRoom = 100'000;
    for (const std::size_t size : {100U, 8'191U, 8'192U, 50'000U}) {
        CAPTURE(size);
        World world({.messages_per_topic = 10, .max_bytes = std::uint64_t{1} << 20});
        auto& topic = world.publisher.open_group("x", {.max_topics = 10}).data_topic("all");
        std::string assembled(size, 'x');
        assembled.reserve(kRoom);
        world.publisher.data(topic, {.bytes = assembled, .assembled = &assembled}, origin(world));
        world.publisher.data(topic, {.bytes = "short"}, origin(world));
        const bool is_large = size >= 8'192;
        CHECK(world.sink.moved == (is_large ? 1 : 0));
        const auto held = (is_large ? kRoom : size) + std::string_view("short").size();
        CHECK(world.publisher.journal().counters().bytes == held + 2 * publish::Journal::kEntryBytes);
    }
}

TEST_CASE("episodes of slow consumers are counted") {
    World world;
    auto& topic = world.publisher.open_group("x", {.max_topics = 10}).data_topic("all");
    world.publisher.data(topic, {.bytes = "1"}, origin(world));
    world.sink.slow = true;
    world.publisher.data(topic, {.bytes = "2"}, origin(world));
    world.sink.slow = false;
    world.publisher.data(topic, {.bytes = "3"}, origin(world));
    CHECK(world.publisher.counters().slow_consumer_episodes == 1);
    CHECK(world.publisher.counters().published == 3);
}

TEST_CASE("what a removed connection missed is told when it comes back in the same epoch") {
    World world;
    auto& first = world.publisher.open_group("x", {.max_topics = 10});
    world.publisher.data(first.data_topic("a"), {.bytes = "1"}, origin(world));
    first.data_topic("never used");
    world.publisher.close_group(first, v1::END_CODE_REMOVED);
    auto& second = world.publisher.open_group("x", {.max_topics = 10});
    world.publisher.data(second.data_topic("a"), {.bytes = "2"}, origin(world));
    world.publisher.data(second.data_topic("never used"), {.bytes = "2"}, origin(world));
    const auto gaps = world.sink.of(v1::KIND_GAP, "data/x/a/");
    REQUIRE(gaps.size() == 1);
    CHECK(gaps[0].as<v1::Gap>().reason() == v1::CAUSE_COMMAND);
    CHECK(world.sink.of(v1::KIND_GAP, "data/x/never%20used/").empty());
}

TEST_CASE("closed topics that are remembered no more never get a number twice") {
    World world;
    auto& many = world.publisher.open_group("many", {.max_topics = 200'000});
    for (std::size_t i = 0; i <= publish::Publisher::kMaxRetired; ++i)
        world.publisher.data(many.data_topic(std::to_string(i)), {.bytes = "x"}, origin(world));
    world.publisher.close_group(many, v1::END_CODE_REMOVED);
    world.sink.messages.clear();
    auto& again = world.publisher.open_group("many", {.max_topics = 200'000});
    for (std::size_t i = 0; i <= publish::Publisher::kMaxRetired; ++i)
        world.publisher.data(again.data_topic(std::to_string(i)), {.bytes = "x"}, origin(world));
    for (const auto& message : world.sink.messages)
        REQUIRE(message.header.sequence() >= 2);
}

TEST_CASE("many topics that fell silent together do not beat all at once, but each in time") {
    World world;
    auto& group = world.publisher.open_group("x", {.max_topics = 10'000});
    for (int i = 0; i < 10'000; ++i)
        group.data_topic(std::to_string(i));
    std::map<std::string, int> beats;
    std::size_t most = 0;
    for (int tick = 0; tick < 120; ++tick) {
        world.sink.messages.clear();
        world.publisher.tick();
        most = std::max(most, world.sink.messages.size());
        for (const auto& message : world.sink.messages)
            ++beats[message.topic];
    }
    CHECK(most < 4'000);
    CHECK(beats.size() == 10'001);
    for (const auto& [topic, count] : beats)
        REQUIRE(count >= 3);
}
