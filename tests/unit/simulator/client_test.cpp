// What goes wrong with the data of one connection, without a socket.
#include "simulator/client.hpp"

#include "client_frame.hpp"

#include <doctest/doctest.h>

namespace {

using namespace fairlead::simulator;
using namespace std::chrono_literals;
using fairlead::core::SteadyTime;

constexpr SteadyTime kStart{std::chrono::hours{1}};
constexpr std::size_t kStream = 0;

struct Fixture {
    Fixture() : client({}, kStart) {
        client.connection.receive(
            "GET /ws/a@trade HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            std::nullopt, kStart);
        client.upgraded = true;
        take();
    }
    std::string take() {
        std::string text{client.connection.outbox().front()};
        client.connection.outbox().consume(text.size());
        return text;
    }
    Client client;
};

TEST_CASE_FIXTURE(Fixture, "a message passes as it comes") {
    CHECK(client.is_fed());
    CHECK(client.publish(kStream, "1", kStart).sent == 1);
    CHECK(take() == "1");
    CHECK_FALSE(client.next_release());
}

TEST_CASE_FIXTURE(Fixture, "the next message of a stream is left out, once") {
    client.tamper(kStream, Tamper::Skip);
    CHECK(client.publish(kStream + 1, "other", kStart).sent == 1);
    CHECK(client.publish(kStream, "1", kStart).sent == 0);
    CHECK(client.publish(kStream, "2", kStart).sent == 1);
    CHECK(take() == "other2");
}

TEST_CASE_FIXTURE(Fixture, "the next message of a stream comes twice, once") {
    client.tamper(kStream, Tamper::Repeat);
    CHECK(client.publish(kStream, "1", kStart).sent == 2);
    client.publish(kStream, "2", kStart);
    CHECK(take() == "112");
}

TEST_CASE_FIXTURE(Fixture, "two messages change places, once") {
    client.tamper(kStream, Tamper::Swap);
    CHECK(client.publish(kStream, "1", kStart).sent == 0);
    CHECK(client.publish(kStream, "2", kStart).sent == 2);
    client.publish(kStream, "3", kStart);
    CHECK(take() == "213");
}

TEST_CASE_FIXTURE(Fixture, "delayed messages come in their order when it is time") {
    client.delay_by(50ms);
    CHECK(client.publish(kStream, "1", kStart).sent == 0);
    CHECK(client.next_release() == kStart + 50ms);
    client.publish(kStream, "2", kStart + 10ms);
    CHECK(client.release(kStart + 49ms).sent == 0);
    CHECK(client.release(kStart + 50ms).sent == 1);
    CHECK(take() == "1");
    CHECK(client.next_release() == kStart + 60ms);

    SUBCASE("a shorter delay lets nothing overtake") {
        client.delay_by(0ms);
        CHECK(client.publish(kStream, "3", kStart + 51ms).sent == 0);
        CHECK(client.release(kStart + 60ms).sent == 2);
        CHECK(take() == "23");
        CHECK(client.publish(kStream, "4", kStart + 61ms).sent == 1);
        CHECK(take() == "4");
    }
    SUBCASE("a silent connection loses what is due") {
        client.silent = true;
        CHECK(client.release(kStart + 60ms).sent == 0);
        CHECK(take().empty());
    }
}

TEST_CASE_FIXTURE(Fixture, "what is kept back has a bound, and what is dropped is counted") {
    client.delay_by(1s);
    const std::string half(Client::kMaxDelayedBytes / 2, 'x');
    CHECK(client.publish(kStream, half, kStart).dropped == 0);
    CHECK(client.publish(kStream, half, kStart).dropped == 0);
    CHECK(client.publish(kStream, "x", kStart).dropped == 1);
}

TEST_CASE_FIXTURE(Fixture, "who has closed or asks for nothing is not fed") {
    client.connection.receive(
        fairlead::test::client_frame(0x81, R"({"method":"UNSUBSCRIBE","params":["a@trade"],"id":1})"), std::nullopt,
        kStart);
    CHECK_FALSE(client.is_fed());
    Fixture other;
    other.client.connection.close(1000, "", kStart);
    CHECK_FALSE(other.client.is_fed());
}

}  // namespace
