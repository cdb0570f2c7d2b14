#include "venue/venue.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace fairlead;

namespace {

venue::Venue with_pointers(std::vector<std::string> pointers) {
    config::ConnectionConfig config;
    config.channel = std::move(pointers);
    return venue::Venue(config);
}

}  // namespace

TEST_CASE("without pointers every message is of the channel `all`") {
    auto venue = with_pointers({});
    CHECK(venue.has_single_channel());
    CHECK(venue.channel_of("no JSON", false) == "all");
    CHECK(venue.channel_of("\xff", true) == "all");
}

TEST_CASE("a pointer finds strings, numbers and booleans") {
    auto venue = with_pointers({"/data/0/id"});
    CHECK(venue.channel_of(R"({"data":[{"id":"BTC-USDT"}]})", false) == "BTC-USDT");
    CHECK(venue.channel_of(R"({"data":[{"id":17 }]})", false) == "17");
    CHECK(venue.channel_of(R"({"data":[{"id":true}]})", false) == "true");
    CHECK(venue.channel_of(R"({"data":[{"id":"a\u002fb"}]})", false) == "a/b");
}

TEST_CASE("several pointers are joined, what is missing is left out") {
    auto venue = with_pointers({"/e", "/s"});
    CHECK(venue.channel_of(R"({"e":"trade","E":1,"s":"BTCUSDT"})", false) == "trade:BTCUSDT");
    CHECK(venue.channel_of(R"({"s":"BTCUSDT","e":"trade"})", false) == "trade:BTCUSDT");
    CHECK(venue.channel_of(R"({"u":1,"s":"BTCUSDT"})", false) == "BTCUSDT");
}

TEST_CASE("a message whose channel cannot be told has none") {
    auto venue = with_pointers({"/s"});
    for (const auto* message : {"", "no JSON", "{", R"({"s":null})", R"({"s":{}})", R"({"s":[1]})", R"({"s":""})",
                                "[1,2]", R"({"t":"x"})", "17"})
        CHECK_MESSAGE(!venue.channel_of(message, false), message);
    CHECK_FALSE(venue.channel_of(R"({"s":"x"})", true));
}

TEST_CASE("long messages after short ones, and short after long") {
    auto venue = with_pointers({"/s"});
    const auto message = [](std::size_t filling) { return R"({"f":")" + std::string(filling, 'x') + R"(","s":"A"})"; };
    for (const std::size_t size : {0, 10, 100'000, 5, 1'000'000, 63, 64, 65})
        CHECK(venue.channel_of(message(size), false) == "A");
}
