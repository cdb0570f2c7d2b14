#include "fairlead/subscriber.hpp"
#include "fake_journal.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>

using namespace fairlead;
using namespace fairlead::test;
using namespace std::chrono_literals;

namespace {

const std::string kTopic = "data/x/BTC/";
using Lines = std::vector<std::string>;

client::SubscriberOptions options(void* context, std::chrono::milliseconds timeout = kDeadline) {
    client::SubscriberOptions options;
    options.endpoints = {"inproc://stream"};
    options.prefixes = {"data/x/", "data/y/"};
    options.recovery.timeout = timeout;
    options.context = context;
    return options;
}

PublisherOptions with_journal(std::uint64_t epoch = 1000, const std::string& control = "inproc://control") {
    return {.epoch = epoch, .control_endpoint = control, .replay_depth = 100};
}

// A subscriber of `publishers`, which have found each other, and what it was told, in words and in order.
struct Consumer {
    Lines lines;
    client::Subscriber subscriber;
    std::size_t reached = 0;

    Consumer(const client::SubscriberOptions& options, const std::vector<FakePublisher*>& publishers)
        : subscriber(options, callbacks()) {
        for (FakePublisher* publisher : publishers)
            publisher->await_subscription("welcome/");
        REQUIRE(poll_until([&] { return reached == publishers.size(); }));
    }

    client::Callbacks callbacks() {
        return {.on_message =
                    [this](const client::Message& m) {
                        add(std::string(m.channel) + " " + std::to_string(m.sequence) + (m.replayed ? " again" : ""));
                    },
                .on_connect = [this](const auto&) { add("connect"); },
                .on_disconnect = [this](const auto&) { add("disconnect"); },
                .on_topic_event = [this](const auto&) { add("in-band"); },
                .on_gap = [this](const client::Gap& gap) { this->gap(gap); },
                .on_welcome = [this](const auto&) { ++reached; }};
    }

    void gap(const client::Gap& gap) {
        const std::string what = gap.cause == client::GapCause::Consumer   ? ""
                                 : gap.cause == client::GapCause::Upstream ? "upstream "
                                                                           : "epoch ";
        add(what + (gap.outcome == client::Outcome::Lost ? "lost " : "recovered ") +
            std::to_string(gap.first_sequence) + "-" + std::to_string(gap.last_sequence));
    }
    void add(std::string line) { lines.push_back(std::move(line)); }
    bool has(const std::string& line) const { return std::find(lines.begin(), lines.end(), line) != lines.end(); }

    template <typename Condition>
    bool poll_until(const Condition& condition) {
        const auto deadline = std::chrono::steady_clock::now() + kDeadline;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            subscriber.poll(10ms);
        }
        return true;
    }
    Lines until(const std::string& line) {
        CHECK_MESSAGE(poll_until([&] { return has(line); }), line);
        return lines;
    }
};

std::string connected_event() {
    v1::ConnectionEvent event;
    event.set_previous(v1::CONNECTION_STATE_CONNECTING);
    event.set_state(v1::CONNECTION_STATE_CONNECTED);
    return event.SerializeAsString();
}

}  // namespace

TEST_CASE("what was lost on the way is fetched again, in its place") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control");
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    for (std::uint64_t i = 2; i <= 4; ++i)
        journal.hold(kTopic, i, "");
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 5, "");
    publisher.data(kTopic, 6, "");
    CHECK(consumer.until("BTC 6") ==
          Lines{"BTC 1", "BTC 2 again", "BTC 3 again", "BTC 4 again", "recovered 2-4", "BTC 5", "BTC 6"});
    const client::SubscriberCounters& counters = consumer.subscriber.counters();
    CHECK(counters.messages == 6);
    CHECK(counters.recovered == 3);
    CHECK(counters.gaps == 1);
    CHECK(counters.lost == 0);
    CHECK(counters.replays == 1);
    CHECK(counters.replays_failed == 0);
    CHECK(counters.buffered == 0);
    CHECK(counters.buffered_peak >= 1);
    const auto replays = journal.replays();
    REQUIRE(replays.size() == 1);
    CHECK(replays[0].from() == 2);
    CHECK(replays[0].to() == 4);
    CHECK(replays[0].epoch() == 1000);
    CHECK(replays[0].stream());
}

TEST_CASE("a lost tail is fetched when a heartbeat tells of it") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control");
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    journal.hold(kTopic, 2, "");
    publisher.data(kTopic, 1, "");
    publisher.heartbeat(kTopic, 3);
    CHECK(consumer.until("recovered 2-2") == Lines{"BTC 1", "BTC 2 again", "recovered 2-2"});
}

TEST_CASE("what the journal holds no more is told as lost, exactly") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control");
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    journal.hold(kTopic, 8, "");
    journal.hold(kTopic, 9, "");
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 10, "");
    CHECK(consumer.until("BTC 10") ==
          Lines{"BTC 1", "lost 2-7", "BTC 8 again", "BTC 9 again", "recovered 8-9", "BTC 10"});
    CHECK(consumer.subscriber.counters().lost == 6);
}

TEST_CASE("events and gaps inside a replay mean what they mean in the stream") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control");
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    v1::Gap gap;
    gap.set_cause(v1::GAP_CAUSE_UPSTREAM);
    journal.hold(kTopic, 2, connected_event(), v1::KIND_STATE);
    journal.hold(kTopic, 3, gap.SerializeAsString(), v1::KIND_GAP);
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 4, "");
    CHECK(consumer.until("BTC 4") == Lines{"BTC 1", "in-band", "upstream lost 0-0", "recovered 2-3", "BTC 4"});
}

TEST_CASE("a lost change of a connection is fetched") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control");
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    journal.hold("state/x/", 2, connected_event(), v1::KIND_STATE);
    publisher.change("state/x/", 1, v1::CONNECTION_STATE_DISCONNECTED, v1::CONNECTION_STATE_CONNECTING);
    publisher.heartbeat("state/x/", 3, v1::LIVENESS_LIVE);
    CHECK(consumer.until("recovered 2-2") == Lines{"connect", "recovered 2-2"});
    CHECK(consumer.subscriber.liveness("x") == v1::LIVENESS_LIVE);
}

TEST_CASE("while one topic waits the others go on, and none gets out of order") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control", {.held_back = true});
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    journal.hold(kTopic, 2, "");
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    publisher.data("data/x/ETH/", 1, "");
    publisher.data(kTopic, 4, "");
    publisher.data("data/x/ETH/", 2, "");
    CHECK(consumer.until("ETH 2") == Lines{"BTC 1", "ETH 1", "ETH 2"});
    CHECK(consumer.subscriber.counters().buffered == 2);
    journal.release();
    CHECK(consumer.until("BTC 4") ==
          Lines{"BTC 1", "ETH 1", "ETH 2", "BTC 2 again", "recovered 2-2", "BTC 3", "BTC 4"});
}

TEST_CASE("many topics that miss much get all of it") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control");
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    constexpr std::uint64_t kTopics = 50;
    constexpr std::uint64_t kMissing = 100;
    for (std::uint64_t topic = 0; topic < kTopics; ++topic) {
        const std::string name = "data/x/" + std::to_string(topic) + "/";
        for (std::uint64_t i = 0; i < kMissing; ++i)
            journal.hold(name, 2 + i, "");
        publisher.data(name, 1, "");
        publisher.data(name, 2 + kMissing, "");
    }
    const client::SubscriberCounters& counters = consumer.subscriber.counters();
    CHECK(consumer.poll_until([&] { return counters.messages == kTopics * (kMissing + 2); }));
    CHECK(counters.recovered == kTopics * kMissing);
    CHECK(counters.lost == 0);
}

TEST_CASE("poll delivers no more than it is asked for, also of what has waited") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control", {.held_back = true});
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    const client::SubscriberCounters& counters = consumer.subscriber.counters();
    journal.hold(kTopic, 2, "");
    publisher.data(kTopic, 1, "");
    for (std::uint64_t i = 3; i <= 40; ++i)
        publisher.data(kTopic, i, "");
    CHECK(consumer.poll_until([&] { return counters.buffered == 38; }));
    journal.release();
    std::uint64_t before = counters.messages;
    while (before < 40) {
        REQUIRE(consumer.subscriber.poll(kDeadline, 5) > 0);
        CHECK(counters.messages <= before + 5);
        before = counters.messages;
    }
}

TEST_CASE("a consumer that takes one message at a time gets its replay although the stream never pauses") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control");
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    journal.hold(kTopic, 2, "");
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    std::uint64_t next = 1;
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (!consumer.has("BTC 3")) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        publisher.data("data/x/ETH/", next++, "");
        publisher.data("data/x/ETH/", next++, "");
        consumer.subscriber.poll(0ms, 1);
    }
    CHECK(consumer.has("recovered 2-2"));
}

TEST_CASE("a sidecar that has too much to do is asked again") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control", {.limited = 2});
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    journal.hold(kTopic, 2, "");
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    CHECK(consumer.until("BTC 3") == Lines{"BTC 1", "BTC 2 again", "recovered 2-2", "BTC 3"});
    CHECK(consumer.subscriber.counters().replays == 3);
    CHECK(consumer.subscriber.counters().replays_failed == 0);
}

TEST_CASE("a request without an answer is repeated, by the clock alone") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control", {.silent = 1});
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get(), 500ms), {&publisher});
    journal.hold(kTopic, 2, "");
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    while (!consumer.has("BTC 3"))
        REQUIRE(consumer.subscriber.poll(kDeadline) > 0);
    CHECK(consumer.lines == Lines{"BTC 1", "BTC 2 again", "recovered 2-2", "BTC 3"});
    CHECK(consumer.subscriber.counters().replays == 2);
}

TEST_CASE("the longest time is waited for, and recovery goes on in it") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control", {.silent = 1});
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get(), 200ms), {&publisher});
    journal.hold(kTopic, 2, "");
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    while (!consumer.has("BTC 3"))
        REQUIRE(consumer.subscriber.poll(std::chrono::milliseconds::max()) > 0);
    CHECK(consumer.subscriber.counters().replays == 2);
}

TEST_CASE("a control socket that never answers costs a moment, once") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control", {.silent = 1000});
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get(), 20ms), {&publisher});
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    consumer.until("BTC 3");
    publisher.data(kTopic, 5, "");
    publisher.data("data/x/ETH/", 1, "");
    publisher.data("data/x/ETH/", 3, "");
    CHECK(consumer.until("ETH 3") ==
          Lines{"BTC 1", "lost 2-2", "BTC 3", "lost 4-4", "BTC 5", "ETH 1", "lost 2-2", "ETH 3"});
    CHECK(consumer.subscriber.counters().replays == 2);
    CHECK(consumer.subscriber.counters().replays_failed == 1);
}

TEST_CASE("a topic that the sidecar does not know is lost at once") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control");
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get()), {&publisher});
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    CHECK(consumer.until("BTC 3") == Lines{"BTC 1", "lost 2-2", "BTC 3"});
    CHECK(consumer.subscriber.counters().replays_failed == 1);
}

TEST_CASE("nobody listens at the control endpoint: that is known long before a replay would be given up") {
    const TemporaryDirectory directory;
    const ZmqContext context;
    FakePublisher publisher(context.get(), "inproc://stream", with_journal(1000, directory.endpoint("nobody")));
    Consumer consumer(options(context.get(), 6 * kDeadline), {&publisher});
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    CHECK(consumer.until("BTC 3") == Lines{"BTC 1", "lost 2-2", "BTC 3"});
    CHECK(consumer.subscriber.counters().replays == 0);
    publisher.data(kTopic, 5, "");
    CHECK(consumer.until("BTC 5") == Lines{"BTC 1", "lost 2-2", "BTC 3", "lost 4-4", "BTC 5"});
}

TEST_CASE("a control endpoint that cannot be understood is like none") {
    const ZmqContext context;
    FakePublisher publisher(context.get(), "inproc://stream", with_journal(1000, "nonsense"));
    Consumer consumer(options(context.get()), {&publisher});
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    CHECK(consumer.until("BTC 3") == Lines{"BTC 1", "lost 2-2", "BTC 3"});
}

TEST_CASE("who does not want to recover is told at once") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control");
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    client::SubscriberOptions plain = options(context.get());
    plain.recover = false;
    Consumer consumer(plain, {&publisher});
    journal.hold(kTopic, 2, "");
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    CHECK(consumer.until("BTC 3") == Lines{"BTC 1", "lost 2-2", "BTC 3"});
    CHECK(journal.replays().empty());
}

TEST_CASE("the control socket may have another name here") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://mine");
    FakePublisher publisher(context.get(), "inproc://stream", with_journal(1000, "inproc://theirs"));
    client::SubscriberOptions renamed = options(context.get());
    renamed.control_endpoint = "inproc://mine";
    Consumer consumer(renamed, {&publisher});
    journal.hold(kTopic, 2, "");
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    CHECK(consumer.until("BTC 3") == Lines{"BTC 1", "BTC 2 again", "recovered 2-2", "BTC 3"});
}

TEST_CASE("with two sidecars each is asked for what was its own") {
    const ZmqContext context;
    FakeJournal first(context.get(), "inproc://control", {.epoch = 1000});
    FakeJournal second(context.get(), "inproc://control2", {.epoch = 2000});
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    FakePublisher other(context.get(), "inproc://stream2", with_journal(2000, "inproc://control2"));
    client::SubscriberOptions both = options(context.get());
    both.endpoints = {"inproc://stream", "inproc://stream2"};
    Consumer consumer(both, {&publisher, &other});
    first.hold("data/x/BTC/", 2, "");
    second.hold("data/y/ETH/", 2, "");
    for (const std::uint64_t number : {1, 3}) {
        publisher.data("data/x/BTC/", number, "");
        other.data("data/y/ETH/", number, "");
    }
    consumer.until("BTC 3");
    consumer.until("ETH 3");
    CHECK(consumer.subscriber.counters().recovered == 2);
    REQUIRE(first.replays().size() == 1);
    REQUIRE(second.replays().size() == 1);
    CHECK(first.replays()[0].topic() == "data/x/BTC/");
    CHECK(second.replays()[0].topic() == "data/y/ETH/");
}

TEST_CASE("over ipc: a sidecar is killed while it replays, and the next one has a journal of its own") {
    const TemporaryDirectory directory;
    const ZmqContext context;
    const std::string stream = directory.endpoint("stream");
    const std::string control = directory.endpoint("control");
    client::SubscriberOptions plain = options(nullptr);
    plain.endpoints = {stream};
    auto publisher = std::make_unique<FakePublisher>(context.get(), stream, with_journal(1000, control));
    auto journal = std::make_unique<FakeJournal>(context.get(), control, JournalOptions{.silent = 1000});
    Consumer consumer(plain, {publisher.get()});
    publisher->data(kTopic, 1, "");
    publisher->data(kTopic, 3, "");
    REQUIRE(consumer.poll_until([&] { return journal->replays().size() == 1; }));
    publisher.reset();
    journal.reset();
    FakeJournal next(context.get(), control, {.epoch = 1001});
    next.hold(kTopic, 1, "");
    FakePublisher again(context.get(), stream, with_journal(1001, control));
    bool subscribed = false;
    REQUIRE(consumer.poll_until([&] {
        subscribed = again.was_subscribed("welcome/") || subscribed;
        return subscribed && consumer.reached == 2;
    }));
    again.data(kTopic, 2, "");
    CHECK(consumer.until("BTC 2") ==
          Lines{"BTC 1", "lost 2-2", "BTC 3", "epoch lost 0-0", "BTC 1 again", "recovered 1-1", "BTC 2"});
}

TEST_CASE("the descriptor alone is enough for a loop of one's own: replays and deadlines wake it") {
    const ZmqContext context;
    FakeJournal journal(context.get(), "inproc://control", {.silent = 1});
    FakePublisher publisher(context.get(), "inproc://stream", with_journal());
    Consumer consumer(options(context.get(), 300ms), {&publisher});
    journal.hold(kTopic, 2, "");
    publisher.data(kTopic, 1, "");
    publisher.data(kTopic, 3, "");
    const int fd = consumer.subscriber.fd();
    while (!consumer.has("BTC 3")) {
        while (consumer.subscriber.poll(0ms, 100) == 100) {
        }
        if (consumer.has("BTC 3")) break;
        pollfd item{fd, POLLIN, 0};
        REQUIRE(::poll(&item, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count())) == 1);
    }
    CHECK(consumer.lines == Lines{"BTC 1", "BTC 2 again", "recovered 2-2", "BTC 3"});
    CHECK(consumer.subscriber.fd() == fd);
}
