#include "relay/connection.hpp"

#include "world.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using fairlead::support::World;

namespace {

config::ConnectionConfig demo_config() {
    config::ConnectionConfig config;
    config.id = "demo";
    config.urls = {config::SecretText("ws://venue/ws")};
    config.subscriptions = {config::SecretText("SUB a"), config::SecretText("SUB b")};
    config.network.initial_delay = 1s;
    config.network.ping_interval = 30s;
    return config;
}

// A connection that is up.
struct Live : World {
    explicit Live(const config::ConnectionConfig& config = demo_config())
        : connection(std::make_unique<relay::Connection>(config, services)) {
        connection->start();
        venue.last().accept();
    }
    std::unique_ptr<relay::Connection> connection;

    // Lets time pass until the next attempt begins.
    void next_attempt() {
        const auto before = venue.attempts();
        for (int i = 0; i < 100'000 && venue.attempts() == before; ++i)
            timers.advance(10ms);
        REQUIRE(venue.attempts() == before + 1);
    }

    std::vector<v1::ConnectionState> states(const std::string& topic) const {
        std::vector<v1::ConnectionState> seen;
        for (const auto& message : sink.of(v1::KIND_STATE, topic)) {
            const auto event = message.as<v1::ConnectionEvent>();
            if (event.state() != event.previous()) seen.push_back(event.state());
        }
        return seen;
    }
    v1::ConnectionStatus status() const {
        v1::Connections list;
        connection->describe(list);
        return list.connections(0);
    }
};

relay::Done keep(std::vector<relay::Outcome>& outcomes) {
    return [&outcomes](relay::Outcome outcome) { outcomes.push_back(std::move(outcome)); };
}

}  // namespace

TEST_CASE("the subscriptions are sent once on each connection, in order") {
    Live world;
    for (int round = 0; round < 10; ++round) {
        const std::vector<std::pair<std::string, bool>> intent{{"SUB a", false}, {"SUB b", false}};
        CHECK(world.venue.last().sent == intent);
        world.venue.last().end({.cause = core::Cause::ConnectionLost});
        world.next_attempt();
        world.venue.last().accept();
    }
    CHECK(world.venue.attempts() == 11);
}

TEST_CASE("a loss is told in-band and on the state topic, in one sequence with the data") {
    Live world;
    world.venue.last().say("1");
    world.venue.last().end({.cause = core::Cause::PeerClosed, .detail = "bye", .close_code = 1001});
    world.next_attempt();
    world.venue.last().accept();
    world.venue.last().say("2");

    const auto data = world.sink.on("data/demo/all/");
    CHECK(support::has_no_holes(data));
    std::vector<v1::Kind> kinds;
    for (const auto& message : data)
        if (message.header.sequence() > 0) kinds.push_back(message.header.kind());
    CHECK(kinds == std::vector<v1::Kind>{v1::KIND_STATE, v1::KIND_DATA, v1::KIND_STATE, v1::KIND_STATE, v1::KIND_GAP,
                                         v1::KIND_DATA});
    const auto lost = world.sink.of(v1::KIND_STATE, "data/demo/all/")[1].as<v1::ConnectionEvent>();
    CHECK(lost.state() == v1::CONNECTION_STATE_DISCONNECTED);
    CHECK(lost.cause() == v1::CAUSE_PEER_CLOSED);
    CHECK(lost.close_code() == 1001);
    CHECK(lost.detail() == "bye");
    CHECK(lost.last_byte_time_ns() > 0);

    using enum v1::ConnectionState;
    CHECK(world.states("state/demo/") ==
          std::vector<v1::ConnectionState>{CONNECTION_STATE_CONNECTING, CONNECTION_STATE_CONNECTED,
                                           CONNECTION_STATE_DISCONNECTED, CONNECTION_STATE_RECONNECTING,
                                           CONNECTION_STATE_CONNECTING, CONNECTION_STATE_CONNECTED});
    CHECK(support::has_no_holes(world.sink.on("state/demo/")));
}

TEST_CASE("data belongs to the session in which it came; the epoch stays") {
    Live world;
    world.venue.last().say("1");
    world.venue.last().end();
    world.next_attempt();
    world.venue.last().accept();
    world.venue.last().say("2");
    const auto data = world.sink.of(v1::KIND_DATA, "data/demo/all/");
    CHECK(data[0].header.session() == 1);
    CHECK(data[1].header.session() == 2);
    CHECK(data[0].header.epoch() == data[1].header.epoch());
}

TEST_CASE("readiness is told on the state topic when the subscriptions have been handed to the socket") {
    Live world;
    CHECK_FALSE(world.status().ready());
    world.venue.last().drain();
    CHECK(world.status().ready());
    const auto event = world.sink.of(v1::KIND_STATE, "state/demo/").back().as<v1::ConnectionEvent>();
    CHECK(event.ready());
    CHECK(event.subscriptions() == 2);
    CHECK(event.previous() == v1::CONNECTION_STATE_CONNECTED);
    world.venue.last().drain();
    CHECK(world.sink.of(v1::KIND_STATE, "state/demo/").size() == 3);  // once
    CHECK(world.states("data/demo/all/").size() == 1);                // not in-band
}

TEST_CASE("a connection that fails again for the same reason is logged once") {
    Live world;
    world.venue.last().end({.cause = core::Cause::ConnectionLost, .detail = "gone"});
    for (int attempt = 0; attempt < 6; ++attempt) {
        world.next_attempt();
        world.venue.last().end({.cause = core::Cause::ConnectFailed, .detail = "refused"});
    }
    std::size_t refusals = 0;
    for (const auto& line : world.log.lines)
        refusals += line.find("refused") != std::string::npos ? 1 : 0;
    CHECK(refusals == 1);
    CHECK(world.log.all.size() > world.log.lines.size());
}

TEST_CASE("an answer to `send` comes when the bytes have been handed to the socket") {
    Live world;
    std::vector<relay::Outcome> outcomes;
    world.connection->send("hello", true, keep(outcomes));
    CHECK(outcomes.empty());
    CHECK(world.venue.last().sent.back() == std::pair<std::string, bool>{"hello", true});
    world.venue.last().drain();
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].code == v1::CODE_OK);
}

TEST_CASE("`send` without a connection keeps nothing") {
    Live world;
    std::vector<relay::Outcome> outcomes;
    world.connection->send("waits for the socket", false, keep(outcomes));
    world.venue.last().end();
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].code == v1::CODE_UNAVAILABLE);
    world.connection->send("too late", false, keep(outcomes));
    REQUIRE(outcomes.size() == 2);
    CHECK(outcomes[1].code == v1::CODE_UNAVAILABLE);
    world.next_attempt();
    world.venue.last().accept();
    CHECK(world.venue.last().sent.size() == 2);  // the subscriptions only
}

TEST_CASE("`send` with a full queue keeps nothing") {
    Live world;
    world.venue.last().queue_full = true;
    std::vector<relay::Outcome> outcomes;
    world.connection->send("x", false, keep(outcomes));
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].code == v1::CODE_UNAVAILABLE);
}

TEST_CASE("a subscription is sent at once, and again on every connection") {
    Live world;
    std::vector<relay::Outcome> outcomes;
    world.connection->subscribe({"SUB c", "SUB a"}, keep(outcomes));
    world.venue.last().drain();
    REQUIRE(outcomes.size() == 1);
    CHECK(outcomes[0].code == v1::CODE_OK);
    CHECK(world.venue.last().sent.size() == 3);
    world.venue.last().end();
    world.connection->subscribe({"SUB d"}, keep(outcomes));
    CHECK(outcomes.back().message.find("pending") != std::string::npos);
    world.next_attempt();
    world.venue.last().accept();
    CHECK(world.venue.last().sent.size() == 4);
    CHECK(world.connection->unsubscribe({"SUB c"}).code == v1::CODE_OK);
    CHECK(world.connection->unsubscribe({"SUB c"}).code == v1::CODE_NOT_FOUND);
    world.venue.last().end();
    world.next_attempt();
    world.venue.last().accept();
    CHECK(world.venue.last().sent.size() == 3);
}

TEST_CASE("a paused connection stays away until it is resumed") {
    Live world;
    CHECK(world.connection->pause().code == v1::CODE_OK);
    CHECK(world.venue.last().closed_with == 1000);
    world.timers.advance(1h);
    CHECK(world.venue.attempts() == 1);
    CHECK(world.status().paused());
    CHECK(world.connection->reconnect(true).code == v1::CODE_UNAVAILABLE);
    CHECK(world.connection->resume().code == v1::CODE_OK);
    CHECK(world.venue.attempts() == 2);
    world.venue.last().accept();
    CHECK(world.states("data/demo/all/").size() == 3);
}

TEST_CASE("a pong in time keeps the connection; without one it is lost") {
    Live world;
    world.timers.advance(30s);
    REQUIRE(world.venue.last().pings.size() == 1);
    world.clock.advance(3ms);
    world.venue.last().pong();
    CHECK(world.status().ping_round_trip_us() == 3'000);
    world.timers.advance(30s);
    REQUIRE(world.venue.last().pings.size() == 2);
    world.timers.advance(11s);
    const auto lost = world.sink.of(v1::KIND_STATE, "data/demo/all/").back().as<v1::ConnectionEvent>();
    CHECK(lost.cause() == v1::CAUSE_PONG_TIMEOUT);
}

TEST_CASE("an old pong is no answer to a new ping") {
    Live world;
    world.timers.advance(30s);
    const auto old = world.venue.last().pings.back();
    world.venue.last().pong();
    world.timers.advance(30s);
    world.venue.last().handler->on_pong(old);
    world.timers.advance(10s);
    CHECK(world.status().last_cause() == v1::CAUSE_PONG_TIMEOUT);
}

TEST_CASE("silence is told as STALE before it ends the connection") {
    auto config = demo_config();
    config.stale_after = 10s;
    Live world(config);
    world.venue.last().say("1");
    world.timers.advance(4s);
    world.connection->tick();
    CHECK(world.status().liveness() == v1::LIVENESS_LIVE);
    world.timers.advance(2s);
    world.connection->tick();
    CHECK(world.status().liveness() == v1::LIVENESS_STALE);
    world.timers.advance(5s);
    CHECK(world.status().last_cause() == v1::CAUSE_STALE);
    CHECK(world.status().liveness() == v1::LIVENESS_DOWN);
}

TEST_CASE("pongs and our own sends are no data") {
    auto config = demo_config();
    config.stale_after = 10s;
    config.network.ping_interval = 3s;
    config.network.pong_timeout = 2s;
    Live world(config);
    for (int second = 0; second < 12 && world.venue.attempts() == 1 && world.venue.last().open; ++second) {
        world.timers.advance(1s);
        if (!world.venue.last().open) break;
        if (!world.venue.last().pings.empty()) world.venue.last().pong();
        world.connection->send("x", false, [](const relay::Outcome&) {});
    }
    CHECK(world.status().last_cause() == v1::CAUSE_STALE);
}

TEST_CASE("a secret that cannot be had fails the attempt, not the process") {
    auto config = demo_config();
    config.urls = {config::SecretText("ws://venue/?key=${env:FAIRLEAD_TEST_NO_SUCH_VARIABLE}")};
    World world;
    relay::Connection connection(config, world.services);
    connection.start();
    CHECK(world.venue.attempts() == 0);
    v1::Connections list;
    connection.describe(list);
    CHECK(list.connections(0).last_cause() == v1::CAUSE_CONFIG);
    CHECK(list.connections(0).status() == v1::CONNECTION_STATE_RECONNECTING);
    CHECK(list.connections(0).last_detail().find("FAIRLEAD_TEST_NO_SUCH_VARIABLE") != std::string::npos);
}

TEST_CASE("secrets reach the venue and nobody else") {
    setenv("FAIRLEAD_TEST_KEY", "hunter2", 1);
    auto config = demo_config();
    config.urls = {config::SecretText("ws://venue/?key=${env:FAIRLEAD_TEST_KEY}")};
    config.headers = {{"X-Key", config::SecretText("${env:FAIRLEAD_TEST_KEY}")}};
    config.subscriptions = {config::SecretText("LOGIN ${env:FAIRLEAD_TEST_KEY}")};
    Live world(config);
    CHECK(world.venue.last().request.url == "ws://venue/?key=hunter2");
    CHECK(world.venue.last().request.headers.front().second == "hunter2");
    CHECK(world.venue.last().sent.front().first == "LOGIN hunter2");
    world.venue.last().end();
    v1::Subscriptions subscriptions;
    world.connection->describe(subscriptions);
    std::string everything = world.status().DebugString() + subscriptions.DebugString();
    for (const auto& line : world.log.all)
        everything += line;
    for (const auto& message : world.sink.messages)
        everything += message.payload;
    CHECK(everything.find("hunter2") == std::string::npos);
    unsetenv("FAIRLEAD_TEST_KEY");
}

TEST_CASE("channels come from the message; one that has none is unrouted and counted") {
    auto config = demo_config();
    config.channel = {"/s"};
    Live world(config);
    world.venue.last().say(R"({"s":"BTCUSDT","p":1})");
    world.venue.last().say(R"({"result":null})");
    world.venue.last().say("no JSON");
    CHECK(world.sink.of(v1::KIND_DATA, "data/demo/BTCUSDT/").size() == 1);
    CHECK(world.sink.of(v1::KIND_DATA, "data/demo/unrouted/").size() == 2);
    CHECK(world.status().unrouted() == 2);
}

TEST_CASE("`failed` after max_retries is told in-band, and a command leaves it") {
    auto config = demo_config();
    config.network.max_retries = 2;
    Live world(config);
    world.venue.last().end();
    for (int i = 0; i < 2; ++i) {
        world.next_attempt();
        world.venue.last().end({.cause = core::Cause::ConnectFailed, .detail = "refused"});
    }
    CHECK(world.status().status() == v1::CONNECTION_STATE_FAILED);
    CHECK(world.states("data/demo/all/").back() == v1::CONNECTION_STATE_FAILED);
    const auto attempts = world.venue.attempts();
    world.timers.advance(24h);
    CHECK(world.venue.attempts() == attempts);
    CHECK(world.connection->reconnect(true).code == v1::CODE_OK);
    world.next_attempt();
    world.venue.last().accept();
    CHECK(world.status().status() == v1::CONNECTION_STATE_CONNECTED);
}

TEST_CASE("subscriptions that the queue has no room for are sent when it is empty, and only then is it ready") {
    Live world;
    world.venue.last().drain();
    CHECK(world.status().ready());
    world.venue.last().queue_full = true;
    std::vector<relay::Outcome> outcomes;
    world.connection->subscribe({"SUB c"}, keep(outcomes));
    CHECK(world.venue.last().sent.size() == 2);
    CHECK_FALSE(world.status().ready());
    world.venue.last().queue_full = false;
    world.venue.last().drain();
    CHECK(world.venue.last().sent.back().first == "SUB c");
    CHECK(world.venue.last().sent.size() == 3);
    CHECK(outcomes.empty());
    world.venue.last().drain();
    CHECK(outcomes.size() == 1);
    CHECK(world.status().ready());
}

TEST_CASE("a loss tells each waiting reply what is known") {
    Live world;
    std::vector<relay::Outcome> outcomes;
    world.connection->subscribe({"SUB c"}, keep(outcomes));
    world.connection->send("x", false, keep(outcomes));
    world.venue.last().end();
    REQUIRE(outcomes.size() == 2);
    CHECK(outcomes[0].code == v1::CODE_OK);  // the intent keeps it
    CHECK(outcomes[0].message.find("pending") != std::string::npos);
    CHECK(outcomes[1].code == v1::CODE_UNAVAILABLE);
    CHECK(outcomes[1].message.find("not known") != std::string::npos);
}

TEST_CASE("beyond the bound of waiting replies nothing is sent") {
    Live world;
    std::vector<relay::Outcome> outcomes;
    for (std::size_t i = 0; i < relay::Connection::kMaxWaiting; ++i)
        world.connection->send("x", false, keep(outcomes));
    const auto sent = world.venue.last().sent.size();
    CHECK(outcomes.empty());
    world.connection->send("one too many", false, keep(outcomes));
    world.connection->subscribe({"SUB too many"}, keep(outcomes));
    CHECK(outcomes.size() == 2);
    CHECK(world.venue.last().sent.size() == sent);
    world.venue.last().drain();
    CHECK(outcomes.size() == relay::Connection::kMaxWaiting + 2);
}

TEST_CASE("pause and resume in turns are no storm of attempts") {
    Live world;
    for (int i = 0; i < 100; ++i) {
        world.connection->pause();
        world.connection->resume();
        world.timers.advance(50ms);
    }
    CHECK(world.venue.attempts() <= 7);  // 5 s, one second apart
    world.timers.advance(1s);
    world.venue.last().accept();
    CHECK(world.status().status() == v1::CONNECTION_STATE_CONNECTED);
}

TEST_CASE("`resume` of a failed connection tries again") {
    auto config = demo_config();
    config.network.max_retries = 1;
    Live world(config);
    world.venue.last().end();
    world.next_attempt();
    world.venue.last().end();
    REQUIRE(world.status().status() == v1::CONNECTION_STATE_FAILED);
    CHECK(world.connection->resume().code == v1::CODE_OK);
    world.next_attempt();
}

TEST_CASE("failing again after failed_retry_interval is told on the state topic only") {
    auto config = demo_config();
    config.network.max_retries = 1;
    config.network.failed_retry_interval = 1min;
    Live world(config);
    world.venue.last().end();
    for (int i = 0; i < 4; ++i) {
        world.next_attempt();
        world.venue.last().end();
    }
    CHECK(world.states("data/demo/all/").size() == 3);  // connected, disconnected, failed
    std::size_t told = 0;
    for (const auto state : world.states("state/demo/"))
        told += state == v1::CONNECTION_STATE_FAILED ? 1 : 0;
    CHECK(told == 4);
}

TEST_CASE("a rest that was asked for is no reconnect latency") {
    Live world;
    world.connection->pause();
    world.timers.advance(1h);
    world.connection->resume();
    world.venue.last().accept();
    CHECK(world.status().last_reconnect_latency_ms() == 0);
    CHECK(world.sink.of(v1::KIND_STATE, "data/demo/all/").back().as<v1::ConnectionEvent>().reconnect_latency_ms() == 0);
}
