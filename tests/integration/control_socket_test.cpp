#include "net/control_socket.hpp"

#include "temporary_directory.hpp"
#include "wait.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace fairlead;
using Frames = std::vector<std::string>;

namespace {

struct Desk {
    Desk() : endpoint("ipc://" + (directory / "c")), control(context, loop, endpoint, 0660) {
        control.on_request([this](const std::string& peer, std::string_view body, const auto& respond,
                                  const std::unique_ptr<seam::ReplyStream>& stream) {
            peers.push_back(peer);
            streams.push_back(stream != nullptr);
            bodies.emplace_back(body);
            respond("re:" + std::string(body));
        });
    }

    Frames exchange(int type, const Frames& request, bool correlate = false) {
        net::ZmqSocket client(context, type, 0);
        if (correlate) {
            client.set(ZMQ_REQ_CORRELATE, 1);
            client.set(ZMQ_REQ_RELAXED, 1);
        }
        REQUIRE(zmq_connect(client.get(), endpoint.c_str()) == 0);
        for (std::size_t i = 0; i < request.size(); ++i)
            REQUIRE(zmq_send(client.get(), request[i].data(), request[i].size(),
                             i + 1 < request.size() ? ZMQ_SNDMORE : 0) >= 0);
        Frames reply;
        CHECK(support::turn_until(loop, [&] {
            loop.turn_again();
            control.after_turn();
            net::ZmqMessage frame;
            if (!frame.receive(client)) return false;
            reply.emplace_back(frame.view());
            while (frame.more() && frame.receive(client))
                reply.emplace_back(frame.view());
            return true;
        }));
        return reply;
    }

    support::TemporaryDirectory directory;
    net::Loop loop;
    net::ZmqContext context;
    std::string endpoint;
    net::ControlSocket control;
    std::vector<std::string> peers;
    std::vector<std::string> bodies;
    std::vector<bool> streams;  // whether more than the reply can be sent
};

}  // namespace

TEST_CASE("every envelope comes back as it came") {
    Desk desk;
    CHECK(desk.exchange(ZMQ_REQ, {"body"}) == Frames{"re:body"});
    CHECK(desk.exchange(ZMQ_REQ, {"body"}, true) == Frames{"re:body"});
    CHECK(desk.exchange(ZMQ_DEALER, {"body"}) == Frames{"re:body"});
    CHECK(desk.exchange(ZMQ_DEALER, {"", "body"}) == Frames{"", "re:body"});
    CHECK(desk.bodies == std::vector<std::string>(4, "body"));
    CHECK(desk.streams == std::vector<bool>{false, false, true, true});
}

TEST_CASE("what has too many frames gets one answer all the same") {
    Desk desk;
    const auto reply = desk.exchange(ZMQ_DEALER, {"1", "2", "3", "4", "5", "6", "7"});
    REQUIRE_FALSE(reply.empty());
    CHECK(reply.back() == "re:");
    CHECK(desk.exchange(ZMQ_REQ, {"body"}) == Frames{"re:body"});
}

TEST_CASE("what stands in front of the body is bounded, or it would be sent again with every message") {
    Desk desk;
    constexpr std::size_t kMost = net::ControlSocket::kMaxEnvelopeBytes;
    CHECK(desk.exchange(ZMQ_DEALER, {std::string(kMost, 'x'), "body"}) == Frames{std::string(kMost, 'x'), "re:body"});
    CHECK(desk.exchange(ZMQ_DEALER, {std::string(kMost + 1, 'x'), "body"}) == Frames{"re:"});
    CHECK(desk.exchange(ZMQ_DEALER, {"1", std::string(kMost, 'x'), "body"}) == Frames{"1", "re:"});
    CHECK(desk.exchange(ZMQ_DEALER, {std::string(1 << 20, 'x'), "2", "3", "4", "body"}) == Frames{"re:"});
    CHECK(desk.streams == std::vector<bool>{true, false, false, false});
}

TEST_CASE("a turn of the loop makes so many bytes of replies, and the next goes on") {
    Desk desk;
    int in_turn = 0;
    int most_in_turn = 0;
    int handled = 0;
    constexpr int kRequests = 40;
    constexpr std::size_t kReplyBytes = net::ControlSocket::kReplyBytesPerTurn / 4;
    desk.control.on_request(
        [&](const std::string&, std::string_view, const auto& respond, const std::unique_ptr<seam::ReplyStream>&) {
            most_in_turn = std::max(most_in_turn, ++in_turn);
            ++handled;
            respond(std::string(kReplyBytes, 'x'));
        });
    net::ZmqSocket client(desk.context, ZMQ_DEALER, 0);
    REQUIRE(zmq_connect(client.get(), desk.endpoint.c_str()) == 0);
    for (int i = 0; i < kRequests; ++i)
        REQUIRE(zmq_send(client.get(), "page", 4, 0) == 4);
    // The loop is woken by the socket and by itself alone.
    REQUIRE(support::turn_until(desk.loop, [&] {
        desk.control.after_turn();
        in_turn = 0;
        return handled == kRequests;
    }));
    CHECK(most_in_turn <= 4);
}

TEST_CASE("who sends many requests at once gets every answer; who does not read them pins little") {
    Desk desk;
    net::ZmqSocket client(desk.context, ZMQ_DEALER, 0);
    client.set(ZMQ_RCVHWM, 1);
    client.set(ZMQ_RCVBUF, 4'096);
    REQUIRE(zmq_connect(client.get(), desk.endpoint.c_str()) == 0);
    constexpr std::size_t kRequests = 500;
    for (std::size_t i = 0; i < kRequests; ++i)
        REQUIRE(zmq_send(client.get(), "x", 1, 0) == 1);
    std::size_t answers = 0;
    REQUIRE(support::turn_until(desk.loop, [&] {
        desk.loop.turn_again();
        desk.control.after_turn();
        net::ZmqMessage frame;
        while (frame.receive(client))
            ++answers;
        return answers == kRequests;
    }));
    CHECK(desk.control.undeliverable() == 0);

    // Nothing is read from here on.
    const std::string large(100'000, 'y');
    desk.control.on_request([&](const std::string&, std::string_view, const auto& respond,
                                const std::unique_ptr<seam::ReplyStream>&) { respond(large); });
    for (std::size_t i = 0; i < kRequests; ++i)
        REQUIRE(zmq_send(client.get(), "x", 1, 0) == 1);
    constexpr std::size_t kHeld = net::ControlSocket::kQueuedMessages + net::ControlSocket::kMaxWaitingBytes / 100'000;
    constexpr std::size_t kOnTheWay = 40;  // with the kernel, and with the client
    REQUIRE(support::turn_until(desk.loop, [&] {
        desk.control.after_turn();
        return desk.control.undeliverable() >= kRequests - kHeld - kOnTheWay;
    }));
}

TEST_CASE("one process is one peer, whatever sockets it opens") {
    Desk desk;
    desk.exchange(ZMQ_REQ, {"1"});
    desk.exchange(ZMQ_REQ, {"2"});
    REQUIRE(desk.peers.size() == 2);
    CHECK(desk.peers[0] == desk.peers[1]);
    CHECK(desk.peers[0].find(std::to_string(getpid())) != std::string::npos);
}

TEST_CASE("a client that has gone before its answer is no trouble") {
    Desk desk;
    net::ControlSocket::Respond late;
    desk.control.on_request([&](const std::string&, std::string_view, net::ControlSocket::Respond respond,
                                const std::unique_ptr<seam::ReplyStream>&) { late = std::move(respond); });
    {
        net::ZmqSocket client(desk.context, ZMQ_DEALER, 0);
        REQUIRE(zmq_connect(client.get(), desk.endpoint.c_str()) == 0);
        REQUIRE(zmq_send(client.get(), "x", 1, 0) == 1);
        REQUIRE(support::turn_until(desk.loop, [&] {
            desk.control.after_turn();
            return static_cast<bool>(late);
        }));
    }
    REQUIRE(support::turn_until(desk.loop, [&] {
        desk.loop.turn_again();
        late("too late");
        return desk.control.undeliverable() > 0;
    }));
}
