// A loop, a transport and links on it, over either protocol.
#pragma once

#include "net/lws_transport.hpp"
#include "net/resolver.hpp"
#include "wait.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::support {

// For TEST_CASE_TEMPLATE: every case is run over both.
struct Native {
    static constexpr auto kProtocol = seam::Protocol::Native;
};
struct Lws {
    static constexpr auto kProtocol = seam::Protocol::Lws;
};

struct Client final : seam::LinkHandler {
    void on_open(const seam::OpenInfo& info) override {
        opened = info;
        if (when_open) when_open();
    }
    void on_message(const seam::InboundMessage& message) override {
        ++count;
        if (keep_messages) messages.emplace_back(message.bytes);
        assembled += message.assembled ? 1 : 0;
        if (when_message) when_message();
    }
    void on_inflated(const core::Inflation& more) override {
        inflation += more;
        ++inflations;
    }
    void on_pong(std::string_view payload) override {
        pongs.emplace_back(payload);
        if (when_pong) when_pong();
    }
    void on_drained() override {
        ++drained;
        if (when_drained) when_drained();
    }
    void on_end(const seam::EndInfo& info) override {
        CHECK_FALSE(end);
        end = info;
        link.reset();
    }

    std::unique_ptr<seam::Link> link;
    std::optional<seam::OpenInfo> opened;
    std::optional<seam::EndInfo> end;
    bool keep_messages = true;
    std::vector<std::string> messages;
    std::vector<std::string> pongs;
    int count = 0;
    int drained = 0;
    int assembled = 0;
    core::Inflation inflation;
    int inflations = 0;
    std::function<void()> when_open;
    std::function<void()> when_message;
    std::function<void()> when_pong;
    std::function<void()> when_drained;
};

struct Stage {
    explicit Stage(seam::Protocol used) : protocol(used) {}

    seam::Protocol protocol;
    net::Loop loop;
    net::Resolver resolver{loop};
    net::LwsTransport transport{loop, resolver};
    std::shared_ptr<bool> alive = std::make_shared<bool>();

    seam::ConnectRequest request(const std::string& url) const {
        seam::ConnectRequest request;
        request.protocol = protocol;
        request.url = url;
        request.timeout = std::chrono::seconds{5};
        request.max_message_bytes = std::uint64_t{1} << 20;
        return request;
    }
    void open(Client& client, const seam::ConnectRequest& request) { client.link = transport.open(request, client); }
    void open(Client& client, const std::string& url) { open(client, request(url)); }
    bool until(const std::function<bool()>& done) { return turn_until(loop, done); }
    // For what becomes true on another thread, of which the loop hears nothing.
    bool until_elsewhere(const std::function<bool()>& done) {
        return until([&] {
            loop.turn_again();
            return done();
        });
    }
    // The end of an attempt that is bound to fail.
    seam::EndInfo failure(const seam::ConnectRequest& request) {
        Client client;
        open(client, request);
        CHECK_FALSE(client.end);  // never at once
        REQUIRE(until([&] { return client.end.has_value(); }));
        CHECK(until([&] { return transport.sockets() == 0; }));
        CHECK_FALSE(client.opened);
        return *client.end;
    }
    seam::EndInfo failure(const std::string& url) { return failure(request(url)); }
};

}  // namespace fairlead::support

TYPE_TO_STRING(fairlead::support::Native);
TYPE_TO_STRING(fairlead::support::Lws);
