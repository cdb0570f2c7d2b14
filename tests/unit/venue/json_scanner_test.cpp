#include "venue/json_scanner.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace fairlead;
using venue::JsonPointers;
using venue::JsonReader;
using venue::JsonScanner;
using venue::JsonValue;

namespace {

// What stands at the pointers, as written; empty = the scanner has no opinion.
std::optional<std::vector<std::string>> scan(std::string_view text, const std::vector<std::string>& wanted) {
    JsonPointers pointers;
    const auto slots = pointers.add_all(wanted);
    std::vector<JsonValue> values(pointers.size());
    if (!JsonScanner(text, pointers, values).find_all()) return std::nullopt;
    std::vector<std::string> found;
    for (const std::size_t slot : slots)
        found.emplace_back(values[slot].text);
    return found;
}

using Found = std::vector<std::string>;

}  // namespace

TEST_CASE("fields at the beginning are found whatever stands between them") {
    CHECK(scan(R"({"s":"BTCUSDT","p":"16500.10"})", {"/s"}) == Found{"BTCUSDT"});
    CHECK(scan(R"({"e":"trade","E":1672515782136,"m":true,"s":"BTCUSDT","t":12345,"x":1})", {"/s", "/t"}) ==
          Found{"BTCUSDT", "12345"});
    CHECK(scan(R"({"arg":{"channel":"books","instId":"BTC-USDT"},"data":[{"seqId":7,"x":"y"}]})",
               {"/arg/channel", "/arg/instId", "/data/0/seqId"}) == Found{"books", "BTC-USDT", "7"});
    CHECK(scan(R"([17470,"te",[401597393,1574694475039,0.005,7244.9]])", {"/0", "/2/1"}) ==
          Found{"17470", "1574694475039"});
    CHECK(scan(" {\n \"a\" :\t[ [1, {\"b\":\"]}\\\"\"} ] , {} ] ,\"c\": null , \"d\":-1.5e3 } \n", {"/c", "/d"}) ==
          Found{"null", "-1.5e3"});
}

TEST_CASE("containers are found as such, and looked into") {
    JsonPointers pointers;
    const auto object = pointers.add("/a");
    const auto inside = pointers.add("/a/b");
    const auto array = pointers.add("/c");
    std::vector<JsonValue> values(pointers.size());
    REQUIRE(JsonScanner(R"({"a":{"b":false},"c":[1,[2]],"d":0})", pointers, values).find_all());
    CHECK(values[object].kind == JsonValue::Kind::Object);
    CHECK(values[inside].kind == JsonValue::Kind::Boolean);
    CHECK(values[inside].text == "false");
    CHECK(values[array].kind == JsonValue::Kind::Array);
}

TEST_CASE("of two fields of one name the first counts, though it has not what is looked for") {
    CHECK(scan(R"({"a":1,"a":2})", {"/a"}) == Found{"1"});
    CHECK_FALSE(scan(R"({"a":{"x":1},"a":{"y":2}})", {"/a/y"}).has_value());
}

TEST_CASE("without certainty there is no opinion") {
    for (const auto* text : {"",
                             " ",
                             "{",
                             "[",
                             "}",
                             "17",
                             "\"s\"",
                             "{}",
                             "[]",  // nothing to be found
                             R"({"t":1})",
                             R"({"t":{"s":1}})",
                             R"(["s",1])",  // elsewhere, or missing
                             R"({"s":"a\u0062"})",
                             R"({"\u0073":1,"s":2})",  // an escape in the value, or in a name before it
                             R"({"s":"a)",
                             R"({"s":"a"])",
                             R"({"s":1)",  // without its end
                             R"({"s":tru})",
                             R"({"s":+1})",
                             R"({"s":1x})",  // no value
                             R"({"s" "a"})",
                             R"({"t":1 "s":2})",
                             R"({t:1,"s":2})",
                             R"({"t":,"s":2})",
                             R"({,"s":2})",  // broken before
                             "{\"t\":\"\n\",\"s\":2}x"})
        CHECK_MESSAGE(!scan(text, {"/s"}).has_value(), text);
    CHECK_FALSE(scan("{\"s\":\"a\nb\"}", {"/s"}).has_value());
    CHECK_FALSE(scan(R"({"s":1})", {}).has_value());
    CHECK(scan(R"({"\u0073":1,"s":2})", {"/t"}) == std::nullopt);
}

TEST_CASE("what stands at a border of the window is found whole or not at all") {
    const std::string value = "0123456789abcdef";
    for (std::size_t before = JsonScanner::kWindow - 60; before < JsonScanner::kWindow + 10; ++before) {
        const std::string text = R"({"t":")" + std::string(before, 'x') + R"(","s":")" + value + R"("})";
        const bool fits = text.size() - 1 <= JsonScanner::kWindow;  // but for the last bracket
        CHECK(scan(text, {"/s"}) == (fits ? std::optional(Found{value}) : std::nullopt));
    }
}

TEST_CASE("names and texts of every length are read to their end") {
    for (std::size_t length = 0; length < 40; ++length) {
        const std::string text(length, '~');
        const std::string message = "{\"" + text + "k\":\"" + text + "\",\"s\":\"" + text + "!\"}";
        CHECK(scan(message, {"/s"}) == Found{text + "!"});
    }
}

TEST_CASE("a reader whose fields are never at the beginning finds them all the same, and those that come to be there") {
    JsonPointers pointers;
    const auto slot = pointers.add("/s");
    JsonReader reader;
    const std::string far = R"({"t":")" + std::string(2 * JsonScanner::kWindow, 'x') + R"(","s":"far"})";
    for (int i = 0; i < 1'000; ++i) {
        REQUIRE(reader.read(far, pointers));
        REQUIRE(reader[slot].text == "far");
        REQUIRE(reader.read(R"({"s":"near"})", pointers));
        REQUIRE(reader[slot].text == "near");
        REQUIRE(reader.read(R"({"t":1})", pointers));
        REQUIRE(!reader[slot].is_present());
    }
}
