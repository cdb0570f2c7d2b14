#include "simulator/request.hpp"

#include <doctest/doctest.h>

namespace {

using namespace fairlead::simulator;

Request request(std::string_view json) {
    const auto read = read_request(json);
    REQUIRE(std::holds_alternative<Request>(read));
    return std::get<Request>(read);
}

std::string error(std::string_view json) {
    const auto read = read_request(json);
    REQUIRE(std::holds_alternative<std::string>(read));
    return std::get<std::string>(read);
}

TEST_CASE("requests of the venue's protocol are read") {
    CHECK(request(R"({"method":"SUBSCRIBE","params":["btcusdt@trade","ethusdt@bookTicker"],"id":1})") ==
          Request{Method::Subscribe, {"btcusdt@trade", "ethusdt@bookTicker"}, "1"});
    CHECK(request(R"({"method":"UNSUBSCRIBE","params":["1inchusdt@trade"],"id":-9})") ==
          Request{Method::Unsubscribe, {"1inchusdt@trade"}, "-9"});
    CHECK(request(R"({"method":"LIST_SUBSCRIPTIONS","id":"a-B_1"})") ==
          Request{Method::ListSubscriptions, {}, "\"a-B_1\""});
    CHECK(request(R"({"method":"LIST_SUBSCRIPTIONS","id":null})").id == "null");
    CHECK(request(R"({"method":"LIST_SUBSCRIPTIONS"})").id == "null");
}

TEST_CASE("what is not JSON is answered with code 3") {
    for (const char* text : {"", "{", "ping", R"({"method":"SUBSCRIBE",})", "\xff"}) {
        CHECK(error(text).starts_with(R"({"code":3,"msg":"Invalid JSON: )"));
        CHECK(error(text).ends_with(R"(","id":null})"));
    }
}

TEST_CASE("what is JSON but no request is answered with code 2 and the id") {
    for (const char* text :
         {R"({"method":"TRADE","id":7})", R"({"params":["btcusdt@trade"],"id":7})", R"({"method":1,"id":7})",
          R"({"method":"SUBSCRIBE","id":7})", R"({"method":"SUBSCRIBE","params":[],"id":7})",
          R"({"method":"SUBSCRIBE","params":"btcusdt@trade","id":7})", R"({"method":"SUBSCRIBE","params":[1],"id":7})",
          R"({"method":"SUBSCRIBE","params":["btcusdt@trade","nonsense"],"id":7})"}) {
        CHECK(error(text).starts_with(R"({"code":2,"msg":"Invalid request: )"));
        CHECK(error(text).ends_with(R"(","id":7})"));
    }
    for (const char* text : {"[]", "1", R"({"method":"LIST_SUBSCRIPTIONS","id":{}})",
                             R"({"method":"LIST_SUBSCRIPTIONS","id":"quote\"d"})"}) {
        CHECK(error(text).starts_with(R"({"code":2,)"));
        CHECK(error(text).ends_with(R"(,"id":null})"));
    }
}

TEST_CASE("a stream is a symbol in small letters and a known kind") {
    CHECK(is_stream_name("btcusdt@trade"));
    CHECK(is_stream_name("1000pepeusdt@bookTicker"));
    for (const char* name : {"", "@trade", "btcusdt", "btcusdt@", "BTCUSDT@trade", "btcusdt@bookticker",
                             "btc usdt@trade", "btcusdt@trade ", "abcdefghijklmnopqrstu@trade"}) {
        CHECK_FALSE(is_stream_name(name));
    }
}

TEST_CASE("replies are JSON of the venue's shape") {
    CHECK(result_reply("1") == R"({"result":null,"id":1})");
    CHECK(list_reply("2", {}) == R"({"result":[],"id":2})");
    CHECK(list_reply("2", {"b@trade", "a@trade"}) == R"({"result":["a@trade","b@trade"],"id":2})");
    CHECK(error_reply(2, "say \"no\"", "null") == R"({"code":2,"msg":"say 'no'","id":null})");
}

}  // namespace
