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
    CHECK(venue.read("no JSON", false).channel == "all");
    CHECK(venue.read("\xff", true).channel == "all");
}

TEST_CASE("a pointer finds strings, numbers and booleans") {
    auto venue = with_pointers({"/data/0/id"});
    CHECK(venue.read(R"({"data":[{"id":"BTC-USDT"}]})", false).channel == "BTC-USDT");
    CHECK(venue.read(R"({"data":[{"id":17 }]})", false).channel == "17");
    CHECK(venue.read(R"({"data":[{"id":true}]})", false).channel == "true");
    CHECK(venue.read(R"({"data":[{"id":"a\u002fb"}]})", false).channel == "a/b");
}

TEST_CASE("several pointers are joined, what is missing is left out") {
    auto venue = with_pointers({"/e", "/s"});
    CHECK(venue.read(R"({"e":"trade","E":1,"s":"BTCUSDT"})", false).channel == "trade:BTCUSDT");
    CHECK(venue.read(R"({"s":"BTCUSDT","e":"trade"})", false).channel == "trade:BTCUSDT");
    CHECK(venue.read(R"({"u":1,"s":"BTCUSDT"})", false).channel == "BTCUSDT");
}

TEST_CASE("a message whose channel cannot be told has none") {
    auto venue = with_pointers({"/s"});
    for (const auto* message : {"", "no JSON", "{", R"({"s":null})", R"({"s":{}})", R"({"s":[1]})", R"({"s":""})",
                                "[1,2]", R"({"t":"x"})", "17"})
        CHECK_MESSAGE(!venue.read(message, false).channel, message);
    CHECK_FALSE(venue.read(R"({"s":"x"})", true).channel);
}

TEST_CASE("long messages after short ones, and short after long") {
    auto venue = with_pointers({"/s"});
    const auto message = [](std::size_t filling) { return R"({"f":")" + std::string(filling, 'x') + R"(","s":"A"})"; };
    for (const std::size_t size : {0, 10, 100'000, 5, 1'000'000, 63, 64, 65})
        CHECK(venue.read(message(size), false).channel == "A");
}

TEST_CASE("the venue's numbers are read as numbers and as strings") {
    config::ConnectionConfig config;
    config.sequence = {.field = "/u", .previous = "/pu"};
    venue::Venue venue(config);
    const auto facts = venue.read(R"({"u":12,"pu":"11"})", false);
    CHECK(facts.channel == "all");
    CHECK(facts.sequence == 12U);
    CHECK(facts.previous == 11U);
    for (const auto* message : {R"({"u":-1})", R"({"u":1.5})", R"({"u":"x"})", R"({"u":null})", "no JSON", "{}"})
        CHECK_MESSAGE(!venue.read(message, false).sequence, message);
    CHECK_FALSE(venue.read(R"({"u":12})", true).sequence);
}

TEST_CASE("the first number inside of a message tells the one before it") {
    config::ConnectionConfig config;
    config.sequence = {.field = "/u", .first = "/U", .step = 0};
    venue::Venue venue(config);
    const auto facts = venue.read(R"({"U":157,"u":160})", false);
    CHECK(facts.sequence == 160U);
    CHECK(facts.previous == 156U);
    for (const auto* message : {R"({"u":160})", R"({"U":0,"u":160})", R"({"U":"x","u":160})", R"({"U":null,"u":160})"})
        CHECK_MESSAGE(!venue.read(message, false).previous, message);
}

TEST_CASE("a drain notice is one value of one field") {
    config::ConnectionConfig config;
    config.drain = {.field = "/e", .value = "serverShutdown"};
    venue::Venue venue(config);
    CHECK(venue.read(R"({"e":"serverShutdown","E":1})", false).drain);
    CHECK_FALSE(venue.read(R"({"e":"trade"})", false).drain);
    CHECK_FALSE(venue.read(R"({"x":"serverShutdown"})", false).drain);
}

TEST_CASE("messages are the same by their bytes, or by the fields that are named") {
    config::ConnectionConfig config;
    venue::Venue by_bytes(config);
    CHECK(by_bytes.key_of("abc", false) == by_bytes.key_of("abc", false));
    CHECK(by_bytes.key_of("abc", false) != by_bytes.key_of("abd", false));
    config.dedupe = {"/s", "/t"};
    venue::Venue by_fields(config);
    const auto key = [&](std::string_view message) { return by_fields.key_of(message, false); };
    CHECK(key(R"({"s":"A","t":1,"E":5})") == key(R"({"E":6,"t":1,"s":"A"})"));
    CHECK(key(R"({"s":"A","t":1})") != key(R"({"s":"A","t":2})"));
    // None of the fields: the bytes decide.
    CHECK(key(R"({"result":null,"id":1})") != key(R"({"result":null,"id":2})"));
}
