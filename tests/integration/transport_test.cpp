// The transport against the simulated venue: what the library does at the edges, turned into one open and one end.
#include "raw_server.hpp"
#include "simulator/venue.hpp"
#include "transport_stage.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using core::Cause;
using support::Client;
using support::Lws;
using support::Native;
using support::Stage;

namespace {

simulator::Scenario quiet() {
    simulator::Scenario scenario;
    scenario.rate = 0;
    return scenario;
}

std::string url_of(const simulator::Venue& venue) {
    return fmt::format("ws://127.0.0.1:{}/ws", venue.port());
}

// A connection to a venue that is up.
struct Live : Stage {
    explicit Live(seam::Protocol used, simulator::Scenario scenario = quiet())
        : Stage(used), venue("127.0.0.1", 0, std::move(scenario)) {
        open(client, url_of(venue));
        REQUIRE(until([&] { return client.opened.has_value(); }));
    }
    seam::EndInfo end() {
        REQUIRE(until([&] { return client.end.has_value(); }));
        CHECK(until([&] { return transport.sockets() == 0; }));
        return *client.end;
    }
    simulator::Venue venue;
    Client client;
};

}  // namespace

TEST_CASE_TEMPLATE("opens, sends in order, receives, drains", Used, Native, Lws) {
    Live live(Used::kProtocol);
    CHECK(live.client.opened->endpoint == fmt::format("127.0.0.1:{}", live.venue.port()));
    for (int id = 1; id <= 100; ++id) {
        const auto text = fmt::format(R"({{"method":"LIST_SUBSCRIPTIONS","id":{}}})", id);
        CHECK(live.client.link->send(text, false) == seam::SendResult::Accepted);
    }
    CHECK(live.client.drained == 0);
    REQUIRE(live.until([&] { return live.client.messages.size() == 100 && live.client.drained == 1; }));
    for (int id = 1; id <= 100; ++id)
        CHECK(live.client.messages[static_cast<std::size_t>(id - 1)].find(fmt::format("\"id\":{}}}", id)) !=
              std::string::npos);
    CHECK(live.client.assembled == 0);
}

TEST_CASE_TEMPLATE("pings are answered with their payload and go before queued messages", Used, Native, Lws) {
    Live live(Used::kProtocol);
    live.client.link->ping("12345678");
    REQUIRE(live.until([&] { return !live.client.pongs.empty(); }));
    CHECK(live.client.pongs.front() == "12345678");
    CHECK(live.venue.stats().pings_seen == 1);
}

TEST_CASE_TEMPLATE("a close by this side reaches the venue with its code, and nothing reaches the handler", Used,
                   Native, Lws) {
    Live live(Used::kProtocol);
    live.client.link->close(1001, "bye");
    live.client.link.reset();
    REQUIRE(live.until([&] { return live.transport.sockets() == 0; }));
    CHECK_FALSE(live.client.end);
    // The venue answers first and counts afterwards.
    CHECK(live.until([&] {
        live.loop.turn_again();
        return live.venue.stats().client_close_codes == std::vector<std::uint16_t>{1001};
    }));
}

TEST_CASE_TEMPLATE("a link may be destroyed in every callback", Used, Native, Lws) {
    simulator::Scenario busy;
    busy.rate = 200;
    simulator::Venue venue("127.0.0.1", 0, busy);
    Stage stage(Used::kProtocol);
    Client at_open;
    at_open.when_open = [&] { at_open.link.reset(); };
    stage.open(at_open, url_of(venue));
    Client at_message;
    at_message.when_message = [&] { at_message.link.reset(); };
    stage.open(at_message, url_of(venue) + "/btcusdt@trade");
    REQUIRE(stage.until([&] { return at_open.opened && !at_message.messages.empty(); }));
    REQUIRE(stage.until([&] { return stage.transport.sockets() == 0; }));
    CHECK(at_message.messages.size() == 1);
    CHECK_FALSE(at_open.end);
}

TEST_CASE_TEMPLATE("the venue's close code and reason are told", Used, Native, Lws) {
    Live live(Used::kProtocol);
    live.venue.close_all(1001, "maintenance");
    const auto end = live.end();
    CHECK(end.cause == Cause::PeerClosed);
    CHECK(end.close_code == 1001);
    CHECK(end.detail.find("maintenance") != std::string::npos);
}

TEST_CASE_TEMPLATE("whatever bytes a close reason has, the detail is one line of UTF-8", Used, Native, Lws) {
    Live live(Used::kProtocol);
    live.venue.close_all(1001, "bye\n\xff\xfe \xc3\xa4");
    const auto end = live.end();
    CHECK(end.close_code == 1001);
    CHECK(simdjson::validate_utf8(end.detail));
    CHECK(end.detail.find('\n') == std::string::npos);
    CHECK(end.detail.find("bye") != std::string::npos);
}

TEST_CASE_TEMPLATE("a reset and a venue that dies are lost connections", Used, Native, Lws) {
    {
        Live live(Used::kProtocol);
        live.venue.reset_all();
        CHECK(live.end().cause == Cause::ConnectionLost);
    }
    Live live(Used::kProtocol);
    live.venue.stop_listening();
    CHECK(live.end().cause == Cause::ConnectionLost);
    CHECK(live.failure(url_of(live.venue)).cause == Cause::ConnectFailed);
}

TEST_CASE_TEMPLATE("violations of the protocol are told as such", Used, Native, Lws) {
    using simulator::BadFrame;
    for (const auto kind : {BadFrame::ReservedBit, BadFrame::BadOpcode, BadFrame::BadUtf8}) {
        Live live(Used::kProtocol);
        live.venue.send_bad_frame(kind);
        CHECK_MESSAGE(live.end().cause == Cause::ProtocolError, simulator::to_string(kind));
    }
}

TEST_CASE_TEMPLATE("a message above the limit is refused at its first piece", Used, Native, Lws) {
    simulator::Scenario large;
    large.rate = 20;
    large.message_padding = 300'000;
    simulator::Venue venue("127.0.0.1", 0, large);
    Stage stage(Used::kProtocol);
    auto request = stage.request(url_of(venue) + "/btcusdt@trade");
    request.max_message_bytes = 299'999;
    Client small;
    stage.open(small, request);
    request.max_message_bytes = 400'000;
    Client enough;
    stage.open(enough, request);
    REQUIRE(stage.until([&] { return small.end.has_value() && enough.messages.size() > 3; }));
    CHECK(small.messages.empty());
    CHECK(small.end->cause == Cause::MessageTooBig);
    CHECK(small.end->detail.find("max_message_bytes") != std::string::npos);
    CHECK(enough.messages.front().size() > 300'000);
    CHECK(enough.assembled == static_cast<int>(enough.messages.size()));
    CHECK_FALSE(enough.end);
}

TEST_CASE_TEMPLATE("a refused upgrade tells its status, and how long to wait", Used, Native, Lws) {
    simulator::Venue venue("127.0.0.1", 0, quiet());
    Stage stage(Used::kProtocol);
    venue.refuse_upgrades(503, 7);
    const auto busy = stage.failure(url_of(venue));
    CHECK(busy.cause == Cause::UpgradeRefused);
    CHECK(busy.http_status == 503);
    CHECK(busy.retry_after == core::Duration(7s));
    venue.refuse_upgrades(401, 7);
    const auto unauthorised = stage.failure(url_of(venue));
    CHECK(unauthorised.cause == Cause::UpgradeRefused);
    CHECK(unauthorised.http_status == 401);
    CHECK_FALSE(unauthorised.retry_after);
    venue.refuse_upgrades(429);
    CHECK(stage.failure(url_of(venue)).http_status == 429);
}

TEST_CASE_TEMPLATE("names, addresses and files that are wrong are told by their causes", Used, Native, Lws) {
    Stage stage(Used::kProtocol);
    CHECK(stage.failure("ws://no-such-host.invalid/").cause == Cause::ResolveFailed);
    CHECK(stage.failure("http://127.0.0.1/").cause == Cause::Config);
    auto request = stage.request("wss://127.0.0.1:9/");
    request.ca_file = "/no/such/file.pem";
    const auto end = stage.failure(request);
    CHECK(end.cause == Cause::Config);
    CHECK(end.detail.find("/no/such/file.pem") != std::string::npos);
}

TEST_CASE_TEMPLATE("every address is tried", Used, Native, Lws) {
    // Only the second address of `localhost`, whichever that is, is served: one of the two venues sees the client.
    for (const auto* host : {"127.0.0.1", "::1"}) {
        simulator::Venue venue(host, 0, quiet());
        Stage stage(Used::kProtocol);
        Client client;
        std::optional<net::Resolved> addresses;
        stage.resolver.resolve("localhost", false, stage.alive,
                               [&](const net::Resolved& resolved) { addresses = resolved; });
        REQUIRE(stage.until([&] { return addresses.has_value(); }));
        const auto& list = std::get<net::Addresses>(*addresses);
        if (std::find(list.begin(), list.end(), host) == list.end()) continue;
        stage.open(client, fmt::format("ws://localhost:{}/ws", venue.port()));
        CHECK(stage.until([&] { return client.opened.has_value(); }));
    }
}

TEST_CASE_TEMPLATE("a peer that accepts and says nothing runs into the timeout, which names the phase", Used, Native,
                   Lws) {
    const support::RawServer mute("");
    Stage stage(Used::kProtocol);
    auto request = stage.request(fmt::format("ws://127.0.0.1:{}/", mute.port()));
    request.timeout = 300ms;
    const auto upgrade = stage.failure(request);
    CHECK(upgrade.cause == Cause::Timeout);
    CHECK(upgrade.detail.find("upgrade") != std::string::npos);
    request.url = fmt::format("wss://127.0.0.1:{}/", mute.port());
    request.timeout = 2s;  // reading the system's certificates takes a part of it
    const auto tls = stage.failure(request);
    CHECK(tls.cause == Cause::Timeout);
    CHECK(tls.detail.find("TLS") != std::string::npos);
}

TEST_CASE_TEMPLATE("wrong answers to the upgrade fail the attempt, each with its cause", Used, Native, Lws) {
    struct Case {
        std::string answer;
        Cause cause;
    };
    const std::vector<Case> cases = {
        {"", Cause::Timeout},
        {"garbage\r\n\r\n", Cause::ConnectionLost},
        {"SSH-2.0-OpenSSH\r\n", Cause::ConnectionLost},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Cause::UpgradeRefused},
        {"HTTP/1.1 301 Moved\r\nLocation: ws://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", Cause::UpgradeRefused},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Accept: AAAA\r\n\r\n",
         Cause::ProtocolError},
    };
    for (const auto& expected : cases) {
        const support::RawServer server(expected.answer);
        Stage stage(Used::kProtocol);
        auto request = stage.request(fmt::format("ws://127.0.0.1:{}/", server.port()));
        request.timeout = 500ms;
        const auto end = stage.failure(request);
        CHECK_MESSAGE(end.cause == expected.cause, expected.answer << " -> " << end.detail);
    }
    const support::RawServer plain("HTTP/1.1 400 Bad Request\r\n\r\n");
    Stage stage(Used::kProtocol);
    CHECK(stage.failure(fmt::format("wss://127.0.0.1:{}/", plain.port())).cause == Cause::TlsFailed);
}

TEST_CASE_TEMPLATE("extra headers and the user agent are sent", Used, Native, Lws) {
    const support::RawServer server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    Stage stage(Used::kProtocol);
    auto request = stage.request(fmt::format("ws://127.0.0.1:{}/path?q=1", server.port()));
    request.headers = {{"X-Key", "secret"}, {"Origin", "https://example.org"}};
    CHECK(stage.failure(request).http_status == 400);
    const auto head = server.received();
    CHECK(head.find("GET /path?q=1 HTTP/1.1\r\n") == 0);
    CHECK(head.find("X-Key: secret\r\n") != std::string::npos);
    CHECK(head.find("fairlead/") != std::string::npos);
    CHECK(head.find(fmt::format("Host: 127.0.0.1:{}\r\n", server.port())) != std::string::npos);
}

TEST_CASE_TEMPLATE("an HTTP proxy is asked for the venue's name, with its password", Used, Native, Lws) {
    const support::RawServer proxy("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    Stage stage(Used::kProtocol);
    auto request = stage.request("ws://venue.example:81/");
    request.proxy = fmt::format("http://user:pass@127.0.0.1:{}", proxy.port());
    CHECK(stage.failure(request).cause == Cause::ConnectFailed);
    const auto head = proxy.received();
    CHECK(head.find("CONNECT venue.example:81 HTTP/1.") == 0);
    CHECK(head.find("basic dXNlcjpwYXNz") != std::string::npos);
}

TEST_CASE_TEMPLATE("the queue to a venue that does not read is bounded", Used, Native, Lws) {
    Live live(Used::kProtocol);
    live.venue.go_half_open(true);
    const std::string message(100'000, 'x');
    auto result = seam::SendResult::Accepted;
    int accepted = 0;
    while (result == seam::SendResult::Accepted && accepted < 10'000) {
        result = live.client.link->send(message, false);
        ++accepted;
        live.loop.turn_again();
        live.loop.turn();
    }
    CHECK(result == seam::SendResult::QueueFull);
    live.client.link.reset();
    CHECK(live.until([&] { return live.transport.sockets() == 0; }));  // though it never takes the close frame
}

TEST_CASE_TEMPLATE("a thousand attempts leave nothing behind", Used, Native, Lws) {
    simulator::Venue venue("127.0.0.1", 0, quiet());
    Stage stage(Used::kProtocol);
    for (int i = 0; i < 1'000; ++i) {
        Client client;
        stage.open(client, url_of(venue));
        if (i % 3 == 0) continue;  // given up at once
        if (i % 3 == 1) stage.loop.turn();
        if (i % 3 == 2) REQUIRE(stage.until([&] { return client.opened.has_value(); }));
    }
    CHECK(stage.until([&] { return stage.transport.sockets() == 0; }));
}
