// A journal streamed to real clients over a real control socket, while live traffic goes on.
#include "app/system.hpp"
#include "control/recovery.hpp"
#include "net/control_socket.hpp"
#include "net/stream_socket.hpp"
#include "recorders.hpp"
#include "temporary_directory.hpp"
#include "wait.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace fairlead;
using Frames = std::vector<std::string>;

namespace {

// What the application does with a request that wants a stream, and with no other.
struct Sidecar {
    explicit Sidecar(const publish::JournalSettings& journal)
        : stream(context, loop, {.endpoints = {directory.endpoint("s")}}),
          control(context, loop, directory.endpoint("c"), 0660),
          publisher(stream, clock, {.epoch = 7, .journal = journal}),
          topic(publisher.open_group("x", {}).data_topic("a")) {
        stream.bind();
        control.on_request([this](const std::string& peer, std::string_view body, const auto& respond,
                                  std::unique_ptr<seam::ReplyStream> out) {
            v1::Request request;
            REQUIRE(request.ParseFromArray(body.data(), static_cast<int>(body.size())));
            v1::Reply reply;
            reply.set_request_id(request.request_id());
            relay::Outcome outcome;
            if (control::Recovery::wants_stream(request)) {
                outcome =
                    recovery.stream(request, {.peer = peer, .request_id = request.request_id(), .out = std::move(out)},
                                    [&](v1::Reply& result) {
                                        result.set_request_id(request.request_id());
                                        result.set_code(v1::CODE_OK);
                                        return result.SerializeAsString();
                                    });
                if (outcome.code == v1::CODE_OK) return;
            } else {
                outcome = recovery.page(request.replay(), request.request_id(), *reply.mutable_replay());
            }
            reply.set_code(outcome.code);
            respond(reply.SerializeAsString());
            last_respond = respond;
        });
    }
    void publish(int count, const std::string& filling) {
        for (int i = 0; i < count; ++i) {
            const std::string payload = std::to_string(topic.next_sequence) + filling;
            publisher.data(topic, {.bytes = payload}, {.received = clock.wall()});
        }
    }
    // Turns of the loop, as the application has them: it waits where nothing is to do.
    bool turn_until(const std::function<bool()>& done) {
        return support::turn_until(loop, [&] {
            recovery.advance();
            end_turn();
            return done();
        });
    }
    void end_turn() {
        control.after_turn();
        stream.after_turn();
        if (recovery.has_runnable()) loop.turn_again();
    }
    v1::Status status() const {
        v1::Status status;
        recovery.describe(status);
        return status;
    }

    support::TemporaryDirectory directory;
    net::Loop loop;
    net::ZmqContext context;
    app::SystemClock clock;  // that of the loop, whose timers are armed by it
    net::StreamSocket stream;
    net::ControlSocket control;
    publish::Publisher publisher;
    control::Recovery recovery{publisher, clock, loop};
    publish::Topic& topic;
    net::ControlSocket::Respond last_respond;
};

class Client {
public:
    Client(Sidecar& sidecar, int type, int high_water_mark = 0) : socket_(sidecar.context, type, 0) {
        socket_.set(ZMQ_RCVHWM, high_water_mark);
        socket_.set(ZMQ_RCVBUF, 4'096);
        REQUIRE(zmq_connect(socket_.get(), sidecar.directory.endpoint("c").c_str()) == 0);
        sidecar.loop.watch(socket_.descriptor(), [] {});  // what comes wakes the loop
    }
    void ask(const v1::Request& request, bool empty_frame = false) {
        if (empty_frame) REQUIRE(zmq_send(socket_.get(), "", 0, ZMQ_SNDMORE) == 0);
        const std::string body = request.SerializeAsString();
        REQUIRE(zmq_send(socket_.get(), body.data(), body.size(), 0) >= 0);
    }
    // Empty when there is none.
    Frames next() {
        Frames frames;
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

v1::Request replay(std::uint64_t id, bool stream) {
    v1::Request request;
    request.set_request_id(id);
    request.mutable_replay()->set_topic("data/x/a/");
    request.mutable_replay()->set_from(1);
    request.mutable_replay()->set_stream(stream);
    return request;
}

// What a client has read of one stream, checked as it comes.
struct Reading {
    // False = there was nothing to read.
    bool read_one(Client& client) {
        const Frames frames = client.next();
        if (frames.empty()) return false;
        if (frames.size() == 1) {
            CHECK(numbers.empty());
            REQUIRE(reply.ParseFromString(frames[0]));
            ++replies;
            return true;
        }
        REQUIRE(frames.size() == 2);
        CHECK(replies == 1);
        const auto message = support::RecordingSink::take_apart(frames[0], frames[1]);
        CHECK(message.topic == "data/x/a/");
        REQUIRE(message.header.request_id() == id);
        if (message.header.kind() == v1::KIND_END) {
            end = message.as<v1::End>();
            ended = true;
            return true;
        }
        REQUIRE(message.header.flags() == v1::FLAG_REPLAYED);
        REQUIRE(message.payload.starts_with(std::to_string(message.header.sequence()) + "."));
        numbers.push_back(message.header.sequence());
        return true;
    }

    std::uint64_t id = 0;
    v1::Reply reply{};
    int replies = 0;
    std::vector<std::uint64_t> numbers{};
    v1::End end{};
    bool ended = false;
};

bool is_run(const std::vector<std::uint64_t>& numbers, std::uint64_t first, std::uint64_t last) {
    if (numbers.size() != last - first + 1) return false;
    for (const auto number : numbers)
        if (number != first++) return false;
    return true;
}

}  // namespace

TEST_CASE("a DEALER gets the whole journal, in order and unharmed, while live traffic goes on") {
    Sidecar sidecar({.messages_per_topic = 20'000, .max_bytes = 64 << 20});
    sidecar.publish(5'000, "." + std::string(200, 'x'));
    Client client(sidecar, ZMQ_DEALER);
    client.ask(replay(9, true));
    Reading reading{.id = 9};
    int live = 10'000;  // with those from before, what the journal holds
    REQUIRE(sidecar.turn_until([&] {
        if (live-- > 0) sidecar.publish(1, ".live");
        sidecar.loop.turn_again();
        while (reading.read_one(client))
            continue;
        return reading.ended;
    }));
    CHECK(reading.reply.replay().next_sequence() > 5'000);
    CHECK(is_run(reading.numbers, 1, reading.reply.replay().next_sequence() - 1));
    CHECK(reading.end.code() == v1::END_CODE_OK);
    CHECK(reading.end.oldest_sequence() == 1);
    CHECK(reading.end.next_sequence() >= reading.reply.replay().next_sequence());
    CHECK(sidecar.status().replays_active() == 0);
}

TEST_CASE("a DEALER that stops reading is waited for, and gets the rest when it reads again") {
    Sidecar sidecar({.messages_per_topic = 20'000, .max_bytes = 64 << 20});
    sidecar.publish(10'000, "." + std::string(1'000, 'x'));
    Client client(sidecar, ZMQ_DEALER, 10);
    client.ask(replay(9, true));
    // It is parked once nothing more is sent, turn after turn.
    std::uint64_t sent = 0;
    int still = 0;
    REQUIRE(sidecar.turn_until([&] {
        sidecar.loop.turn_again();
        const std::uint64_t now = sidecar.status().replayed_messages();
        still = now > 0 && now == sent ? still + 1 : 0;
        sent = now;
        return still > 2'000;
    }));
    CHECK(sent < 10'000);
    CHECK(sidecar.status().replays_active() == 1);
    Reading reading{.id = 9};
    REQUIRE(sidecar.turn_until([&] {
        while (reading.read_one(client))
            continue;
        return reading.ended;
    }));
    CHECK(is_run(reading.numbers, 1, 10'000));
    CHECK(reading.end.code() == v1::END_CODE_OK);
}

TEST_CASE("what is evicted while a DEALER does not read is told by TRUNCATED") {
    Sidecar sidecar({.messages_per_topic = 10'000, .max_bytes = 64 << 20});
    sidecar.publish(10'000, "." + std::string(1'000, 'x'));
    Client client(sidecar, ZMQ_DEALER, 10);
    client.ask(replay(9, true));
    std::uint64_t sent = 0;
    int still = 0;
    REQUIRE(sidecar.turn_until([&] {
        sidecar.loop.turn_again();
        const std::uint64_t now = sidecar.status().replayed_messages();
        still = now > 0 && now == sent ? still + 1 : 0;
        sent = now;
        return still > 2'000;
    }));
    sidecar.publish(9'900, ".new");
    Reading reading{.id = 9};
    REQUIRE(sidecar.turn_until([&] {
        while (reading.read_one(client))
            continue;
        return reading.ended;
    }));
    CHECK(reading.end.code() == v1::END_CODE_TRUNCATED);
    CHECK(reading.end.oldest_sequence() == 9'901);
    CHECK(reading.end.next_sequence() == 19'901);
    REQUIRE(reading.numbers.size() == sent + 100);
    CHECK(is_run({reading.numbers.begin(), reading.numbers.end() - 100}, 1, sent));
    CHECK(is_run({reading.numbers.end() - 100, reading.numbers.end()}, 9'901, 10'000));
}

TEST_CASE("a stream that begins behind the turn of the streams does not wait for something else to happen") {
    Sidecar sidecar({.messages_per_topic = 100, .max_bytes = 1 << 20});
    sidecar.publish(3, ".");
    Client other(sidecar, ZMQ_DEALER);
    other.ask(replay(1, false));
    REQUIRE(sidecar.turn_until([&] { return static_cast<bool>(sidecar.last_respond); }));
    Client client(sidecar, ZMQ_DEALER);
    client.ask(replay(2, true));
    // What is sent takes in the sign of the request, and the end of a turn finds it.
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    bool was_read = true;
    while (sidecar.status().replays_active() == 0) {
        REQUIRE(std::chrono::steady_clock::now() < patience);
        while (!other.next().empty())
            was_read = true;
        // One at a time: behind a full queue nothing is sent.
        if (std::exchange(was_read, false)) sidecar.last_respond("again");
        sidecar.end_turn();
    }
    bool overdue = false;
    const auto timer = sidecar.loop.create([&overdue] { overdue = true; });
    timer->arm(patience);
    while (sidecar.status().replays_active() > 0 && !overdue) {
        sidecar.loop.turn();
        sidecar.recovery.advance();
        sidecar.end_turn();
    }
    CHECK_FALSE(overdue);
    CHECK(sidecar.status().replays_abandoned() == 0);
}

TEST_CASE("a shutdown ends a stream that is under way with END") {
    Sidecar sidecar({.messages_per_topic = 20'000, .max_bytes = 64 << 20});
    sidecar.publish(10'000, "." + std::string(1'000, 'x'));
    Client client(sidecar, ZMQ_DEALER);
    client.ask(replay(9, true));
    REQUIRE(sidecar.turn_until([&] { return sidecar.status().replayed_messages() > 0; }));
    Reading reading{.id = 9};
    // Room is made first, so that there is some for END: a stream that met a full queue is not runnable.
    REQUIRE(sidecar.turn_until([&] {
        while (reading.read_one(client))
            continue;
        return !reading.numbers.empty() && sidecar.recovery.has_runnable();
    }));
    sidecar.recovery.shut_down();
    CHECK(sidecar.status().replays_active() == 0);
    REQUIRE(sidecar.turn_until([&] {
        while (reading.read_one(client))
            continue;
        return reading.ended || sidecar.status().replays_abandoned() == 1;
    }));
    REQUIRE(reading.ended);
    CHECK(reading.end.code() == v1::END_CODE_SHUTDOWN);
    CHECK(is_run(reading.numbers, 1, reading.numbers.size()));
    CHECK(reading.numbers.size() < 10'000);
}

TEST_CASE("a DEALER that goes away in the middle is given up") {
    Sidecar sidecar({.messages_per_topic = 20'000, .max_bytes = 64 << 20});
    sidecar.publish(10'000, "." + std::string(1'000, 'x'));
    {
        Client client(sidecar, ZMQ_DEALER, 10);
        client.ask(replay(9, true));
        REQUIRE(sidecar.turn_until([&] { return sidecar.status().replayed_messages() > 0; }));
    }
    REQUIRE(sidecar.turn_until([&] { return sidecar.status().replays_active() == 0; }));
    CHECK(sidecar.status().replays_abandoned() == 1);
}

TEST_CASE("a REQ gets pages and is refused a stream; a DEALER's empty frame comes back before each message") {
    Sidecar sidecar({.messages_per_topic = 20'000, .max_bytes = 64 << 20});
    sidecar.publish(1'500, ".");
    Client req(sidecar, ZMQ_REQ);
    std::vector<std::uint64_t> numbers{};
    auto request = replay(3, false);
    const auto answer = [&] {
        Frames frames;
        REQUIRE(sidecar.turn_until([&] {
            frames = req.next();
            return !frames.empty();
        }));
        v1::Reply reply;
        REQUIRE(frames.size() == 1);
        REQUIRE(reply.ParseFromString(frames[0]));
        return reply;
    };
    do {
        req.ask(request);
        const auto reply = answer();
        for (const auto& message : reply.replay().messages())
            numbers.push_back(support::RecordingSink::take_apart(message.head(), message.payload()).header.sequence());
        request.mutable_replay()->set_from(reply.replay().next_from());
    } while (request.replay().from() != 0);
    CHECK(is_run(numbers, 1, 1'500));
    req.ask(replay(4, true));
    CHECK(answer().code() == v1::CODE_INVALID);

    Client dealer(sidecar, ZMQ_DEALER);
    auto two = replay(5, true);
    two.mutable_replay()->set_to(2);
    dealer.ask(two, true);
    std::vector<Frames> got;
    REQUIRE(sidecar.turn_until([&] {
        for (auto frames = dealer.next(); !frames.empty(); frames = dealer.next())
            got.push_back(frames);
        return got.size() == 4;
    }));
    CHECK(got[0].size() == 2);
    for (const auto& frames : got)
        CHECK(frames[0].empty());
    CHECK(got[1].size() == 3);
    CHECK(got[1][2] == "1.");
}
