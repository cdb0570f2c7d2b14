// What a connection and the publisher count, for status and metrics.
#include "relay/connection.hpp"
#include "relay/supervisor.hpp"
#include "world.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <numeric>
#include <string>

using namespace std::chrono_literals;
using namespace fairlead;
using support::World;

namespace {

config::Config demo_config() {
    config::Config config;
    auto& connection = config.connections["a"];
    connection.id = "a";
    connection.urls = {config::SecretText("ws://venue/a")};
    connection.subscriptions = {config::SecretText("SUB a"), config::SecretText("SUB b")};
    connection.network.initial_delay = 1s;
    connection.network.jitter_factor = 0;
    return config;
}

struct Relay : World {
    explicit Relay(config::Config wanted = demo_config()) : config(std::move(wanted)) {
        supervisor = std::make_unique<relay::Supervisor>(config, services);
        supervisor->start();
    }
    v1::ConnectionStatus connection() const {
        v1::Connections list;
        supervisor->describe("a", list);
        return list.connections(0);
    }
    v1::Status status() const {
        v1::Status status;
        supervisor->describe(status);
        return status;
    }
    // Until the next attempt has begun.
    void next_attempt() {
        const auto before = venue.attempts();
        for (int i = 0; i < 10'000 && venue.attempts() == before; ++i)
            timers.advance(100ms);
        REQUIRE(venue.attempts() == before + 1);
    }

    config::Config config;
    std::unique_ptr<relay::Supervisor> supervisor;
};

std::uint64_t total(const v1::Histogram& histogram) {
    return std::accumulate(histogram.counts().begin(), histogram.counts().end(), std::uint64_t{0});
}

}  // namespace

TEST_CASE("a loss, an attempt that fails, a return") {
    Relay relay;
    relay.venue.last().accept();
    CHECK(relay.connection().reconnects_succeeded() == 0);
    CHECK(relay.connection().last_reconnect_ns() == 0);
    CHECK(total(relay.connection().reconnect_latency()) == 0);
    relay.venue.last().end({.cause = core::Cause::PeerClosed, .close_code = 1012});
    CHECK(relay.connection().uptime_ms() == 0);
    relay.next_attempt();
    relay.venue.last().end({.cause = core::Cause::ConnectFailed});
    relay.next_attempt();
    const auto lost_for = 3s;  // 1 s, then 2 s
    relay.venue.last().accept();
    const auto status = relay.connection();
    CHECK(status.reconnects_succeeded() == 1);
    CHECK(status.reconnects_failed() == 1);
    CHECK(status.last_reconnect_ns() == status.last_connected_ns());
    CHECK(total(status.reconnect_latency()) == 1);
    CHECK(status.reconnect_latency().sum() == doctest::Approx(std::chrono::duration<double>(lost_for).count()));
    CHECK(status.reconnect_latency().bounds_size() + 1 == status.reconnect_latency().counts_size());
    relay.timers.advance(1500ms);
    CHECK(relay.connection().uptime_ms() == 1'500);
}

TEST_CASE("attempts before the first connection are no reconnects") {
    Relay relay;
    relay.venue.last().end({.cause = core::Cause::ConnectFailed});
    relay.next_attempt();
    relay.venue.last().accept();
    CHECK(relay.connection().reconnects_failed() == 0);
    CHECK(relay.connection().reconnects_succeeded() == 0);
    CHECK(relay.connection().failed_attempts() == 1);
}

TEST_CASE("ends of sockets are told apart by cause and close code") {
    Relay relay;
    for (const std::uint16_t code : {std::uint16_t{1012}, std::uint16_t{1012}, std::uint16_t{4000}}) {
        relay.venue.last().accept();
        relay.venue.last().end({.cause = core::Cause::PeerClosed, .close_code = code});
        relay.next_attempt();
    }
    relay.venue.last().accept();
    relay.supervisor->find("a")->pause();
    const auto status = relay.connection();
    REQUIRE(status.disconnects_size() == 3);
    CHECK(status.disconnects(0).cause() == v1::CAUSE_COMMAND);
    CHECK(status.disconnects(0).close_code() == 0);
    CHECK(status.disconnects(0).count() == 1);
    CHECK(status.disconnects(1).cause() == v1::CAUSE_PEER_CLOSED);
    CHECK(status.disconnects(1).close_code() == 1012);
    CHECK(status.disconnects(1).count() == 2);
    CHECK(status.disconnects(2).close_code() == 4000);
}

TEST_CASE("an attempt that fails is no disconnect; the venue chooses the codes, but not how many there are") {
    relay::Disconnects disconnects;
    for (std::uint32_t code = 0; code < 10'000; ++code)
        disconnects.add(core::Cause::PeerClosed, static_cast<std::uint16_t>(code));
    CHECK(disconnects.counts().size() == relay::Disconnects::kMaxKinds);
    CHECK(disconnects.counts().at({core::Cause::PeerClosed, 0}) == 10'001 - relay::Disconnects::kMaxKinds);

    Relay relay;
    relay.venue.last().end({.cause = core::Cause::ConnectFailed});
    CHECK(relay.connection().disconnects_size() == 0);
}

TEST_CASE("a rotation ends a socket, too") {
    Relay relay;
    relay.venue.last().accept();
    relay.venue.last().drain();
    REQUIRE(relay.supervisor->find("a")->rotate().code == v1::CODE_OK);
    relay.venue.last().accept();
    relay.venue.last().drain();
    for (int i = 0; i < 600 && relay.connection().rotations() == 0; ++i) {
        relay.venue.last().say("tick");
        relay.timers.advance(100ms);
    }
    const auto status = relay.connection();
    REQUIRE(status.rotations() == 1);
    REQUIRE(status.disconnects_size() == 1);
    CHECK(status.disconnects(0).cause() == v1::CAUSE_ROTATION);
    CHECK(status.reconnects_succeeded() == 0);
}

TEST_CASE("gaps are counted by cause, and published messages by kind") {
    Relay relay;
    relay.venue.last().accept();
    relay.venue.last().say("one");
    relay.venue.last().end();
    relay.next_attempt();
    relay.venue.last().accept();
    relay.venue.last().say("two");
    CHECK(relay.connection().gaps_by_cause().at("upstream") == 1);
    CHECK(relay.connection().gaps_by_cause().at("relay") == 0);
    const auto status = relay.status();
    const auto& kinds = status.published_by_kind();
    CHECK(kinds.at("data") == 2);
    CHECK(kinds.at("gap") == 1);
    CHECK(kinds.at("state") > 0);
    std::uint64_t sum = 0;
    for (const auto& [kind, count] : kinds)
        sum += count;
    CHECK(sum == status.published());
}

TEST_CASE("the way of each message that leaves is measured") {
    Relay relay;
    relay.venue.last().accept();
    for (int i = 0; i < 5; ++i)
        relay.venue.last().say("message " + std::to_string(i));
    const auto status = relay.status();
    CHECK(total(status.forward_latency()) == 5);
    CHECK(status.forward_latency().sum() == 0);  // time stands still here
}

TEST_CASE("subscriptions are counted by their state") {
    Relay relay;
    CHECK(relay.connection().subscriptions_by_state().at("pending") == 2);
    relay.venue.last().accept();
    relay.venue.last().drain();
    const auto sent = relay.connection().subscriptions_by_state();
    CHECK(sent.at("pending") == 0);
    v1::Subscriptions list;
    relay.supervisor->describe("a", list);
    CHECK(list.subscriptions_size() == 2);
    std::uint32_t sum = 0;
    for (const auto& [state, count] : sent)
        sum += count;
    CHECK(sum == 2);
}

TEST_CASE("the queue to the venue, and the certificate of its socket") {
    Relay relay;
    CHECK(relay.connection().certificate_expires_ns() == 0);
    relay.venue.last().certificate_expires = core::WallTime(1'800'000'000s);
    relay.venue.last().accept();
    relay.venue.last().queued = 7;
    CHECK(relay.connection().send_queue_messages() == 7);
    CHECK(relay.connection().certificate_expires_ns() == 1'800'000'000'000'000'000);
    relay.venue.last().end();
    CHECK(relay.connection().send_queue_messages() == 0);
    CHECK(relay.connection().certificate_expires_ns() == 0);
}

TEST_CASE("silence beyond half of stale_after is stale") {
    auto config = demo_config();
    config.connections["a"].stale_after = 10s;
    Relay relay(config);
    relay.venue.last().accept();
    CHECK_FALSE(relay.connection().stale());
    relay.timers.advance(7s);
    CHECK(relay.connection().stale());
    relay.venue.last().say("again");
    relay.timers.advance(1s);
    CHECK_FALSE(relay.connection().stale());
}
