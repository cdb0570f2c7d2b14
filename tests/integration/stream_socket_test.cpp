#include "net/stream_socket.hpp"

#include "fake_time.hpp"
#include "publish/publisher.hpp"
#include "recorders.hpp"
#include "temporary_directory.hpp"
#include "wait.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using fairlead::support::TemporaryDirectory;
using fairlead::support::turn_until;

namespace {

// A plain SUB, as any consumer has one.
class Consumer {
public:
    Consumer(net::ZmqContext& context, const std::string& endpoint, const std::string& prefix, int high_water_mark = 0)
        : socket_(context, ZMQ_SUB, 0) {
        socket_.set(ZMQ_RCVHWM, high_water_mark);
        socket_.set(ZMQ_RCVBUF, 4'096);
        socket_.set(ZMQ_SUBSCRIBE, prefix);
        REQUIRE(zmq_connect(socket_.get(), endpoint.c_str()) == 0);
    }

    // The frames of the next message, empty when there is none.
    std::vector<std::string> next() {
        std::vector<std::string> frames;
        net::ZmqMessage frame;
        if (!frame.receive(socket_)) return frames;
        frames.emplace_back(frame.view());
        while (frame.more() && frame.receive(socket_))
            frames.emplace_back(frame.view());
        return frames;
    }

private:
    net::ZmqSocket socket_;
};

struct Stage {
    explicit Stage(int high_water_mark = 0) : endpoint("ipc://" + (directory / "s")) {
        settings.endpoints = {endpoint};
        settings.high_water_mark = high_water_mark;
        stream.emplace(context, loop, settings);
        stream->on_subscription([this](std::string_view prefix) { subscriptions.emplace_back(prefix); });
        stream->bind();
    }
    bool turn_until(const std::function<bool()>& done) {
        return support::turn_until(loop, [&] {
            stream->after_turn();
            return done();
        });
    }

    TemporaryDirectory directory;
    net::Loop loop;
    net::ZmqContext context;
    std::string endpoint;
    net::StreamSettings settings;
    std::optional<net::StreamSocket> stream;
    std::vector<std::string> subscriptions;
};

}  // namespace

TEST_CASE("a consumer gets two frames; subscriptions are seen, also of a second consumer of the same prefix") {
    Stage stage;
    Consumer first(stage.context, stage.endpoint, "data/x/");
    Consumer second(stage.context, stage.endpoint, "data/x/");
    REQUIRE(stage.turn_until([&] { return stage.subscriptions.size() == 2; }));
    CHECK(stage.stream->filters() == 1);
    std::string owned(100'000, 'y');
    CHECK(stage.stream->send("data/x/\0head", "payload", nullptr, nullptr) == seam::SinkResult::Sent);
    CHECK(stage.stream->send("data/x/\0head", owned, &owned, nullptr) == seam::SinkResult::Sent);
    CHECK(stage.stream->send("data/y/\0head", "not wanted", nullptr, nullptr) == seam::SinkResult::Sent);
    for (auto* consumer : {&first, &second}) {
        std::vector<std::vector<std::string>> got;
        REQUIRE(support::turn_until(stage.loop, [&] {
            stage.loop.turn_again();
            if (auto frames = consumer->next(); !frames.empty()) got.push_back(frames);
            return got.size() == 2;
        }));
        CHECK(got[0] == std::vector<std::string>{"data/x/", "payload"});  // the literal ends at its NUL
        CHECK(got[1][1] == std::string(100'000, 'y'));
    }
}

TEST_CASE("a payload that was kept is sent again without a copy, and outlives the socket") {
    Stage stage;
    Consumer consumer(stage.context, stage.endpoint, "data/x/");
    REQUIRE(stage.turn_until([&] { return stage.subscriptions.size() == 1; }));
    seam::KeptFrame small;
    seam::KeptFrame large;
    seam::KeptFrame moved;
    std::string owned(100'000, 'y');
    const char* bytes = owned.data();
    stage.stream->send("data/x/", "small", nullptr, &small);
    stage.stream->send("data/x/", std::string(1'000, 'z'), nullptr, &large);
    stage.stream->send("data/x/", owned, &owned, &moved);
    CHECK(small.view() == "small");
    CHECK(large.view() == std::string(1'000, 'z'));
    CHECK(moved.view().data() == bytes);
    for (const auto* kept : {&small, &large, &moved})
        stage.stream->send_again("data/x/", *kept);
    std::vector<std::vector<std::string>> got;
    REQUIRE(support::turn_until(stage.loop, [&] {
        stage.loop.turn_again();
        if (auto frames = consumer.next(); !frames.empty()) got.push_back(frames);
        return got.size() == 6;
    }));
    for (std::size_t i = 0; i < 3; ++i)
        CHECK(got[i] == got[i + 3]);
    CHECK(got[5][1] == std::string(100'000, 'y'));
    const seam::KeptFrame taken = std::move(large);
    CHECK_FALSE(static_cast<bool>(large));  // NOLINT(bugprone-use-after-move): that is what is tested
    stage.stream.reset();
    CHECK(taken.view() == std::string(1'000, 'z'));
    CHECK(moved.view() == std::string(100'000, 'y'));
    small.reset();
    CHECK(small.view().empty());
}

TEST_CASE("the welcome is one frame for those who ask for it") {
    Stage stage;
    stage.stream->set_welcome(std::string("welcome/\0hello", 14));
    Consumer consumer(stage.context, stage.endpoint, "welcome/");
    std::vector<std::string> frames;
    REQUIRE(stage.turn_until([&] {
        stage.loop.turn_again();
        frames = consumer.next();
        return !frames.empty();
    }));
    CHECK(frames == std::vector<std::string>{std::string("welcome/\0hello", 14)});
}

TEST_CASE("whoever finds one of several endpoints finds the welcome there") {
    TemporaryDirectory directory;
    net::Loop loop;
    net::ZmqContext context;
    const std::vector<std::string> endpoints{directory.endpoint("1"), directory.endpoint("2")};
    net::StreamSocket stream(context, loop, {.endpoints = endpoints});
    for (const char* name : {"1", "2"})
        CHECK_FALSE(std::filesystem::exists(directory / name));  // nobody can come too early
    stream.set_welcome("hello");
    stream.bind();
    for (const auto& endpoint : endpoints) {
        Consumer consumer(context, endpoint, "hello");
        std::vector<std::string> frames;
        REQUIRE(support::turn_until(loop, [&] {
            stream.after_turn();
            loop.turn_again();
            frames = consumer.next();
            return !frames.empty();
        }));
        CHECK(frames == std::vector<std::string>{"hello"});
    }
}

// A send takes in what waits for the socket, and with it the sign of a subscription: then nothing wakes the loop.
TEST_CASE("a subscription whose sign was swallowed by a send is seen all the same, by a loop that has nothing to do") {
    Stage stage;
    constexpr std::size_t kConsumers = 20;
    for (std::size_t seen = 0; seen < kConsumers;) {
        Consumer consumer(stage.context, stage.endpoint, "data/x/");
        // Sends without a look, for longer than libzmq leaves the sign alone and a subscription takes to come.
        const auto until = std::chrono::steady_clock::now() + 20ms;
        while (std::chrono::steady_clock::now() < until)
            stage.stream->send("data/y/", "nobody wants it", nullptr, nullptr);
        ++seen;
        REQUIRE(stage.turn_until([&] { return stage.subscriptions.size() == seen; }));
    }
}

TEST_CASE("more subscriptions than a turn takes are all taken") {
    Stage stage;
    constexpr std::size_t kFilters = 2'500;
    net::ZmqSocket consumer(stage.context, ZMQ_SUB, 0);
    consumer.set(ZMQ_SNDHWM, 0);
    REQUIRE(zmq_connect(consumer.get(), stage.endpoint.c_str()) == 0);
    for (std::size_t i = 0; i < kFilters; ++i)
        consumer.set(ZMQ_SUBSCRIBE, std::to_string(i));
    REQUIRE(stage.turn_until([&] { return stage.subscriptions.size() == kFilters; }));
    CHECK(stage.stream->filters() == kFilters);
}

// The promise to operators: each time that a consumer's queue became full is counted, and each is a gap that the
// consumer sees. The fast consumer beside it loses nothing, and nobody waits.
TEST_CASE("episodes of a slow consumer are counted as often as it sees a gap; a fast one loses nothing") {
    Stage stage(100);
    support::FakeClock clock;
    publish::Publisher publisher(*stage.stream, clock, {.epoch = 1});
    auto& topic = publisher.open_group("x", {.max_topics = 10}).data_topic("all");
    Consumer slow(stage.context, stage.endpoint, "data/x/all/", 50);
    Consumer fast(stage.context, stage.endpoint, "data/x/", 0);
    REQUIRE(stage.turn_until([&] { return stage.subscriptions.size() == 2; }));

    std::uint64_t slow_expected = 1;
    std::uint64_t fast_expected = 1;
    std::uint64_t gaps = 0;
    std::uint64_t holes_of_fast = 0;
    const auto read_one = [](Consumer& consumer, std::uint64_t& expected, std::uint64_t& holes) {
        const auto frames = consumer.next();
        if (frames.empty()) return false;
        v1::Header header;
        const auto bytes = frames[0].substr(frames[0].find('\0') + 1);
        REQUIRE(header.ParseFromString(bytes));
        if (header.sequence() != expected) ++holes;
        expected = header.sequence() + 1;
        return true;
    };
    const std::string payload(2'000, 'x');
    const auto publish_one = [&] {
        const auto number = topic.next_sequence;
        publisher.data(topic, {.bytes = payload}, {.received = clock.wall()});
        REQUIRE(support::turn_until(stage.loop, [&] {
            stage.loop.turn_again();
            stage.stream->after_turn();
            read_one(fast, fast_expected, holes_of_fast);
            return fast_expected > number;
        }));
    };
    for (int round = 0; round < 5; ++round) {
        const auto before = publisher.counters().slow_consumer_episodes;
        for (int i = 0; i < 3'000; ++i)
            publish_one();
        CHECK(publisher.counters().slow_consumer_episodes == before + 1);
        // The slow one wakes up, and reads until it has caught up with a message published after the loss.
        REQUIRE(support::turn_until(stage.loop, [&] {
            publish_one();
            while (read_one(slow, slow_expected, gaps))
                continue;
            return slow_expected == topic.next_sequence;
        }));
    }
    CHECK(holes_of_fast == 0);
    CHECK(gaps == publisher.counters().slow_consumer_episodes);
    CHECK(gaps >= 5);
}
