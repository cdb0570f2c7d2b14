// Faults of one connection among several, and what the venue can prove of its clients.
#include "raw_client.hpp"
#include "simulator/venue.hpp"

#include <doctest/doctest.h>

#include <charconv>
#include <mutex>
#include <vector>

namespace {

using namespace fairlead::simulator;
using namespace std::chrono_literals;
using fairlead::test::client_frame;
using fairlead::test::End;
using Client = fairlead::test::RawClient;

constexpr auto kNothing = 150ms;  // how long a test looks for what must not come
const std::string kPath = "/ws/btcusdt@trade";
const std::string kStream = "btcusdt@trade";

Scenario fast() {
    Scenario scenario;
    scenario.rate = 200;
    return scenario;
}

std::uint64_t next_id(Client& client) {
    const std::optional<std::string> text = client.read_until(0x81);
    REQUIRE(text);
    const std::size_t at = text->find(R"("t":)");
    REQUIRE(at != std::string::npos);
    std::uint64_t id = 0;
    std::from_chars(text->data() + at + 4, text->data() + text->size(), id);
    return id;
}

// Two connections in a known order.
struct Pair {
    explicit Pair(const Scenario& scenario = fast()) : venue("127.0.0.1", 0, scenario), first(venue), second(venue) {
        REQUIRE(first.upgrade(kPath));
        REQUIRE(second.upgrade(kPath));
    }
    Venue venue;
    Client first;
    Client second;
};

// Whether the ids of `count` messages follow each other; reads them.
bool is_whole(Client& client, int count) {
    std::uint64_t last = next_id(client);
    for (int i = 0; i < count; ++i) {
        const std::uint64_t id = next_id(client);
        if (id != last + 1) return false;
        last = id;
    }
    return true;
}

TEST_CASE("one of two connections is reset or closed, and the other does not notice") {
    Pair pair;
    SUBCASE("reset") {
        pair.venue.reset(1);
        CHECK(pair.first.read_to_end() == End::Reset);
    }
    SUBCASE("close") {
        pair.venue.close(1, 4001, "you");
        CHECK(pair.first.read_until(0x88) == std::string("\x0f\xa1you", 5));
    }
    CHECK(is_whole(pair.second, 20));
}

TEST_CASE("one of two connections falls silent") {
    Pair pair;
    pair.venue.go_silent(true, 1);
    CHECK(is_whole(pair.second, 20));
    pair.first.send(client_frame(0x89, "p"));
    CHECK(pair.first.read_until(0x8a) == "p");
    pair.venue.go_silent(false, 1);
    next_id(pair.first);
}

TEST_CASE("one of two connections is half-open") {
    Pair pair;
    pair.venue.go_half_open(true, 1);
    pair.first.send(client_frame(0x89, "p"));
    CHECK(is_whole(pair.second, 20));
    pair.first.wait_at_most(kNothing);
    CHECK_FALSE(pair.first.read_until(0x8a));
    pair.venue.go_half_open(false, 1);
    pair.first.wait_at_most(10s);
    CHECK(pair.first.read_until(0x8a) == "p");
}

TEST_CASE("the data of one connection is late, and whole") {
    Pair pair;
    pair.venue.delay(300ms, 1);
    next_id(pair.first);
    const std::uint64_t ahead = next_id(pair.second);
    CHECK(is_whole(pair.first, 100));
    CHECK(ahead > 0);
}

TEST_CASE("a hole, a repetition and a pair out of order on one connection") {
    Pair pair;
    auto last = static_cast<std::int64_t>(next_id(pair.first));
    std::vector<std::int64_t> steps;
    SUBCASE("skip") {
        pair.venue.tamper(kStream, Tamper::Skip, 1);
        steps = {2};
    }
    SUBCASE("repeat") {
        pair.venue.tamper(kStream, Tamper::Repeat, 1);
        steps = {0};
    }
    SUBCASE("swap") {
        pair.venue.tamper(kStream, Tamper::Swap, 1);
        steps = {2, -1, 2};
    }
    std::vector<std::int64_t> seen;
    for (int i = 0; i < 200 && seen.size() < steps.size(); ++i) {
        const auto id = static_cast<std::int64_t>(next_id(pair.first));
        if (id != last + 1) seen.push_back(id - last);
        last = id;
    }
    CHECK(seen == steps);
    CHECK(is_whole(pair.second, 20));
}

TEST_CASE("the numbers of a stream begin anew") {
    Scenario scenario = fast();
    scenario.first_id = 5000;
    Pair pair(scenario);
    CHECK(next_id(pair.first) >= 5000);
    pair.venue.renumber(kStream);
    std::uint64_t id = next_id(pair.first);
    while (id >= 5000)
        id = next_id(pair.first);
    CHECK(id == 1);
    CHECK(pair.venue.stats().last_ids.at("btcusdt@bookTicker") >= 5000);
}

TEST_CASE("the end is announced to one connection") {
    Pair pair;
    pair.venue.announce_drain(2);
    for (int i = 0;; ++i) {
        const std::optional<std::string> text = pair.second.read_until(0x81);
        REQUIRE(text);
        REQUIRE(i < 1000);
        if (*text == R"({"e":"serverShutdown"})") break;
    }
    CHECK(is_whole(pair.first, 20));
}

TEST_CASE("more streams than a connection may have are refused") {
    Scenario scenario = fast();
    scenario.max_streams = 1;
    const Venue venue("127.0.0.1", 0, scenario);
    Client client(venue);
    REQUIRE(client.upgrade("/ws/none@trade"));
    client.send_text(R"({"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":7})");
    const std::optional<std::string> answer = client.read_until(0x81);
    REQUIRE(answer);
    CHECK(answer->find(R"("code":2)") != std::string::npos);
    Client path(venue);
    REQUIRE(path.upgrade("/ws/btcusdt@trade/ethusdt@trade"));
    CHECK(path.read_until(0x88)->substr(2) == "too many streams");
}

TEST_CASE("the venue proves when each connection opened, was subscribed and ended") {
    Venue venue("127.0.0.1", 0, fast());
    CHECK(venue.take_fewest_fed() == 0);
    Client first(venue);
    REQUIRE(first.upgrade(kPath));
    venue.take_fewest_fed();
    CHECK(venue.take_fewest_fed() == 1);
    {
        Client second(venue);
        REQUIRE(second.upgrade("/ws"));
        CHECK_FALSE(venue.stats().seen.at(1).subscribed);
        second.send_text(R"({"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1})");
        REQUIRE(second.read_until(0x81));
        venue.take_fewest_fed();
        CHECK(venue.take_fewest_fed() == 2);
        venue.reset(1);
        CHECK(venue.take_fewest_fed() == 1);
    }
    venue.reset_all();
    CHECK(venue.take_fewest_fed() == 0);
    const std::vector<SeenConnection> seen = venue.stats().seen;
    REQUIRE(seen.size() == 2);
    for (const SeenConnection& one : seen) {
        REQUIRE(one.subscribed);
        REQUIRE(one.ended);
        CHECK(one.opened <= *one.subscribed);
        CHECK(*one.subscribed <= *one.ended);
    }
}

}  // namespace
