#include "fairlead/subscriber.hpp"

#include "fairlead/error.hpp"
#include "fake_sidecar.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

using namespace fairlead;
using namespace fairlead::test;
using namespace std::chrono_literals;

namespace {

const std::string kTopic = "data/x/BTC/";
const std::string kState = "state/x/";

constexpr auto kConnected = v1::CONNECTION_STATE_CONNECTED;
constexpr auto kDisconnected = v1::CONNECTION_STATE_DISCONNECTED;
constexpr auto kConnecting = v1::CONNECTION_STATE_CONNECTING;

// What the callbacks were told, in words and in order.
struct Recorder {
    std::vector<std::string> lines;

    client::Callbacks callbacks() {
        return {
            .on_message = [this](const auto& m) { add("message " + std::string(m.channel), m.sequence, m.payload); },
            .on_connect = [this](const auto& c) { add("connect", 0, c.connection); },
            .on_disconnect = [this](const auto& c) { add("disconnect", 0, c.connection); },
            .on_topic_event = [this](const auto& c) { add("in-band", c.event.state(), c.channel); },
            .on_gap = [this](const auto& g) { gap(g); },
            .on_end = [this](const auto& e) { add("end", e.code, e.connection); },
            .on_welcome = [this](const auto& w) { add("welcome", w.epoch(), ""); },
            .on_event = [this](const auto& e) { add("event", e.kind, e.topic); }};
    }

    void gap(const client::Gap& gap) {
        add("gap " + std::to_string(static_cast<int>(gap.cause)) + " of " + std::to_string(gap.count) + " from " +
                std::to_string(gap.first_sequence),
            gap.last_sequence, gap.topic);
    }
    void add(const std::string& what, std::uint64_t number, std::string_view text) {
        lines.push_back(what + " " + std::to_string(number) + " " + std::string(text));
    }
    bool has(const std::string& line) const { return std::find(lines.begin(), lines.end(), line) != lines.end(); }
};

std::string gap_line(client::GapCause cause, std::uint64_t count, std::uint64_t first, std::uint64_t last,
                     const std::string& topic = kTopic) {
    return "gap " + std::to_string(static_cast<int>(cause)) + " of " + std::to_string(count) + " from " +
           std::to_string(first) + " " + std::to_string(last) + " " + topic;
}

template <typename Condition>
bool poll_until(client::Subscriber& subscriber, const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        subscriber.poll(10ms);
    }
    return true;
}

// A publisher and a subscriber that have found each other.
struct Pair {
    ZmqContext context;
    FakePublisher publisher;
    Recorder recorder;
    client::Subscriber subscriber;

    explicit Pair(const PublisherOptions& publisher_options = {}, int receive_high_water_mark = 0)
        : publisher(context.get(), "inproc://stream", publisher_options),
          subscriber({.endpoints = {"inproc://stream"},
                      .prefixes = {"data/x/"},
                      .receive_high_water_mark = receive_high_water_mark,
                      .context = context.get()},
                     recorder.callbacks()) {
        publisher.await_subscription("welcome/");
        REQUIRE(poll_until(subscriber, [this] { return recorder.has("welcome 1000 "); }));
        recorder.lines.clear();
    }

    // Everything that was published so far has been dispatched; the lines since the last call.
    std::vector<std::string> lines() {
        publisher.data("data/x/fence/", ++fence_, "");
        const std::string fence = "message fence " + std::to_string(fence_) + " ";
        REQUIRE(poll_until(subscriber, [&] { return recorder.has(fence); }));
        auto lines = std::move(recorder.lines);
        recorder.lines.clear();
        lines.pop_back();
        return lines;
    }

private:
    std::uint64_t fence_ = 0;
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a late joiner starts where it is") {
    Pair pair;
    pair.publisher.data(kTopic, 500, "a");
    pair.publisher.data(kTopic, 501, "b");
    CHECK(pair.lines() == Lines{"message BTC 500 a", "message BTC 501 b"});
    CHECK(pair.subscriber.counters().gaps == 0);
}

TEST_CASE("a message brings all that its header says") {
    const ZmqContext context;
    FakePublisher publisher(context.get(), "inproc://stream");
    bool seen = false;
    client::Callbacks callbacks;
    callbacks.on_message = [&seen](const client::Message& message) {
        seen = true;
        CHECK(message.topic == "data/x/a%2Fb/");
        CHECK(message.connection == "x");
        CHECK(message.channel == "a/b");
        CHECK(message.payload == std::string_view("\0\xff", 2));
        CHECK(message.binary);
        CHECK(message.replayed);
        CHECK(message.sequence == 7);
        CHECK(message.epoch == 1000);
        CHECK(message.receive_time_ns == 1'000'007);
        CHECK(message.session == 1);
        CHECK(message.leg == 0);
    };
    client::Subscriber subscriber({.endpoints = {"inproc://stream"}, .context = context.get()}, callbacks);
    publisher.await_subscription("data/");
    publisher.data("data/x/a%2Fb/", 7, std::string("\0\xff", 2), v1::FLAG_BINARY | v1::FLAG_REPLAYED);
    CHECK(poll_until(subscriber, [&] { return seen; }));
}

TEST_CASE("a hole is told before the message behind it") {
    Pair pair;
    pair.publisher.data(kTopic, 1, "a");
    pair.publisher.data(kTopic, 5, "e");
    CHECK(pair.lines() == Lines{"message BTC 1 a", gap_line(client::GapCause::Consumer, 3, 2, 4), "message BTC 5 e"});
    CHECK(pair.subscriber.counters().gaps == 1);
    CHECK(pair.subscriber.counters().lost == 3);
}

TEST_CASE("a loss at the tail is told by the heartbeat, once") {
    Pair pair;
    pair.publisher.data(kTopic, 1, "a");
    pair.publisher.heartbeat(kTopic, 4);
    pair.publisher.heartbeat(kTopic, 4);
    pair.publisher.data(kTopic, 4, "d");
    CHECK(pair.lines() == Lines{"message BTC 1 a", gap_line(client::GapCause::Consumer, 2, 2, 3), "event 4 " + kTopic,
                                "event 4 " + kTopic, "message BTC 4 d"});
}

TEST_CASE("duplicates are dropped and counted") {
    Pair pair;
    pair.publisher.data(kTopic, 1, "a");
    pair.publisher.data(kTopic, 1, "a", v1::FLAG_REPLAYED);
    pair.publisher.data(kTopic, 2, "b");
    pair.publisher.data(kTopic, 1, "a");
    CHECK(pair.lines() == Lines{"message BTC 1 a", "message BTC 2 b"});
    CHECK(pair.subscriber.counters().duplicates == 2);
}

TEST_CASE("a new epoch is told, and the old one is ignored from then on") {
    Pair pair;
    pair.publisher.data(kTopic, 9, "old");
    pair.publisher.set_epoch(1001);
    pair.publisher.data(kTopic, 3, "new");
    pair.publisher.set_epoch(1000);
    pair.publisher.data(kTopic, 10, "leftover");
    CHECK(pair.lines() == Lines{"message BTC 9 old", gap_line(client::GapCause::Epoch, 2, 1, 2), "message BTC 3 new"});
    CHECK(pair.subscriber.counters().old_epoch == 1);
}

TEST_CASE("a gap that the sidecar tells comes with its cause, in its place") {
    Pair pair;
    v1::Gap upstream;
    upstream.set_cause(v1::GAP_CAUSE_UPSTREAM);
    v1::Gap relay;
    relay.set_cause(v1::GAP_CAUSE_RELAY);
    relay.set_count(4);
    pair.publisher.data(kTopic, 1, "a");
    pair.publisher.gap(kTopic, 2, upstream);
    pair.publisher.data(kTopic, 3, "b");
    pair.publisher.gap(kTopic, 4, relay);
    CHECK(pair.lines() == Lines{"message BTC 1 a", gap_line(client::GapCause::Upstream, 0, 0, 0), "message BTC 3 b",
                                gap_line(client::GapCause::Relay, 4, 0, 0)});
}

TEST_CASE("a change told on many topics is one change") {
    Pair pair;
    pair.publisher.change(kState, 1, kDisconnected, kConnecting);
    pair.publisher.change("data/x/ETH/", 1, kConnecting, kConnected);
    pair.publisher.change(kTopic, 1, kConnecting, kConnected);
    pair.publisher.change(kState, 2, kConnecting, kConnected);
    pair.publisher.change(kState, 3, kConnected, kConnected);
    pair.publisher.change(kTopic, 2, kConnected, kDisconnected);
    pair.publisher.change(kState, 4, kConnected, kDisconnected);
    CHECK(pair.lines() == Lines{"in-band 3 ETH", "in-band 3 BTC", "connect 0 x", "in-band 1 BTC", "disconnect 0 x"});
}

TEST_CASE("a lost change is made up for by the heartbeat of the state topic") {
    Pair pair;
    pair.publisher.change(kState, 1, kConnecting, kConnected);
    pair.publisher.heartbeat(kState, 3, v1::LIVENESS_DOWN);
    CHECK(pair.lines() == Lines{"connect 0 x", gap_line(client::GapCause::Consumer, 1, 2, 2, kState), "disconnect 0 x",
                                "event 4 " + kState});
}

TEST_CASE("the end of a connection is told once, and the tail that it proves") {
    Pair pair;
    pair.publisher.data(kTopic, 1, "a");
    pair.publisher.end(kTopic, v1::END_CODE_REMOVED, 3);
    pair.publisher.end(kState, v1::END_CODE_REMOVED, 1);
    CHECK(pair.lines() ==
          Lines{"message BTC 1 a", gap_line(client::GapCause::Consumer, 1, 2, 2), "event 7 " + kTopic, "end 5 x"});
}

TEST_CASE("kinds of a later version take part in the numbering") {
    Pair pair;
    pair.publisher.data(kTopic, 1, "a");
    pair.publisher.other(kTopic, 99, 2);
    pair.publisher.other(kTopic, 98, 0);
    pair.publisher.data(kTopic, 3, "b");
    CHECK(pair.lines() == Lines{"message BTC 1 a", "event 99 " + kTopic, "event 98 " + kTopic, "message BTC 3 b"});
}

TEST_CASE("what is not of the contract is dropped and counted") {
    Pair pair;
    pair.publisher.raw({"data/x/BTC/", "no header"});
    pair.publisher.raw({"data/x/single"});
    pair.publisher.raw({"data/x/BTC/", "three", "frames"});
    pair.publisher.raw({std::string("data/x/BTC/\0\xff\xff", 13), "ill-formed header"});
    pair.publisher.data(kTopic, 0, "without a number");
    pair.publisher.heartbeat(kTopic, 0);
    pair.publisher.raw({std::string("data/x/BTC/\0\x08\x02\x20\x01", 16), "\xff\xff not an event"});
    CHECK(pair.lines().empty());
    CHECK(pair.subscriber.counters().undecodable == 7);
    CHECK(pair.subscriber.counters().messages == 1);
}

TEST_CASE("a consumer that was too slow knows what it lost, also at the tail") {
    Pair pair({.high_water_mark = 10}, 10);
    constexpr std::uint64_t kSent = 1000;
    for (std::uint64_t i = 1; i <= kSent; ++i)
        pair.publisher.data(kTopic, i, "");
    REQUIRE(poll_until(pair.subscriber, [&] {
        pair.publisher.heartbeat(kTopic, kSent + 1);
        return pair.subscriber.counters().lost > 0;
    }));
    CHECK(pair.subscriber.counters().messages > 0);
    CHECK(pair.subscriber.counters().messages + pair.subscriber.counters().lost == kSent);
}

TEST_CASE("heartbeats make a sidecar alive and tell the liveness of a connection") {
    Pair pair;
    CHECK_FALSE(pair.subscriber.alive());
    CHECK(pair.subscriber.liveness("x") == v1::LIVENESS_UNSPECIFIED);
    pair.publisher.heartbeat(kState, 1, v1::LIVENESS_STALE);
    CHECK(pair.lines() == Lines{"event 4 " + kState});
    CHECK(pair.subscriber.alive());
    CHECK(pair.subscriber.liveness("x") == v1::LIVENESS_STALE);
    CHECK(pair.subscriber.liveness("y") == v1::LIVENESS_UNSPECIFIED);
}

TEST_CASE("without heartbeats for three intervals nothing is alive") {
    Pair pair({.heartbeat_interval_ms = 1});
    pair.publisher.heartbeat(kState, 1, v1::LIVENESS_LIVE);
    CHECK(poll_until(pair.subscriber, [&] { return pair.recorder.has("event 4 " + kState); }));
    CHECK(poll_until(pair.subscriber, [&] { return !pair.subscriber.alive(); }));
    CHECK(pair.subscriber.liveness("x") == v1::LIVENESS_UNSPECIFIED);
}

TEST_CASE("poll takes no more than it is asked for") {
    Pair pair;
    for (std::uint64_t i = 1; i <= 5; ++i)
        pair.publisher.data(kTopic, i, "");
    CHECK(pair.subscriber.poll(kDeadline, 2) == 2);
    CHECK(pair.subscriber.poll(kDeadline, 2) == 2);
    CHECK(pair.subscriber.poll(kDeadline, 2) == 1);
    CHECK(pair.subscriber.poll(0ms, 2) == 0);
}

TEST_CASE("the descriptor wakes a loop of one's own") {
    Pair pair;
    while (pair.subscriber.poll(0ms, 100) == 100) {
    }
    pair.publisher.data(kTopic, 1, "a");
    pollfd item{pair.subscriber.fd(), POLLIN, 0};
    CHECK(::poll(&item, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())) == 1);
    CHECK(pair.subscriber.poll(0ms, 100) == 1);
}

TEST_CASE("a callback that throws leaves nothing behind of which the descriptor does not tell") {
    const ZmqContext context;
    FakePublisher publisher(context.get(), "inproc://stream");
    std::vector<std::uint64_t> seen;
    client::Callbacks callbacks;
    callbacks.on_message = [&seen](const client::Message& message) {
        seen.push_back(message.sequence);
        throw std::runtime_error("of the consumer");
    };
    client::Subscriber subscriber({.endpoints = {"inproc://stream"}, .context = context.get()}, callbacks);
    publisher.await_subscription("welcome/");
    for (std::uint64_t i = 1; i <= 3; ++i)
        publisher.data(kTopic, i, "");
    pollfd item{subscriber.fd(), POLLIN, 0};
    for (std::size_t thrown = 1; thrown <= 3; ++thrown) {
        CHECK_THROWS_AS(subscriber.poll(0ms, 100), std::runtime_error);
        CHECK(seen.size() == thrown);
        REQUIRE(::poll(&item, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())) == 1);
    }
    CHECK(subscriber.poll(0ms, 100) == 0);
    CHECK(::poll(&item, 1, 0) == 0);
    CHECK(seen == std::vector<std::uint64_t>{1, 2, 3});
}

TEST_CASE("stop ends run from another thread, and beforehand") {
    Pair pair;
    pair.subscriber.stop();
    pair.subscriber.run();
    std::thread other([&pair] { pair.subscriber.stop(); });
    pair.subscriber.run();
    other.join();
}

TEST_CASE("stop ends run from a callback") {
    const ZmqContext context;
    FakePublisher publisher(context.get(), "inproc://stream");
    client::Subscriber* self = nullptr;
    client::Callbacks callbacks;
    callbacks.on_message = [&self](const client::Message&) { self->stop(); };
    client::Subscriber subscriber({.endpoints = {"inproc://stream"}, .context = context.get()}, callbacks);
    self = &subscriber;
    publisher.await_subscription("data/");
    publisher.data(kTopic, 1, "a");
    subscriber.run();
    CHECK(subscriber.counters().messages == 1);
}

TEST_CASE("over ipc: an early consumer, a sidecar that restarts, nothing lost in silence") {
    const TemporaryDirectory directory;
    const ZmqContext context;
    const std::string endpoint = directory.endpoint("stream");
    Recorder recorder;
    client::Subscriber subscriber({.endpoints = {endpoint}, .prefixes = {kTopic}}, recorder.callbacks());
    {
        FakePublisher publisher(context.get(), endpoint, {.epoch = 1000});
        publisher.await_subscription(kTopic);
        publisher.data(kTopic, 1, "a");
        publisher.data("data/x/BTCUSD/", 1, "of another topic");
        publisher.data(kTopic, 2, "b");
        CHECK(poll_until(subscriber, [&] { return recorder.has("message BTC 2 b"); }));
    }
    FakePublisher publisher(context.get(), endpoint, {.epoch = 2000});
    REQUIRE(poll_until(subscriber, [&] { return publisher.was_subscribed(kTopic); }));
    publisher.heartbeat(kTopic, 3);
    publisher.data(kTopic, 3, "c");
    CHECK(poll_until(subscriber, [&] { return recorder.has("message BTC 3 c"); }));
    CHECK(recorder.has("welcome 1000 "));
    CHECK(recorder.has("welcome 2000 "));
    CHECK(recorder.has(gap_line(client::GapCause::Epoch, 2, 1, 2)));
    CHECK(subscriber.counters().messages == 3);
    CHECK(subscriber.counters().gaps == 1);
}

TEST_CASE("endpoints that are none are refused at construction") {
    CHECK_THROWS_AS(client::Subscriber({.endpoints = {"nonsense"}}, {}), client::ClientError);
    CHECK_THROWS_AS(client::Subscriber({.endpoints = {}}, {}), client::ClientError);
}
