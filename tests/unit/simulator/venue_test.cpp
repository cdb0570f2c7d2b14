// The venue on a real socket of the loopback, seen by a client that is no WebSocket library: bytes out, frames in.
#include "simulator/venue.hpp"

#include "raw_client.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <simdjson.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <thread>

namespace {

using namespace fairlead::simulator;
using namespace std::chrono_literals;
using fairlead::test::client_frame;

using fairlead::test::End;
using Client = fairlead::test::RawClient;

constexpr auto kNothing = 150ms;  // how long a test looks for what must not come
const std::string kAsk = R"({"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1})";

Scenario fast() {
    Scenario scenario;
    scenario.rate = 200;
    return scenario;
}

std::uint64_t trade_id(const std::string& text) {
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    REQUIRE(parser.parse(text).get(document) == simdjson::SUCCESS);
    simdjson::dom::element data;
    if (document["data"].get(data) != simdjson::SUCCESS) data = document;
    std::uint64_t id = 0;
    REQUIRE(data["t"].get(id) == simdjson::SUCCESS);
    return id;
}

std::uint64_t next_trade_id(Client& client) {
    const std::optional<std::string> text = client.read_until(0x81);
    REQUIRE(text);
    return trade_id(*text);
}

// Waits for what the venue's thread will do; fails the test after ten seconds.
template <typename Condition>
void wait_until(const Venue& venue, Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition(venue.stats()))
        REQUIRE(std::chrono::steady_clock::now() < deadline);
}

TEST_CASE("a subscribed stream flows without a gap, and everything is counted") {
    Venue venue("127.0.0.1", 0, fast());
    Client client(venue);
    REQUIRE(client.upgrade("/ws"));
    client.send_text(kAsk);
    CHECK(client.read_until(0x81) == R"({"result":null,"id":1})");
    std::uint64_t last = next_trade_id(client);
    for (int i = 0; i < 100; ++i)
        CHECK(next_trade_id(client) == ++last);
    client.send(client_frame(0x89, "are you there"));
    CHECK(client.read_until(0x8a) == "are you there");

    const VenueStats stats = venue.stats();
    CHECK(stats.connections == 1);
    CHECK(stats.connections_total == 1);
    CHECK(stats.pings_seen == 1);
    CHECK(stats.messages_sent >= 101);
    CHECK(stats.messages_dropped == 0);
    CHECK(stats.last_ids.at("btcusdt@trade") >= last);
    REQUIRE(stats.requests.size() == 1);
    CHECK(stats.requests[0].connection == 1);
    CHECK(stats.requests[0].request == Request{Method::Subscribe, {"btcusdt@trade"}, "1"});
}

TEST_CASE("several connections get the same messages, each in its form") {
    Venue venue("127.0.0.1", 0, fast());
    Client raw(venue);
    Client combined(venue);
    REQUIRE(raw.upgrade("/ws/btcusdt@trade"));
    REQUIRE(combined.upgrade("/stream?streams=btcusdt@trade"));
    const std::string text = combined.read_until(0x81).value_or("");
    REQUIRE(text.starts_with(R"({"stream":"btcusdt@trade","data":{)"));
    const std::uint64_t id = trade_id(text);
    std::string same;
    for (std::uint64_t seen = 0; seen < id; seen = trade_id(same))
        same = raw.read_until(0x81).value_or("");
    CHECK(text == R"({"stream":"btcusdt@trade","data":)" + same + "}");
}

TEST_CASE("an outage costs ids that can be counted") {
    Venue venue("127.0.0.1", 0, fast());
    std::uint64_t before = 0;
    {
        Client client(venue);
        REQUIRE(client.upgrade("/ws/btcusdt@trade"));
        before = next_trade_id(client);
    }
    wait_until(venue, [&](const VenueStats& stats) {
        return stats.connections == 0 && stats.last_ids.at("btcusdt@trade") > before + 20;
    });
    Client client(venue);
    REQUIRE(client.upgrade("/ws/btcusdt@trade"));
    CHECK(next_trade_id(client) > before + 20);
}

TEST_CASE("close_all sends the code and ends the connection when it is answered") {
    Venue venue("127.0.0.1", 0, fast());
    Client client(venue);
    REQUIRE(client.upgrade("/ws/btcusdt@trade"));
    venue.close_all(1012, "restart");
    CHECK(client.read_until(0x88) == "\x03\xf4restart");
    client.send(client_frame(0x88, "\x03\xf4"));
    CHECK(client.read_to_end() == End::Closed);
    CHECK(venue.stats().client_close_codes == std::vector<std::uint16_t>{1012});
}

TEST_CASE("reset_all is a TCP reset") {
    Venue venue("127.0.0.1", 0, fast());
    Client client(venue);
    REQUIRE(client.upgrade("/ws"));
    venue.reset_all();
    CHECK(venue.stats().connections == 0);
    CHECK(client.read_to_end() == End::Reset);
}

TEST_CASE("a silent venue answers pings and requests but sends no data") {
    Venue venue("127.0.0.1", 0, fast());
    Client client(venue);
    REQUIRE(client.upgrade("/ws/btcusdt@trade"));
    venue.go_silent(true);
    client.send(client_frame(0x89, "x"));
    CHECK(client.read_until(0x8a) == "x");
    client.send_text(R"({"method":"LIST_SUBSCRIPTIONS","id":2})");
    CHECK(client.read_until(0x81) == R"({"result":["btcusdt@trade"],"id":2})");
    client.wait_at_most(kNothing);
    CHECK_FALSE(client.read_frame());
    CHECK(client.end() == End::Timeout);
    venue.go_silent(false);
    client.wait_at_most(10s);
    CHECK(next_trade_id(client) > 0);
}

TEST_CASE("a half-open venue neither answers pings nor upgrades, and catches up afterwards") {
    Venue venue("127.0.0.1", 0, fast());
    Client client(venue);
    REQUIRE(client.upgrade("/ws/btcusdt@trade"));
    venue.go_half_open(true);
    while (client.wait_at_most(kNothing), client.read_frame()) {
    }
    client.send(client_frame(0x89, "x"));
    CHECK_FALSE(client.read_frame());
    CHECK(client.end() == End::Timeout);
    Client late(venue);
    REQUIRE(late.connected());
    late.ask_upgrade("/ws");
    late.wait_at_most(kNothing);
    CHECK(late.read_head().empty());
    CHECK(late.end() == End::Timeout);

    venue.go_half_open(false);
    client.wait_at_most(10s);
    late.wait_at_most(10s);
    CHECK(client.read_until(0x8a) == "x");
    CHECK(next_trade_id(client) > 0);
    CHECK(late.read_head().starts_with("HTTP/1.1 101 "));
}

TEST_CASE("refused upgrades have the status and Retry-After, open connections stay") {
    Venue venue("127.0.0.1", 0, fast());
    Client open(venue);
    REQUIRE(open.upgrade("/ws/btcusdt@trade"));
    venue.refuse_upgrades(503, 2);
    Client refused(venue);
    refused.ask_upgrade("/ws");
    const std::string head = refused.read_head();
    CHECK(head.starts_with("HTTP/1.1 503 "));
    CHECK(head.find("\r\nRetry-After: 2\r\n") != std::string::npos);
    CHECK(refused.read_to_end() == End::Closed);
    CHECK(next_trade_id(open) > 0);
    CHECK(venue.stats().upgrades_refused == 1);
    venue.refuse_upgrades(0);
    Client again(venue);
    CHECK(again.upgrade("/ws"));
}

TEST_CASE("a bad frame reaches the client as it is") {
    Venue venue("127.0.0.1", 0, fast());
    Client client(venue);
    REQUIRE(client.upgrade("/ws"));
    venue.send_bad_frame(BadFrame::ReservedBit);
    CHECK(client.read_until(0xc1));
    venue.send_bad_frame(BadFrame::BadOpcode);
    CHECK(client.read_until(0x83));
}

TEST_CASE("a stopped venue drops everybody, refuses connects, and comes back on its port") {
    Venue venue("127.0.0.1", 0, fast());
    const std::uint16_t port = venue.port();
    Client client(venue);
    REQUIRE(client.upgrade("/ws"));
    for (int round = 0; round < 3; ++round) {
        venue.stop_listening();
        CHECK(venue.stats().connections == 0);
        CHECK_FALSE(Client(venue).connected());
        CHECK(venue.start_listening());
        CHECK(venue.port() == port);
        Client again(venue);
        CHECK(again.upgrade("/ws"));
    }
    CHECK(client.read_to_end() == End::Closed);
}

TEST_CASE("two venues cannot have one port, and the reason is told") {
    const Venue venue("127.0.0.1", 0, Scenario{});
    CHECK_THROWS_WITH_AS(
        Venue("127.0.0.1", venue.port(), Scenario{}),
        ("cannot listen on 127.0.0.1:" + std::to_string(venue.port()) + ": Address already in use").c_str(),
        std::runtime_error);
}

TEST_CASE("a client that does not read loses messages, which are counted") {
    Scenario scenario;
    scenario.symbols = {"btcusdt"};
    scenario.rate = 2000;
    scenario.message_padding = 10'000;
    Venue venue("127.0.0.1", 0, scenario);
    Client client(venue);
    REQUIRE(client.upgrade("/ws/btcusdt@trade/btcusdt@bookTicker"));
    wait_until(venue, [](const VenueStats& stats) { return stats.messages_dropped > 0; });
    CHECK(client.read_frame());
}

TEST_CASE("the faults of a scenario happen by themselves, and each is told") {
    Scenario scenario = fast();
    Fault silence;
    silence.kind = FaultKind::Silence;
    silence.at = 50ms;
    silence.duration = 50ms;
    Fault reset;
    reset.kind = FaultKind::Reset;
    reset.at = 150ms;
    Fault stop;
    stop.kind = FaultKind::Stop;
    stop.at = 200ms;
    stop.duration = 50ms;
    scenario.faults = {silence, reset, stop};
    std::mutex mutex;
    std::vector<std::string> told;
    const auto told_so_far = [&] {
        const std::lock_guard lock(mutex);
        return told;
    };
    Venue venue("127.0.0.1", 0, scenario, [&](std::string_view sentence) {
        const std::lock_guard lock(mutex);
        told.emplace_back(sentence);
    });
    const std::string listens = "venue: listens on port " + std::to_string(venue.port());
    wait_until(venue, [&](const VenueStats&) { return told_so_far().size() >= 6; });
    CHECK(told_so_far() == std::vector<std::string>{listens, "venue: falls silent", "venue: sends data again",
                                                    "venue: resets every connection",
                                                    "venue: stops: every connection dropped, the port closed",
                                                    listens});
}

TEST_CASE("a connection ends with its lifetime, and the venue pings") {
    Scenario scenario = fast();
    scenario.lifetime = 300ms;
    scenario.ping_interval = 50ms;
    Venue venue("127.0.0.1", 0, scenario);
    Client client(venue);
    REQUIRE(client.upgrade("/ws"));
    CHECK(client.read_until(0x89));
    client.send(client_frame(0x8a, ""));
    CHECK(client.read_until(0x88).value_or("").starts_with("\x03\xe9"));
    CHECK(venue.stats().pings_sent >= 1);
    CHECK(venue.stats().pongs_seen == 1);
}

TEST_CASE("commands from several threads while clients come and go") {
    Venue venue("127.0.0.1", 0, fast());
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&, i] {
            for (int n = 0; n < 20; ++n) {
                Client client(venue);
                client.upgrade("/ws/btcusdt@trade/ethusdt@bookTicker");
                if (i == 0) venue.reset_all();
                if (i == 1) venue.close_all(1001, "");
                venue.go_silent(n % 2 == 0);
                venue.stats();
            }
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    wait_until(venue, [](const VenueStats& stats) { return stats.connections == 0; });
    CHECK(venue.stats().connections_total > 0);
}

}  // namespace
