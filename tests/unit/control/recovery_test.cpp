// Replay, Snapshot and ListGaps as requests: pages, the beginning of streams, refusals.
#include "control/recovery.hpp"

#include "control/service.hpp"
#include "fake_reply_stream.hpp"
#include "world.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using support::RecordingSink;
using Client = support::FakeReplyStream::Client;

namespace {

struct Desk : support::World {
    explicit Desk(const publish::JournalSettings& journal = {.messages_per_topic = 2'000, .max_bytes = 8 << 20})
        : support::World(journal), topic(publisher.open_group("x", {}).data_topic("a")) {
        supervisor = std::make_unique<relay::Supervisor>(config, services);
        service = std::make_unique<control::Service>(*supervisor, recovery, clock, [](v1::Status&) {});
    }
    void data(int count, std::size_t bytes = 1) {
        for (int i = 0; i < count; ++i)
            publisher.data(topic, {.bytes = std::string(bytes, 'x')}, {.received = clock.wall()});
    }

    // Of a REQ client.
    v1::Reply ask(const v1::Request& request) {
        v1::Reply reply;
        int replies = 0;
        service->handle("p", request.SerializeAsString(), [&](const std::string& bytes) {
            REQUIRE(reply.ParseFromString(bytes));
            ++replies;
        });
        CHECK(replies == 1);
        CHECK(reply.request_id() == request.request_id());
        return reply;
    }
    // Of a DEALER client; the one Reply, wherever it comes from.
    v1::Reply ask(const v1::Request& request, const std::shared_ptr<Client>& client, const std::string& peer = "p") {
        std::vector<std::string> replies;
        const std::size_t before = client->replies.size();
        service->handle(
            peer, request.SerializeAsString(), [&](const std::string& bytes) { replies.push_back(bytes); },
            std::make_unique<support::FakeReplyStream>(client, "c"));
        replies.insert(replies.end(), client->replies.begin() + static_cast<std::ptrdiff_t>(before),
                       client->replies.end());
        REQUIRE(replies.size() == 1);
        v1::Reply reply;
        REQUIRE(reply.ParseFromString(replies[0]));
        CHECK(reply.request_id() == request.request_id());
        return reply;
    }
    v1::Status status() {
        v1::Request request;
        request.mutable_get_status();
        return ask(request).status();
    }

    control::Recovery recovery{publisher, clock, timers};
    config::Config config;
    std::unique_ptr<relay::Supervisor> supervisor;
    std::unique_ptr<control::Service> service;
    publish::Topic& topic;
};

v1::Request replay(std::uint64_t from = 0, std::uint64_t to = 0, const std::string& topic = "data/x/a/") {
    v1::Request request;
    request.set_request_id(5);
    request.mutable_replay()->set_topic(topic);
    request.mutable_replay()->set_from(from);
    request.mutable_replay()->set_to(to);
    return request;
}

v1::Request stream(v1::Request request, std::uint64_t id = 5) {
    request.set_request_id(id);
    if (request.has_replay()) request.mutable_replay()->set_stream(true);
    if (request.has_snapshot()) request.mutable_snapshot()->set_stream(true);
    return request;
}

v1::Request snapshot(const std::string& after = {}) {
    v1::Request request;
    request.set_request_id(6);
    request.mutable_snapshot()->set_after(after);
    return request;
}

support::Recorded taken_apart(const v1::StreamMessage& message) {
    return RecordingSink::take_apart(message.head(), message.payload());
}

}  // namespace

TEST_CASE("pages of a replay lead from one to the next, and hold every number once") {
    Desk desk;
    desk.data(2'500);  // of which the last 2,000 are held
    auto request = replay(501);
    std::uint64_t expected = 501;
    int pages = 0;
    do {
        const auto reply = desk.ask(request);
        REQUIRE(reply.code() == v1::CODE_OK);
        const auto& result = reply.replay();
        CHECK(result.code() == v1::END_CODE_OK);
        CHECK(result.epoch() == 77);
        CHECK(result.oldest_sequence() == 501);
        CHECK(result.next_sequence() == 2'501);
        for (const auto& message : result.messages()) {
            const auto recorded = taken_apart(message);
            REQUIRE(recorded.header.sequence() == expected++);
            REQUIRE(recorded.header.flags() == v1::FLAG_REPLAYED);
            REQUIRE(recorded.header.request_id() == 5);
        }
        CHECK(result.messages_size() == 1'000);
        request.mutable_replay()->set_from(result.next_from());
        ++pages;
    } while (request.replay().from() != 0);
    CHECK(pages == 2);
    CHECK(expected == 2'501);
    CHECK(desk.status().replays() == 2);
    CHECK(desk.status().replayed_messages() == 2'000);
}

TEST_CASE("a page is bounded in messages and in bytes, and holds at least one") {
    Desk desk;
    desk.data(10, 300'000);
    CHECK(desk.ask(replay()).replay().messages_size() == 3);
    CHECK(desk.ask(replay()).replay().next_from() == 4);
    auto two = replay(1);
    two.mutable_replay()->set_max_messages(2);
    CHECK(desk.ask(two).replay().messages_size() == 2);
    CHECK(desk.ask(two).replay().next_from() == 3);
    desk.data(2, 2'000'000);
    const auto large = desk.ask(replay(11)).replay();
    CHECK(large.messages_size() == 1);
    CHECK(large.messages(0).payload().size() == 2'000'000);
    CHECK(large.next_from() == 12);
    const auto last = desk.ask(replay(12)).replay();
    CHECK(last.messages_size() == 1);
    CHECK(last.next_from() == 0);
}

TEST_CASE("a page says when what was asked for is held no more") {
    Desk desk({.messages_per_topic = 3, .max_bytes = 1 << 20});
    desk.data(10);
    const auto truncated = desk.ask(replay(5)).replay();
    CHECK(truncated.code() == v1::END_CODE_TRUNCATED);
    CHECK(truncated.oldest_sequence() == 8);
    CHECK(truncated.messages_size() == 3);
    const auto gone = desk.ask(replay(1, 4)).replay();
    CHECK(gone.code() == v1::END_CODE_TRUNCATED);
    CHECK(gone.messages_size() == 0);
    CHECK(gone.next_from() == 0);
    CHECK(desk.ask(replay(8)).replay().code() == v1::END_CODE_OK);
    CHECK(desk.ask(replay(11)).replay().code() == v1::END_CODE_OK);

    constexpr publish::JournalSettings kOff{};
    Desk off(kOff);
    off.data(3);
    const auto nothing = off.ask(replay(1)).replay();
    CHECK(nothing.code() == v1::END_CODE_TRUNCATED);
    CHECK(nothing.oldest_sequence() == 0);
    CHECK(nothing.next_sequence() == 4);
}

TEST_CASE("of another epoch nothing is sent") {
    Desk desk;
    desk.data(3);
    auto request = replay(1);
    request.mutable_replay()->set_epoch(76);
    const auto result = desk.ask(request).replay();
    CHECK(result.code() == v1::END_CODE_EPOCH_CHANGED);
    CHECK(result.epoch() == 77);
    CHECK(result.messages_size() == 0);
    request.mutable_replay()->set_topic("data/x/from before/");
    CHECK(desk.ask(request).code() == v1::CODE_OK);
    request = replay(1);
    request.mutable_replay()->set_epoch(77);
    CHECK(desk.ask(request).replay().messages_size() == 3);

    const auto client = std::make_shared<Client>();
    request.mutable_replay()->set_epoch(76);
    CHECK(desk.ask(stream(request), client).replay().code() == v1::END_CODE_EPOCH_CHANGED);
    desk.recovery.advance();
    REQUIRE(client->messages.size() == 1);
    CHECK(client->messages[0].as<v1::End>().code() == v1::END_CODE_EPOCH_CHANGED);
}

TEST_CASE("a replay that makes no sense is refused") {
    Desk desk;
    desk.data(3);
    CHECK(desk.ask(replay(1, 0, "")).code() == v1::CODE_INVALID);
    CHECK(desk.ask(replay(1, 0, "data/x/b/")).code() == v1::CODE_NOT_FOUND);
    CHECK(desk.ask(replay(3, 2)).code() == v1::CODE_INVALID);
    const auto client = std::make_shared<Client>();
    CHECK(desk.ask(stream(replay(1, 0, "data/x/b/")), client).code() == v1::CODE_NOT_FOUND);
    CHECK(desk.ask(stream(replay(1), 0), client).code() == v1::CODE_INVALID);
    CHECK(desk.ask(stream(replay(1))).code() == v1::CODE_INVALID);  // a REQ client
    CHECK(desk.status().replays_active() == 0);
    CHECK(client->messages.empty());
}

TEST_CASE("a stream begins with its reply and ends with END; a repeated request begins no second one") {
    Desk desk;
    desk.data(3);
    const auto client = std::make_shared<Client>();
    const auto reply = desk.ask(stream(replay(2)), client);
    CHECK(reply.code() == v1::CODE_OK);
    CHECK(reply.replay().code() == v1::END_CODE_OK);
    CHECK(reply.replay().messages_size() == 0);
    CHECK(reply.replay().next_sequence() == 4);
    CHECK(desk.status().replays_active() == 1);
    CHECK(desk.ask(stream(replay(2)), client).SerializeAsString() == reply.SerializeAsString());
    CHECK(desk.ask(stream(replay(1)), client).code() == v1::CODE_INVALID);  // the id is in use
    CHECK(desk.status().replays_active() == 1);
    CHECK_FALSE(desk.recovery.advance());
    CHECK(client->messages.size() == 3);
    CHECK(desk.status().replays_active() == 0);
    CHECK(desk.status().replays() == 1);
    CHECK(desk.status().replayed_messages() == 2);
    // Once it has ended, the id may be used for another.
    desk.ask(stream(replay(2)), client);
    desk.recovery.advance();
    CHECK(client->messages.size() == 6);
}

TEST_CASE("too many streams are refused, and the refusal says what to do") {
    Desk desk;
    desk.data(1);
    const auto client = std::make_shared<Client>();
    std::uint64_t id = 0;
    for (std::size_t i = 0; i < control::ReplayStreams::kMaxOfPeer; ++i)
        CHECK(desk.ask(stream(replay(), ++id), client).code() == v1::CODE_OK);
    const auto refused = desk.ask(stream(replay(), ++id), client);
    CHECK(refused.code() == v1::CODE_LIMITED);
    CHECK(refused.message().find("ask again") != std::string::npos);
    CHECK(desk.ask(stream(replay(), ++id), client, "other").code() == v1::CODE_OK);
    CHECK(desk.status().replays_refused() == 1);
    CHECK(desk.status().control_refused() == 1);
}

TEST_CASE("a snapshot in pages tells every topic once") {
    Desk desk;
    auto& group = desk.topic.group;
    desk.data(2);
    group.data_topic("empty");
    group.announce({}, {.tell = false}, 1);
    const auto all = desk.ask(snapshot()).snapshot();
    CHECK(all.epoch() == 77);
    CHECK(all.after().empty());
    REQUIRE(all.topics_size() == 3);
    CHECK(all.topics(0).topic() == "data/x/a/");
    CHECK(all.topics(0).next_sequence() == 3);
    CHECK(all.topics(0).oldest_sequence() == 1);
    CHECK(taken_apart(all.topics(0).last()).header.sequence() == 2);
    CHECK(taken_apart(all.topics(0).last()).header.flags() == v1::FLAG_REPLAYED);
    CHECK(all.topics(1).topic() == "data/x/empty/");
    CHECK_FALSE(all.topics(1).has_last());
    CHECK(all.topics(2).topic() == "state/x/");
    CHECK(taken_apart(all.topics(2).last()).header.kind() == v1::KIND_STATE);

    for (int i = 0; i < 2'500; ++i)
        group.data_topic(std::to_string(i));
    std::vector<std::string> topics;
    auto request = snapshot();
    int pages = 0;
    do {
        const auto page = desk.ask(request).snapshot();
        CHECK(page.topics_size() <= 1'000);
        for (const auto& topic : page.topics())
            topics.push_back(topic.topic());
        request.mutable_snapshot()->set_after(page.after());
        ++pages;
    } while (!request.snapshot().after().empty());
    CHECK(pages == 3);
    CHECK(topics.size() == 2'503);
    CHECK(std::is_sorted(topics.begin(), topics.end()));
    CHECK(std::adjacent_find(topics.begin(), topics.end()) == topics.end());

    request = snapshot();
    request.mutable_snapshot()->add_prefixes("state/");
    CHECK(desk.ask(request).snapshot().topics_size() == 1);
    request.mutable_snapshot()->set_max_topics(1);
    request.mutable_snapshot()->add_prefixes("data/x/a/");
    CHECK(desk.ask(request).snapshot().after() == "data/x/a/");
    for (int i = 0; i < control::Recovery::kMaxPrefixes; ++i)
        request.mutable_snapshot()->add_prefixes("data/");
    CHECK(desk.ask(request).code() == v1::CODE_INVALID);
}

TEST_CASE("a snapshot as a stream") {
    Desk desk;
    desk.data(2);
    const auto client = std::make_shared<Client>();
    const auto reply = desk.ask(stream(snapshot()), client);
    CHECK(reply.code() == v1::CODE_OK);
    CHECK(reply.snapshot().epoch() == 77);
    desk.recovery.advance();
    REQUIRE(client->messages.size() == 4);
    CHECK(client->messages[0].header.sequence() == 2);
    CHECK(client->messages.back().topic == "system/");
}

TEST_CASE("gaps are listed; of a connection that nobody knows there are none") {
    Desk desk;
    desk.data(1);
    v1::Gap gap;
    gap.set_to_ns(10);
    desk.publisher.gap(desk.topic, gap, 3);
    v1::Request request;
    request.set_request_id(8);
    request.mutable_list_gaps();
    REQUIRE(desk.ask(request).gaps().gaps_size() == 1);
    CHECK(desk.ask(request).gaps().gaps(0).sequence() == 2);
    request.mutable_list_gaps()->set_connection("x");  // removed or not: it has left a gap
    CHECK(desk.ask(request).gaps().gaps_size() == 1);
    request.mutable_list_gaps()->set_since_ns(10);
    CHECK(desk.ask(request).code() == v1::CODE_NOT_FOUND);
    request.mutable_list_gaps()->set_connection("nobody");
    CHECK(desk.ask(request).code() == v1::CODE_NOT_FOUND);
    CHECK(desk.status().gaps() == 1);
}

TEST_CASE("the status tells what the journal holds") {
    Desk desk({.messages_per_topic = 100, .max_bytes = 10 * publish::Journal::kEntryBytes});
    desk.data(20);
    const auto status = desk.status();
    CHECK(status.journal_messages() == 9);
    CHECK(status.journal_bytes() == 9 * (publish::Journal::kEntryBytes + 1));
    CHECK(status.journal_evicted() == 11);
}
