#include "venue/json_reader.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace fairlead;
using venue::JsonPointers;
using venue::JsonReader;
using venue::JsonValue;

namespace {

// What stands at each pointer: scalars as text, strings in quotes, and `[`, `{`, or `-` for nothing.
std::string read(std::string_view text, const std::vector<std::string>& wanted) {
    JsonPointers pointers;
    const auto slots = pointers.add_all(wanted);
    JsonReader reader;
    reader.read(text, pointers);
    std::string shown;
    for (const std::size_t slot : slots) {
        if (!shown.empty()) shown += ' ';
        const JsonValue& value = reader[slot];
        if (value.kind == JsonValue::Kind::Missing) shown += '-';
        if (value.kind == JsonValue::Kind::Array) shown += '[';
        if (value.kind == JsonValue::Kind::Object) shown += '{';
        const bool is_string = value.kind == JsonValue::Kind::String;
        shown += is_string ? "'" + std::string{value.text} + "'" : std::string{value.text};
    }
    return shown;
}

}  // namespace

TEST_CASE("values of every kind are found in one pass, whatever their order") {
    constexpr std::string_view kText =
        R"({"a":{"b":[1, {"c":"x"}],"d":null},"e":true,"f":-1.5e3 ,"g":"\u00e9\n","h":[],"i":{}})";
    CHECK(read(kText, {"/a/b/1/c", "/a/d", "/e", "/f", "/g", "/h", "/i"}) == "'x' null true -1.5e3 '\xc3\xa9\n' [ {");
    CHECK(read(kText, {"/i", "/g", "/e", "/a/d", "/a/b/0", "/a/b", "/a"}) == "{ '\xc3\xa9\n' true null 1 [ {");
    CHECK(read(kText, {"/x", "/a/x", "/a/b/2", "/e/x", "/h/0", "/a/b/1/c/d"}) == "- - - - - -");
}

TEST_CASE("a pointer is read as RFC 6901 says") {
    constexpr std::string_view kText = R"({"":1,"a/b":2,"m~n":3,"0":4,"01":5,"~1":6})";
    CHECK(read(kText, {"/", "/a~1b", "/m~0n", "/0", "/01", "/~01"}) == "1 2 3 4 5 6");
    CHECK(read("[7,8]", {"/0", "/1", "/2", "/01", "/-", "/+1"}) == "7 8 - - - -");
    CHECK(read(kText, {"", "a", "0"}) == "- - -");
    CHECK(read(kText, {"/m~0n", "/m~0n"}) == "3 3");
    CHECK(read(kText, {"/m~n", "/m~0n", "/m~n", ""}) == "3 3 3 -");
}

TEST_CASE("of two fields of one name the first counts") {
    CHECK(read(R"({"a":1,"a":2,"b":3})", {"/a", "/b"}) == "1 3");
    CHECK(read(R"({"a":{"x":1},"a":{"y":2},"b":3})", {"/a/x", "/a/y", "/b"}) == "1 - 3");
    CHECK(read(R"({"a":5,"a":{"y":2},"b":3})", {"/a/y", "/b"}) == "- 3");
}

TEST_CASE("what is broken hides what stands behind it, and nothing else") {
    CHECK(read(R"({"a":1,"b":2,"c":tru})", {"/a", "/b"}) == "1 2");
    CHECK(read(R"({"a":"\x","b":2})", {"/a", "/b"}) == "- 2");
    CHECK(read(R"({"a":1 "b":2})", {"/a", "/b"}) == "1 -");
    for (const auto* text :
         {"", " ", "{", "[", "}", "17", "\"x\"", "null", "{\"a\"", "{\"a\":", "{\"a\":1", "\xff", "{a:1}"})
        CHECK_MESSAGE(read(text, {"/a", "/0"}) == "- -", text);
}

TEST_CASE("one reader reads texts of every length with one tree after the other") {
    JsonReader reader;
    JsonPointers few;
    const auto last = few.add("/last");
    JsonPointers many;
    many.add("/a/b/c");
    const auto same = many.add("/last");
    for (const std::size_t size : {0, 1, 63, 64, 65, 20'000, 100, 3'000'000, 40'000}) {
        const std::string text =
            R"({"filling":")" + std::string(size, 'x') + R"(","last":")" + std::to_string(size) + "\"}";
        REQUIRE(reader.read(text, few));
        CHECK(reader[last].text == std::to_string(size));
        REQUIRE(reader.read(text, many));
        CHECK(reader[same].text == std::to_string(size));
    }
}

TEST_CASE("deep texts are read, and deep pointers") {
    std::string text;
    std::string pointer;
    for (int depth = 0; depth < 500; ++depth) {
        text += R"({"a":)";
        pointer += "/a";
    }
    CHECK(read(text + "1" + std::string(500, '}'), {pointer}) == "1");
    CHECK(read(std::string(100'000, '['), {"/0/0"}) == "-");
}

TEST_CASE("a list is the scalars of an array, or a scalar alone") {
    JsonReader reader;
    using List = std::vector<std::string>;
    CHECK(reader.list(R"({"result":["a",1,null,{},"",true]})", "/result") == List{"a", "1", "true"});
    CHECK(reader.list(R"({"result":[]})", "/result") == List{});
    CHECK(reader.list(R"({"result":"a"})", "/result") == List{"a"});
    for (const auto* text : {R"({"result":null})", R"({"result":{}})", R"({"x":1})", "no JSON", ""})
        CHECK_FALSE(reader.list(text, "/result").has_value());
}
