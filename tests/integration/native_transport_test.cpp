// What only shows when bytes are played by hand: many frames in one read, sending and receiving at once, ends in the
// middle of things; and what only the transport with our own codec does.
#include "transport_stage.hpp"
#include "upgrade_server.hpp"
#include "websocket_frames.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <vector>

using namespace fairlead;
using namespace std::string_literals;
using namespace std::chrono_literals;
using core::Cause;
using simulator::Opcode;
using support::Client;
using support::close_frame;
using support::Deflater;
using support::frame;
using support::Lws;
using support::Native;
using support::Stage;
using support::text_frame;
using support::UpgradeServer;

namespace {

constexpr auto kCompressedText = support::kFin | support::kRsv1 | 1;

std::string repeated(const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i)
        all += text;
    return all;
}

std::vector<std::string> payloads(const UpgradeServer& server, Opcode opcode) {
    std::vector<std::string> found;
    for (const auto& frame : server.frames()) {
        if (frame.opcode == opcode) found.push_back(frame.payload);
    }
    return found;
}

}  // namespace

TEST_CASE_TEMPLATE("frames that come with the answer to the upgrade are not lost", Used, Native, Lws) {
    UpgradeServer server(repeated(text_frame("early"), 100));
    Stage stage(Used::kProtocol);
    Client client;
    stage.open(client, server.url());
    CHECK(stage.until([&] { return client.count == 100; }));
}

TEST_CASE_TEMPLATE("a link that is destroyed in the middle of a read gets no more of it", Used, Native, Lws) {
    for (const auto* kind : {"message", "pong"}) {
        UpgradeServer server(repeated(text_frame("a") + frame(0x8a, "b"), 50));
        Stage stage(Used::kProtocol);
        Client client;
        const auto destroy_third = [&] {
            if (client.count == 3) client.link.reset();
        };
        (kind == "message"s ? client.when_message : client.when_pong) = destroy_third;
        stage.open(client, server.url());
        CHECK(stage.until([&] { return client.count > 0 && !client.link && stage.transport.sockets() == 0; }));
        CHECK(client.count == 3);
        CHECK(client.pongs.size() == (kind == "message"s ? 2 : 3));
        CHECK_FALSE(client.end);
        CHECK(stage.until_elsewhere([&] { return server.close_code() == 1000; }));
    }
}

TEST_CASE_TEMPLATE("pings between messages are answered with their payload", Used, Native, Lws) {
    UpgradeServer server("", [](UpgradeServer::Peer& peer) {
        for (const auto* payload : {"one", "two"}) {
            peer.send(text_frame("a") + frame(0x89, payload) + text_frame("b"));
            peer.receive();
        }
    });
    Stage stage(Used::kProtocol);
    Client client;
    stage.open(client, server.url());
    CHECK(stage.until_elsewhere([&] { return server.count() == 2; }));
    CHECK(payloads(server, Opcode::Pong) == std::vector<std::string>{"one", "two"});
    CHECK(client.count == 4);
}

TEST_CASE("libwebsockets takes the turns while a socket connects, writes or ends, and not while it only reads") {
    UpgradeServer server("", [](UpgradeServer::Peer& peer) {
        peer.receive();
        peer.send(text_frame("a"));
        peer.receive();
    });
    Stage stage(seam::Protocol::Native);
    Client client;
    CHECK(stage.loop.takes_own_turns());
    stage.open(client, server.url());
    CHECK(stage.until([&] { return client.opened && stage.loop.takes_own_turns(); }));
    client.link->send("order", false);
    CHECK_FALSE(stage.loop.takes_own_turns());
    CHECK(stage.until([&] { return client.count == 1 && stage.loop.takes_own_turns(); }));
    client.link->ping("round trip");
    CHECK_FALSE(stage.loop.takes_own_turns());
    CHECK(stage.until([&] { return stage.loop.takes_own_turns(); }));
    client.link->close(1000, "");
    CHECK_FALSE(stage.loop.takes_own_turns());
    CHECK(stage.until([&] { return stage.transport.sockets() == 0; }));
    CHECK(stage.loop.takes_own_turns());
}

TEST_CASE("links of both kinds share a loop") {
    constexpr int kFrames = 1'000;
    const auto venue = [](UpgradeServer::Peer& peer) {
        for (int sent = 0; sent < kFrames; ++sent)
            peer.send(text_frame("a"));
        peer.receive();
    };
    UpgradeServer first("", venue);
    UpgradeServer second("", venue);
    Stage stage(seam::Protocol::Native);
    Client native;
    Client lws;
    stage.open(native, first.url());
    auto request = stage.request(second.url());
    request.protocol = seam::Protocol::Lws;
    stage.open(lws, request);
    CHECK(stage.until([&] { return native.count == kFrames && lws.count == kFrames; }));
    CHECK_FALSE(stage.loop.takes_own_turns());  // libwebsockets' own role needs it all the time
    lws.link.reset();
    CHECK(stage.until([&] { return stage.loop.takes_own_turns(); }));
}

TEST_CASE("of several pings in a read the last is answered") {
    UpgradeServer server(frame(0x89, "first") + frame(0x89, "second") + frame(0x89, "last"));
    Stage stage(seam::Protocol::Native);
    Client client;
    stage.open(client, server.url());
    CHECK(stage.until_elsewhere([&] { return server.count() == 1; }));
    CHECK(payloads(server, Opcode::Pong) == std::vector<std::string>{"last"});
}

TEST_CASE_TEMPLATE("what is sent during a burst arrives during the burst", Used, Native, Lws) {
    constexpr int kFrames = 100'000;
    const auto batch = repeated(text_frame(std::string(200, 'x')), 1'000);
    std::atomic<std::size_t> seen_during_burst = 0;
    UpgradeServer* venue = nullptr;
    std::atomic<bool> ready = false;
    UpgradeServer server("", [&](UpgradeServer::Peer& peer) {
        while (!ready)
            std::this_thread::yield();
        for (int sent = 0; sent < kFrames; sent += 1'000) {
            if (!peer.send(batch)) return;
            peer.poll();
        }
        seen_during_burst = venue->count();
    });
    venue = &server;
    ready = true;
    Stage stage(Used::kProtocol);
    Client client;
    client.keep_messages = false;
    client.when_message = [&] {
        if (client.count % 1'000 == 1) client.link->send("order " + std::to_string(client.count), false);
    };
    stage.open(client, server.url());
    REQUIRE(stage.until([&] { return client.count == kFrames; }));
    CHECK(stage.until_elsewhere([&] { return server.count() == kFrames / 1'000; }));
    CHECK(seen_during_burst > 20);
    const auto orders = payloads(server, Opcode::Text);
    for (std::size_t i = 0; i < orders.size(); ++i)
        CHECK(orders[i] == "order " + std::to_string(i * 1'000 + 1));
}

TEST_CASE_TEMPLATE("what is received during a burst of sending arrives during it", Used, Native, Lws) {
    const std::string order(1'000, 'o');
    UpgradeServer server("", [](UpgradeServer::Peer& peer) {
        for (int i = 0; i < 500; ++i) {
            if (!peer.receive() || !peer.send(text_frame("quote"))) return;
        }
    });
    Stage stage(Used::kProtocol);
    Client client;
    int sent = 0;
    const auto send_more = [&] {
        for (int i = 0; i < 200 && client.count < 500; ++i, ++sent)
            REQUIRE(client.link->send(order, false) == seam::SendResult::Accepted);
    };
    client.when_open = send_more;
    client.when_drained = send_more;
    stage.open(client, server.url());
    CHECK(stage.until([&] { return client.count == 500; }));
    CHECK(stage.until_elsewhere([&] { return server.count() == static_cast<std::size_t>(sent); }));
}

TEST_CASE_TEMPLATE("a venue that sends without reading is read from, though it takes nothing", Used, Native, Lws) {
    constexpr int kFrames = 50'000;
    UpgradeServer server("", [](UpgradeServer::Peer& peer) {
        peer.receive();
        const auto batch = repeated(text_frame(std::string(400, 'x')), 1'000);
        for (int sent = 0; sent < kFrames; sent += 1'000)
            peer.send(batch);
    });
    Stage stage(Used::kProtocol);
    Client client;
    client.keep_messages = false;
    client.when_open = [&] {
        for (int i = 0; i < 250; ++i)
            client.link->send(std::string(60'000, 'o'), true);
    };
    stage.open(client, server.url());
    CHECK(stage.until([&] { return client.count == kFrames && client.drained == 1; }));
    CHECK(stage.until_elsewhere([&] { return server.count() == 250; }));
    CHECK(payloads(server, Opcode::Binary) == std::vector<std::string>(250, std::string(60'000, 'o')));
}

TEST_CASE_TEMPLATE("a venue that closes and ends its side at once gets the answer", Used, Native, Lws) {
    UpgradeServer server(text_frame("last") + close_frame(1001),
                         [](UpgradeServer::Peer& peer) { peer.finish_sending(); });
    Stage stage(Used::kProtocol);
    Client client;
    stage.open(client, server.url());
    CHECK(stage.until([&] { return client.end && stage.transport.sockets() == 0; }));
    CHECK(client.end->close_code == 1001);
    CHECK(client.messages == std::vector<std::string>{"last"});
    CHECK(stage.until_elsewhere([&] { return server.close_code() == 1001; }));
}

TEST_CASE_TEMPLATE("half a frame and an end is a lost connection", Used, Native, Lws) {
    UpgradeServer server(text_frame("whole") + text_frame("half").substr(0, 3),
                         [](UpgradeServer::Peer& peer) { peer.finish_sending(); });
    Stage stage(Used::kProtocol);
    Client client;
    stage.open(client, server.url());
    CHECK(stage.until([&] { return client.end && stage.transport.sockets() == 0; }));
    CHECK(client.end->cause == Cause::ConnectionLost);
    CHECK(client.messages == std::vector<std::string>{"whole"});
}

TEST_CASE_TEMPLATE("a venue that never answers a close is left, after seconds", Used, Native, Lws) {
    UpgradeServer server("", [](UpgradeServer::Peer& peer) {
        while (peer.send(text_frame("more")))
            continue;
    });
    Stage stage(Used::kProtocol);
    Client client;
    client.keep_messages = false;
    client.when_message = [&] { client.link.reset(); };
    stage.open(client, server.url());
    CHECK(stage.until([&] { return client.count > 0 && stage.transport.sockets() == 0; }));
    CHECK(client.count == 1);
}

TEST_CASE_TEMPLATE("a subprotocol that was not offered fails the upgrade", Used, Native, Lws) {
    UpgradeServer server("", {}, "Sec-WebSocket-Protocol: v2\r\n");
    Stage stage(Used::kProtocol);
    auto request = stage.request(server.url());
    request.subprotocol = "v1, v3";
    CHECK(stage.failure(request).cause == Cause::ProtocolError);
    CHECK(stage.failure(server.url()).cause == Cause::ProtocolError);
    request.subprotocol = "v1, v2";
    Client client;
    stage.open(client, request);
    CHECK(stage.until([&] { return client.opened.has_value(); }));
}

TEST_CASE_TEMPLATE("an extension that was not offered fails the upgrade", Used, Native, Lws) {
    UpgradeServer server("", {}, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    Stage stage(Used::kProtocol);
    CHECK(stage.failure(server.url()).cause == Cause::ProtocolError);
}

TEST_CASE("compressed messages are inflated when the venue agrees, and counted") {
    Deflater deflate;
    std::string bytes;
    std::vector<std::string> expected;
    std::size_t compressed = 0;
    std::size_t inflated = 0;
    for (int i = 0; i < 100; ++i) {
        const auto text = "quote " + std::to_string(i) + std::string(100, 'x');
        const auto data = deflate(text);
        compressed += data.size();
        inflated += text.size();
        bytes += frame(kCompressedText, data) + text_frame("plain");
        expected.insert(expected.end(), {text, "plain"});
    }
    UpgradeServer server(bytes, {}, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15\r\n");
    Stage stage(seam::Protocol::Native);
    auto request = stage.request(server.url());
    request.compression = true;
    Client client;
    stage.open(client, request);
    REQUIRE(stage.until([&] { return client.count == 200; }));
    CHECK(client.messages == expected);
    CHECK(client.inflation.compressed_bytes == compressed);
    CHECK(client.inflation.inflated_bytes == inflated);
    CHECK(client.inflation.took > core::Duration{0});
}

TEST_CASE("what was inflated is told before the end of the link; without compression there is nothing to tell") {
    Deflater deflate;
    const auto data = deflate("the last quote");
    for (const auto& end : {close_frame(1000), frame(0x83, "")}) {
        UpgradeServer server(frame(kCompressedText, data) + end, {},
                             "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        Stage stage(seam::Protocol::Native);
        auto request = stage.request(server.url());
        request.compression = true;
        Client client;
        stage.open(client, request);
        REQUIRE(stage.until([&] { return client.end.has_value(); }));
        CHECK(client.inflation.compressed_bytes == data.size());
        CHECK(client.inflation.inflated_bytes == 14);
    }
    UpgradeServer plain(text_frame("plain") + close_frame(1000));
    Stage stage(seam::Protocol::Native);
    Client client;
    stage.open(client, plain.url());
    REQUIRE(stage.until([&] { return client.end.has_value(); }));
    CHECK(client.inflations == 0);
}

TEST_CASE("compression is a matter of the venue, of its honesty, and of the limit") {
    Stage stage(seam::Protocol::Native);
    const auto end_of = [&](const std::string& bytes, const std::string& fields) {
        UpgradeServer server(bytes, {}, fields);
        auto request = stage.request(server.url());
        request.compression = true;
        Client client;
        stage.open(client, request);
        REQUIRE(stage.until([&] { return client.end.has_value(); }));
        return *client.end;
    };
    const auto agreed = "Sec-WebSocket-Extensions: permessage-deflate\r\n"s;
    Deflater deflate;
    const auto bomb = deflate(std::string(2 << 20, 'x'));
    CHECK(end_of(frame(kCompressedText, bomb), agreed).cause == Cause::MessageTooBig);
    CHECK(end_of(frame(kCompressedText, "\x07\x00"s), agreed).detail ==
          "the venue sent compressed data that cannot be inflated");
    CHECK(end_of(frame(kCompressedText, "\x07\x00"s), "").detail == "the venue sent a frame with a reserved bit");
    const auto unknown = end_of("", "Sec-WebSocket-Extensions: permessage-deflate; surprise\r\n");
    CHECK(unknown.cause == Cause::ProtocolError);
    CHECK(unknown.detail.find("permessage-deflate") != std::string::npos);
}

TEST_CASE("a 101 with a body is refused, because libwebsockets would cut what follows") {
    for (const auto* field : {"Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: 5\r\n"}) {
        UpgradeServer server(text_frame("a"), {}, field);
        Stage stage(seam::Protocol::Native);
        const auto end = stage.failure(server.url());
        CHECK(end.cause == Cause::ProtocolError);
        CHECK(end.detail.find("Content-Length") != std::string::npos);
    }
}

TEST_CASE("why an upgrade is refused is told in the venue's words, when they end or are enough") {
    const auto refused = [](const std::string& head, const std::string& body) {
        UpgradeServer server(body, {}, "HTTP/1.1 403 Forbidden\r\n" + head + "\r\n");
        Stage stage(seam::Protocol::Native);
        auto request = stage.request(server.url());
        request.headers = {{"X-Key", "secretkey"}};
        const auto end = stage.failure(request);
        CHECK(end.cause == Cause::UpgradeRefused);
        CHECK(end.http_status == 403);
        return end.detail;
    };
    const auto body = R"({"code":-2015,"msg":"Invalid key"})"s;
    const auto told = "the venue answered 403 to the upgrade: " + body;
    CHECK(refused("Content-Length: 34\r\n", body) == told);
    CHECK(refused("Transfer-Encoding: chunked\r\n", "22\r\n" + body + "\r\n0\r\n\r\n") == told);
    CHECK(refused("", body + "\nmore") == told);  // a whole line is enough
    CHECK(refused("", body) == told);             // patience ends
    CHECK(refused("Content-Length: 100\r\n", body) == told);
    CHECK(refused("", std::string(100'000, 'x')) == "the venue answered 403 to the upgrade");
    CHECK(refused("Content-Length: 0\r\n", "") == "the venue answered 403 to the upgrade");
    CHECK(refused("", "unknown key secretkey\n") == "the venue answered 403 to the upgrade");
}
