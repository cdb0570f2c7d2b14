#include "simulator/market.hpp"

#include <doctest/doctest.h>
#include <simdjson.h>

namespace {

using namespace fairlead::simulator;
using namespace std::chrono_literals;

struct Message {
    std::size_t stream;
    std::string json;
    bool operator==(const Message&) const = default;
};

std::vector<Message> run_to(Market& market, fairlead::core::Duration now, std::int64_t wall_ms = 1000) {
    std::vector<Message> messages;
    market.advance(now, wall_ms, [&](std::size_t stream, std::string_view json) {
        messages.push_back({stream, std::string(json)});
    });
    return messages;
}

Scenario one_symbol(double rate) {
    Scenario scenario;
    scenario.symbols = {"btcusdt"};
    scenario.rate = rate;
    return scenario;
}

TEST_CASE("streams are found by name and only those") {
    Market market{Scenario{}};
    CHECK(market.stream_count() == 6);
    CHECK(market.find("btcusdt@trade") == 0);
    CHECK(market.find("ethusdt@bookTicker") == 3);
    CHECK_FALSE(market.find("btcusdt"));
    CHECK_FALSE(market.find("btcusdt@depth"));
    CHECK_FALSE(market.find("xyz@trade"));
    for (std::size_t stream = 0; stream < 6; ++stream)
        CHECK(market.find(market.stream_name(stream)) == stream);
}

TEST_CASE("ids grow at the rate, wanted or not, and only wanted streams are published") {
    Market market(one_symbol(20));
    CHECK(market.next_due() == 0s);
    CHECK(run_to(market, 475ms).empty());
    CHECK(market.last_id(0) == 10);
    CHECK(market.last_id(1) == 10);
    market.want(0, true);
    const std::vector<Message> messages = run_to(market, 975ms);
    CHECK(messages.size() == 10);
    for (const Message& message : messages)
        CHECK(message.stream == 0);
    CHECK(market.last_id(1) == 20);
    CHECK(market.next_due() == 1s);
}

TEST_CASE("ids are consecutive however time is cut") {
    Market market(one_symbol(100));
    market.want(0, true);
    std::uint64_t expected = 0;
    simdjson::dom::parser parser;
    for (fairlead::core::Duration now = 0s; now < 1s; now += 7ms) {
        for (const Message& message : run_to(market, now)) {
            std::uint64_t id = 0;
            REQUIRE(parser.parse(message.json)["t"].get(id) == simdjson::SUCCESS);
            CHECK(id == ++expected);
        }
    }
    CHECK(expected == 100);
}

TEST_CASE("the same seed gives the same messages, another seed gives others") {
    const auto run = [](std::uint64_t seed, fairlead::core::Duration step) {
        Scenario scenario = one_symbol(50);
        scenario.seed = seed;
        Market market(scenario);
        market.want(0, true);
        market.want(1, true);
        std::vector<Message> all;
        for (fairlead::core::Duration now = 0s; now <= 1s; now += step) {
            for (Message& message : run_to(market, now))
                all.push_back(std::move(message));
        }
        return all;
    };
    CHECK(run(1, 10ms) == run(1, 500ms));
    CHECK(run(1, 10ms) != run(2, 10ms));
}

TEST_CASE("a burst keeps the rate and comes at once") {
    Scenario scenario = one_symbol(100);
    scenario.burst = 25;
    Market market(scenario);
    market.want(0, true);
    CHECK(run_to(market, 0s).size() == 25);
    CHECK(market.next_due() == 250ms);
    CHECK(run_to(market, 249ms).empty());
    CHECK(run_to(market, 250ms).size() == 25);
}

TEST_CASE("a rate of zero is silence") {
    Market market(one_symbol(0));
    market.want(0, true);
    CHECK_FALSE(market.next_due());
    CHECK(run_to(market, 1h).empty());
}

TEST_CASE("after a long pause at most a second is made up for, without a gap in the ids") {
    Market market(one_symbol(10));
    run_to(market, 0s);
    market.want(0, true);
    CHECK(run_to(market, 1h).size() <= 11);
    CHECK(market.last_id(0) <= 12);
    CHECK(*market.next_due() > 1h);
}

TEST_CASE("a trade and a quote have the shape of the venue") {
    Scenario scenario = one_symbol(1);
    scenario.message_padding = 300;
    Market market(scenario);
    market.want(0, true);
    market.want(1, true);
    const std::vector<Message> messages = run_to(market, 0s, 1'700'000'000'123);
    REQUIRE(messages.size() == 2);
    simdjson::dom::parser parser;

    simdjson::dom::object trade;
    REQUIRE(parser.parse(messages[0].json).get(trade) == simdjson::SUCCESS);
    CHECK(std::string_view(trade["e"]) == "trade");
    CHECK(std::string_view(trade["s"]) == "BTCUSDT");
    CHECK(std::int64_t(trade["E"]) == 1'700'000'000'123);
    CHECK(std::int64_t(trade["T"]) == 1'700'000'000'123);
    CHECK(std::uint64_t(trade["t"]) == 1);
    CHECK(trade["p"].is_string());
    CHECK(trade["q"].is_string());
    CHECK(trade["m"].is_bool());
    CHECK(std::string_view(trade["pad"]).size() == 300);

    simdjson::dom::object quote;
    REQUIRE(parser.parse(messages[1].json).get(quote) == simdjson::SUCCESS);
    CHECK(std::uint64_t(quote["u"]) == 1);
    CHECK(std::string_view(quote["s"]) == "BTCUSDT");
    CHECK(std::stod(std::string(std::string_view(quote["b"]))) < std::stod(std::string(std::string_view(quote["a"]))));
}

}  // namespace
