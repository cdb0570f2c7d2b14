// Streams to clients that read slowly, stop, or go: in simulated time.
#include "control/replay_streams.hpp"

#include "fake_reply_stream.hpp"
#include "world.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using control::ReplayStreams;
using Client = support::FakeReplyStream::Client;

namespace {

struct World : support::World {
    World()
        : support::World({.messages_per_topic = 100, .max_bytes = 1 << 20}),
          topic(publisher.open_group("x", {}).data_topic("a")) {}

    void data(int count) {
        for (int i = 0; i < count; ++i)
            publisher.data(topic, {.bytes = std::to_string(topic.next_sequence)}, {.received = clock.wall()});
    }
    ReplayStreams::Asker asker(const std::shared_ptr<Client>& client, std::uint64_t id,
                               const std::string& connection = "c", const std::string& peer = "p") {
        return {.peer = peer,
                .request_id = id,
                .body_hash = 1,
                .out = std::make_unique<support::FakeReplyStream>(client, connection)};
    }
    // A replay of everything.
    std::shared_ptr<Client> begin(std::uint64_t id = 1, std::size_t room = 1'000'000, const std::string& peer = "p") {
        auto client = std::make_shared<Client>();
        client->room = room;
        const control::ReplayCursor cursor(0, 0, publisher.past_of(topic.name)->held);
        streams.begin(
            asker(client, id, "c", peer), "reply",
            std::make_unique<control::TopicReplay>(control::Past{publisher, clock}, id, topic.name, cursor, false));
        return client;
    }
    void finish() {
        while (streams.advance())
            continue;
    }

    ReplayStreams streams{clock, timers};
    publish::Topic& topic;
};

// The numbers that a client got, and the code of END; 0 when there is none.
std::pair<std::vector<std::uint64_t>, int> seen(const Client& client) {
    std::vector<std::uint64_t> numbers;
    int code = 0;
    for (const auto& message : client.messages) {
        CHECK(code == 0);  // nothing comes behind END
        if (message.header.kind() == v1::KIND_END)
            code = message.as<v1::End>().code();
        else
            numbers.push_back(message.header.sequence());
    }
    return {numbers, code};
}

std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> result;
    for (; first <= last; ++first)
        result.push_back(first);
    return result;
}

}  // namespace

TEST_CASE("the reply comes at once, then the messages as they were, then END") {
    World world;
    world.data(3);
    const auto live = world.sink.on(world.topic.name);
    const auto client = world.begin(9);
    CHECK(client->replies == std::vector<std::string>{"reply"});
    CHECK(client->messages.empty());
    CHECK(world.streams.active() == 1);
    CHECK_FALSE(world.streams.advance());
    CHECK(world.streams.active() == 0);
    REQUIRE(client->messages.size() == 4);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto& message = client->messages[i];
        CHECK(message.topic == "data/x/a/");
        CHECK(message.payload == live[i].payload);
        CHECK(message.header.sequence() == i + 1);
        CHECK(message.header.flags() == v1::FLAG_REPLAYED);
        CHECK(message.header.request_id() == 9);
        CHECK(message.header.receive_time_ns() == live[i].header.receive_time_ns());
    }
    const auto& end = client->messages.back();
    CHECK(end.topic == "data/x/a/");
    CHECK(end.header.request_id() == 9);
    CHECK(end.header.sequence() == 0);
    CHECK(end.as<v1::End>().code() == v1::END_CODE_OK);
    CHECK(end.as<v1::End>().next_sequence() == 4);
    CHECK(end.as<v1::End>().oldest_sequence() == 1);
    CHECK(world.streams.messages() == 3);
    CHECK(world.streams.abandoned() == 0);
}

TEST_CASE("a turn of the loop sends a few messages only, shared by the streams") {
    World world;
    world.data(100);
    const auto first = world.begin(1);
    const auto second = world.begin(2);
    CHECK(world.streams.advance());
    CHECK(first->messages.size() == ReplayStreams::kMessagesPerTurn / 2);
    CHECK(second->messages.size() == ReplayStreams::kMessagesPerTurn / 2);
    world.finish();
    CHECK(seen(*first) == std::pair{numbers(1, 100), static_cast<int>(v1::END_CODE_OK)});
    CHECK(seen(*second) == seen(*first));
}

TEST_CASE("a client whose queue is full is left alone for a moment, and loses nothing") {
    World world;
    world.data(10);
    const auto slow = world.begin(1, 4);
    const auto fast = world.begin(2);
    world.finish();
    CHECK(seen(*fast) == std::pair{numbers(1, 10), static_cast<int>(v1::END_CODE_OK)});
    CHECK(seen(*slow) == std::pair{numbers(1, 3), 0});
    const auto attempts = slow->attempts;
    CHECK_FALSE(world.streams.advance());
    CHECK(slow->attempts == attempts);
    world.timers.advance(ReplayStreams::kRetry);
    slow->room = 100;
    world.finish();
    CHECK(seen(*slow) == std::pair{numbers(1, 10), static_cast<int>(v1::END_CODE_OK)});
    CHECK(world.timers.armed() == 0);
}

TEST_CASE("a reply that finds no room comes later, before the messages") {
    World world;
    world.data(2);
    const auto client = world.begin(1, 0);
    CHECK(client->replies.empty());
    CHECK(world.streams.look(world.asker(client, 1)) == ReplayStreams::Seen::Repeated);
    CHECK(client->replies.empty());
    client->room = 100;
    world.timers.advance(ReplayStreams::kRetry);
    world.finish();
    CHECK(client->replies.size() == 1);
    CHECK(seen(*client) == std::pair{numbers(1, 2), static_cast<int>(v1::END_CODE_OK)});
}

TEST_CASE("what is forgotten while a client does not read is told: it goes on at the oldest, TRUNCATED") {
    World world;
    world.data(10);
    const auto client = world.begin(1, 4);
    world.finish();
    world.data(95);  // of 105 the last 100 are held: 6 to 105
    client->room = 100;
    world.timers.advance(ReplayStreams::kRetry);
    world.finish();
    auto expected = numbers(1, 3);
    for (const auto number : numbers(6, 10))
        expected.push_back(number);
    CHECK(seen(*client) == std::pair{expected, static_cast<int>(v1::END_CODE_TRUNCATED)});
    CHECK(client->messages.back().as<v1::End>().oldest_sequence() == 6);
    CHECK(client->messages.back().as<v1::End>().next_sequence() == 106);
}

TEST_CASE("a client that has gone is given up, also when its topic has gone before") {
    World world;
    world.data(100);
    const auto client = world.begin(1);
    world.streams.advance();
    client->gone = true;
    CHECK_FALSE(world.streams.advance());
    CHECK(world.streams.active() == 0);
    CHECK(world.streams.abandoned() == 1);
}

TEST_CASE("a client that makes no room for a minute is given up; one that reads a little is not") {
    World world;
    world.data(50);
    const auto dead = world.begin(1, 3);
    const auto slow = world.begin(2, 3);
    world.finish();
    for (int second = 0; second < 70; ++second) {
        if (second % 30 == 10) slow->room = 1;
        for (int retry = 0; retry < 10; ++retry) {
            world.timers.advance(100ms);
            world.streams.advance();
        }
        if (second == 58) CHECK(world.streams.abandoned() == 0);
    }
    CHECK(world.streams.abandoned() == 1);
    CHECK(world.streams.active() == 1);
    CHECK(seen(*dead).first == numbers(1, 2));
    CHECK(seen(*slow).first == numbers(1, 4));
}

TEST_CASE("a stream that has just begun, or has more to send, keeps the loop from waiting; a parked one does not") {
    World world;
    world.data(static_cast<int>(ReplayStreams::kMessagesPerTurn) + 1);
    CHECK_FALSE(world.streams.has_runnable());
    const auto client = world.begin(1, ReplayStreams::kMessagesPerTurn + 1);
    CHECK(world.streams.has_runnable());
    CHECK(world.streams.advance());
    CHECK(world.streams.has_runnable());
    CHECK_FALSE(world.streams.advance());
    CHECK_FALSE(world.streams.has_runnable());  // its queue is full
    CHECK(world.streams.active() == 1);
    world.timers.advance(ReplayStreams::kRetry);
    CHECK(world.streams.has_runnable());
}

TEST_CASE("at shutdown every stream is told that the rest does not come, where there is room for it") {
    World world;
    world.data(100);
    const auto replay = world.begin(1);
    const auto snapshot = std::make_shared<Client>();
    world.streams.begin(world.asker(snapshot, 2), "reply",
                        std::make_unique<control::SnapshotReplay>(control::Past{world.publisher, world.clock}, 2,
                                                                  control::TopicWalk({})));
    const auto late = world.begin(3, 0);
    const auto full = world.begin(4, 1);
    world.streams.advance();
    late->room = 2;
    world.streams.shut_down();
    CHECK(world.streams.active() == 0);
    CHECK_FALSE(world.streams.has_runnable());
    CHECK(seen(*replay).second == v1::END_CODE_SHUTDOWN);
    CHECK(replay->messages.back().topic == "data/x/a/");
    CHECK(replay->messages.back().header.request_id() == 1);
    CHECK(replay->messages.back().as<v1::End>().next_sequence() == 101);
    CHECK(replay->messages.back().as<v1::End>().oldest_sequence() == 1);
    CHECK(late->replies.size() == 1);
    CHECK(seen(*late) == std::pair{numbers(1, 0), static_cast<int>(v1::END_CODE_SHUTDOWN)});
    CHECK(seen(*full) == std::pair{numbers(1, 0), 0});
    CHECK(world.streams.abandoned() == 1);
    // The snapshot had come to its end before.
    CHECK(snapshot->messages.back().as<v1::End>().code() == v1::END_CODE_OK);
}

TEST_CASE("a snapshot that is cut off by a shutdown says so on system/") {
    World world;
    world.data(1);
    const auto client = std::make_shared<Client>();
    world.streams.begin(world.asker(client, 2), "reply",
                        std::make_unique<control::SnapshotReplay>(control::Past{world.publisher, world.clock}, 2,
                                                                  control::TopicWalk({})));
    world.streams.shut_down();
    REQUIRE(client->messages.size() == 1);
    CHECK(client->messages[0].topic == "system/");
    CHECK(client->messages[0].as<v1::End>().code() == v1::END_CODE_SHUTDOWN);
}

TEST_CASE("a topic that is closed on the way is sent to its end") {
    World world;
    world.data(50);
    const auto client = world.begin();
    world.streams.advance();
    world.publisher.close_group(world.topic.group, v1::END_CODE_REMOVED);
    world.finish();
    CHECK(seen(*client) == std::pair{numbers(1, 50), static_cast<int>(v1::END_CODE_OK)});
}

TEST_CASE("a request that is repeated gets its reply again, not a second stream") {
    World world;
    world.data(5);
    const auto client = world.begin(7);
    CHECK(world.streams.look(world.asker(client, 7)) == ReplayStreams::Seen::Repeated);
    CHECK(client->replies.size() == 2);
    CHECK(world.streams.active() == 1);
    auto other = world.asker(client, 7);
    other.body_hash = 2;
    CHECK(world.streams.look(other) == ReplayStreams::Seen::OtherRequest);
    CHECK(world.streams.look(world.asker(client, 8)) == ReplayStreams::Seen::New);
    CHECK(world.streams.look(world.asker(client, 7, "another connection")) == ReplayStreams::Seen::New);
    world.finish();
    CHECK(world.streams.look(world.asker(client, 7)) == ReplayStreams::Seen::New);
}

TEST_CASE("there is room for so many streams of one client, and in all") {
    World world;
    world.data(1);
    std::uint64_t id = 0;
    for (std::size_t i = 0; i < ReplayStreams::kMaxOfPeer; ++i)
        world.begin(++id, 1'000, "greedy");
    CHECK_FALSE(world.streams.has_room("greedy"));
    CHECK(world.streams.has_room("modest"));
    while (world.streams.active() < ReplayStreams::kMaxStreams) {
        ++id;
        world.begin(id, 1'000, std::to_string(id));
    }
    CHECK_FALSE(world.streams.has_room("modest"));
    world.finish();
    CHECK(world.streams.has_room("greedy"));
}

TEST_CASE("a snapshot tells each topic's last message and a heartbeat, then END on system/") {
    World world;
    world.data(2);
    auto& group = world.topic.group;
    group.data_topic("empty");
    group.set_liveness(0, v1::LIVENESS_LIVE);
    group.announce({}, {.tell = true}, 1);
    const auto client = std::make_shared<Client>();
    world.streams.begin(world.asker(client, 3), "reply",
                        std::make_unique<control::SnapshotReplay>(control::Past{world.publisher, world.clock}, 3,
                                                                  control::TopicWalk({})));
    // One message at a time: nothing may be told twice or left out for want of room.
    client->room = 0;
    for (int i = 0; i < 20; ++i) {
        world.timers.advance(ReplayStreams::kRetry);
        world.finish();
        client->room = 1;
    }
    std::vector<std::string> told;
    for (const auto& message : client->messages) {
        CHECK(message.header.request_id() == 3);
        told.push_back(message.topic + " " + v1::Kind_Name(message.header.kind()) + " " +
                       std::to_string(message.header.sequence()) + " " + std::to_string(message.header.flags()));
    }
    CHECK(told == std::vector<std::string>{"data/x/a/ KIND_DATA 2 2", "data/x/a/ KIND_HEARTBEAT 0 0",
                                           "data/x/empty/ KIND_HEARTBEAT 0 0", "state/x/ KIND_STATE 1 2",
                                           "state/x/ KIND_HEARTBEAT 0 0", "system/ KIND_END 0 0"});
    CHECK(client->messages[1].as<v1::Heartbeat>().next_sequence() == 4);
    CHECK(client->messages[1].as<v1::Heartbeat>().liveness() == v1::LIVENESS_LIVE);
    CHECK(client->messages.back().as<v1::End>().code() == v1::END_CODE_OK);
}

TEST_CASE("a connection that is removed during its snapshot ends it well") {
    World world;
    world.data(2);
    const auto client = std::make_shared<Client>();
    client->room = 2;  // the reply, and the first value
    world.streams.begin(world.asker(client, 3), "reply",
                        std::make_unique<control::SnapshotReplay>(control::Past{world.publisher, world.clock}, 3,
                                                                  control::TopicWalk({})));
    world.finish();
    world.publisher.close_group(world.topic.group, v1::END_CODE_REMOVED);
    client->room = 10;
    world.timers.advance(ReplayStreams::kRetry);
    world.finish();
    REQUIRE(client->messages.size() == 2);
    CHECK(client->messages.back().topic == "system/");
    CHECK(world.streams.active() == 0);
}
