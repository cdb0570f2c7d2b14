#include "simulator/connection.hpp"

#include "client_frame.hpp"

#include <doctest/doctest.h>

namespace {

using namespace fairlead::simulator;
using namespace std::chrono_literals;
using fairlead::core::SteadyTime;
using fairlead::test::client_frame;

constexpr SteadyTime kStart{1h};

std::string upgrade_head(const std::string& target = "/ws") {
    return "GET " + target +
           " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
}

std::string take(Connection& connection) {
    std::string bytes(connection.outbox().front());
    connection.outbox().consume(bytes.size());
    return bytes;
}

std::string text_frame(std::string_view text) {
    std::string frame;
    append_frame(frame, Opcode::Text, text);
    return frame;
}

Connection open_connection(const Connection::Settings& settings = {}) {
    Connection connection(settings, kStart);
    CHECK(connection.receive(upgrade_head(), std::nullopt, kStart).opened);
    take(connection);
    return connection;
}

TEST_CASE("the upgrade may come byte by byte, with the first request right behind it") {
    Connection connection({}, kStart);
    const std::string bytes =
        upgrade_head() + client_frame(0x81, R"({"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1})");
    unsigned opened = 0;
    std::vector<Request> requests;
    for (const char byte : bytes) {
        const Received received = connection.receive({&byte, 1}, std::nullopt, kStart);
        opened += received.opened ? 1 : 0;
        requests.insert(requests.end(), received.requests.begin(), received.requests.end());
    }
    CHECK(opened == 1);
    CHECK(requests.size() == 1);
    CHECK(take(connection).ends_with(text_frame(R"({"result":null,"id":1})")));
    CHECK(connection.subscriptions() == std::set<std::string>{"btcusdt@trade"});
}

TEST_CASE("a refused stream is refused with the whole request, without a dialect as well") {
    const TopicFaults faults{.refused = {"ethusdt@trade"}, .silent = {}};
    Connection connection = open_connection({.topic_faults = &faults});
    connection.receive(
        client_frame(0x81, R"({"method":"SUBSCRIBE","params":["btcusdt@trade","ethusdt@trade"],"id":1})"), std::nullopt,
        kStart);
    CHECK(take(connection) == text_frame(R"({"code":2,"msg":"Invalid request: refused","id":1})"));
    CHECK(connection.subscriptions().empty());
}

TEST_CASE("a refused upgrade is answered and the socket is done with once that has left") {
    Connection connection({}, kStart);
    const Received received = connection.receive(upgrade_head(), Refusal{503, 1s}, kStart);
    CHECK_FALSE(received.opened);
    CHECK(received.refused_status == 503);
    CHECK_FALSE(connection.over(kStart));
    CHECK(take(connection).starts_with("HTTP/1.1 503 "));
    CHECK(connection.over(kStart));
}

TEST_CASE("a head without an end is refused by size and by time") {
    Connection large({}, kStart);
    CHECK(large.receive(std::string(kMaxUpgradeBytes, 'x'), std::nullopt, kStart).refused_status == 0);
    CHECK(large.receive("x", std::nullopt, kStart).refused_status == 431);

    Connection slow({}, kStart);
    slow.receive("GET /ws", std::nullopt, kStart);
    slow.tick(kStart + Connection::kUpgradeTimeout - 1ns, 0);
    CHECK_FALSE(slow.over(kStart + Connection::kUpgradeTimeout - 1ns));
    slow.tick(kStart + Connection::kUpgradeTimeout, 0);
    CHECK(slow.over(kStart + Connection::kUpgradeTimeout));
}

TEST_CASE("subscriptions are kept, listed, taken back and limited") {
    Connection connection = open_connection();
    const auto ask = [&](const std::string& json) {
        connection.receive(client_frame(0x81, json), std::nullopt, kStart);
        return take(connection);
    };
    ask(R"({"method":"SUBSCRIBE","params":["b@trade","a@trade","a@trade"],"id":1})");
    CHECK(ask(R"({"method":"LIST_SUBSCRIPTIONS","id":2})") == text_frame(R"({"result":["a@trade","b@trade"],"id":2})"));
    ask(R"({"method":"UNSUBSCRIBE","params":["b@trade","never@trade"],"id":3})");
    CHECK(connection.subscriptions() == std::set<std::string>{"a@trade"});
    std::string many;
    for (std::size_t i = 0; i < Connection::Settings{}.max_streams; ++i) {
        many += (i == 0 ? "\"s" : ",\"s") + std::to_string(i) + "@trade\"";
    }
    CHECK(ask(R"({"method":"SUBSCRIBE","params":[)" + many + R"(],"id":4})").find(R"("code":2)") != std::string::npos);
    CHECK(connection.subscriptions().size() == 1);
}

TEST_CASE("a ping is answered with its payload, and pongs are counted") {
    Connection connection = open_connection();
    const Received received =
        connection.receive(client_frame(0x89, "abc") + client_frame(0x8a, ""), std::nullopt, kStart);
    CHECK(received.pings == 1);
    CHECK(received.pongs == 1);
    CHECK(take(connection) ==
          "\x8a\x03"
          "abc");
}

TEST_CASE("the venue pings at its interval") {
    Connection connection = open_connection({20s, 0s});
    CHECK_FALSE(connection.tick(kStart + 20s - 1ns, 5));
    CHECK(connection.tick(kStart + 20s, 5));
    CHECK(take(connection) ==
          "\x89\x01"
          "5");
    CHECK_FALSE(connection.tick(kStart + 39s, 5));
    CHECK(connection.tick(kStart + 40s, 5));
}

TEST_CASE("a connection at the end of its life is closed with 1001") {
    Connection connection = open_connection({0s, 24h});
    connection.tick(kStart + 24h - 1ns, 0);
    CHECK(connection.takes_data());
    connection.tick(kStart + 24h, 0);
    CHECK_FALSE(connection.takes_data());
    CHECK(take(connection).starts_with("\x88\x0d\x03\xe9"));
}

TEST_CASE("a close of the venue ends with the client's answer or after two seconds") {
    Connection answered = open_connection();
    answered.close(1012, "restart", kStart);
    CHECK(take(answered) == "\x88\x09\x03\xf4restart");
    CHECK_FALSE(answered.over(kStart));
    const Received received = answered.receive(client_frame(0x88, "\x03\xf4"), std::nullopt, kStart);
    CHECK(received.close_code == 1012);
    CHECK(answered.outbox().empty());
    CHECK(answered.over(kStart));

    Connection ignored = open_connection();
    ignored.close(1001, "", kStart);
    CHECK_FALSE(ignored.over(kStart + Connection::kCloseTimeout - 1ns));
    CHECK(ignored.over(kStart + Connection::kCloseTimeout));
}

TEST_CASE("a close of the client is echoed, with or without a code") {
    Connection coded = open_connection();
    CHECK(coded
              .receive(client_frame(0x88,
                                    "\x03\xe8"
                                    "bye"),
                       std::nullopt, kStart)
              .close_code == 1000);
    CHECK(take(coded) == "\x88\x02\x03\xe8");
    CHECK(coded.over(kStart));

    Connection plain = open_connection();
    CHECK(plain.receive(client_frame(0x88, ""), std::nullopt, kStart).close_code == 1005);
    CHECK(take(plain) == std::string("\x88\x00", 2));
}

TEST_CASE("a client against the rules is closed with the code for it") {
    Connection connection = open_connection();
    connection.receive(client_frame(0xc1, "x"), std::nullopt, kStart);
    CHECK(take(connection).substr(2, 2) == "\x03\xea");
    CHECK(connection.over(kStart));
}

TEST_CASE("nothing can follow the header of an endless frame") {
    Connection connection = open_connection();
    connection.send_bad_frame(BadFrame::Oversize);
    CHECK_FALSE(take(connection).empty());
    CHECK_FALSE(connection.takes_data());
    connection.send_bad_frame(BadFrame::BadUtf8);
    connection.receive(client_frame(0x89, ""), std::nullopt, kStart);
    connection.close(1001, "", kStart);
    CHECK(connection.outbox().empty());
}

TEST_CASE("after the other bad frames data goes on") {
    for (const BadFrame kind : {BadFrame::ReservedBit, BadFrame::BadOpcode, BadFrame::BadUtf8, BadFrame::Unfinished}) {
        Connection connection = open_connection();
        connection.send_bad_frame(kind);
        CHECK(connection.takes_data());
        CHECK(connection.publish(text_frame("x")));
        CHECK(take(connection).ends_with(text_frame("x")));
    }
}

TEST_CASE("an outbox is bounded, and control frames have a reserve") {
    Outbox outbox;
    const std::string block(Outbox::kMaxBytes / 4, 'x');
    for (int i = 0; i < 4; ++i)
        CHECK(outbox.add(block));
    CHECK_FALSE(outbox.add("y"));
    CHECK(outbox.add_control("pong"));
    CHECK_FALSE(outbox.add_control(std::string(Outbox::kReserveBytes, 'x')));
    outbox.consume(1);
    CHECK(outbox.front().size() == Outbox::kMaxBytes + 3);
    outbox.consume(Outbox::kMaxBytes - 1);
    CHECK(outbox.front() == "pong");
    CHECK(outbox.add("y"));
    outbox.consume(5);
    CHECK(outbox.empty());
}

}  // namespace
