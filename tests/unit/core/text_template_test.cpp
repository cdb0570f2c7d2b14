#include "core/text_template.hpp"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>

using namespace fairlead;
using core::TextTemplate;

namespace {

constexpr std::array<std::string_view, 4> kNames = {"topic", "id", "topics", "1"};

// {topic} becomes <topic>, inside of a JSON string "topic".
std::string shown(std::string_view text, TextTemplate::Fields fields = TextTemplate::Fields::None) {
    return TextTemplate{text, kNames, fields}.render([](const TextTemplate::Variable& variable) {
        const std::string name{variable.name};
        return variable.is_quoted ? "'" + name + "'" : "<" + name + ">";
    });
}

}  // namespace

TEST_CASE("a known name in braces is a variable, every other brace stays") {
    const std::map<std::string, std::string> cases = {
        {"", ""},
        {"text", "text"},
        {"{id}", "<id>"},
        {"{id}{topic}", "<id><topic>"},
        {"a{id}b", "a<id>b"},
        {R"({"op":"x","args":[{topics}],"id":{id}})", R"({"op":"x","args":[<topics>],"id":<id>})"},
        {"{{id}}", "{<id>}"},
        {"{{{id}", "{{<id>"},
        {"{1}", "<1>"},
        {"{2}", "{2}"},
        {"{}", "{}"},
        {"{", "{"},
        {"}", "}"},
        {"{id", "{id"},
        {"{ id }", "{ id }"},
        {"{ID}", "{ID}"},
        {R"({"id":{}})", R"({"id":{}})"},
    };
    for (const auto& one : cases)
        CHECK_MESSAGE(shown(one.first) == one.second, one.first);
}

TEST_CASE("inside of a JSON string a variable is quoted") {
    CHECK(shown(R"({"id":"{id}"})") == R"({"id":"'id'"})");
    CHECK(shown(R"("{id}" {id} "x{id}{topic}y")") == R"("'id'" <id> "x'id''topic'y")");
    CHECK(shown(R"("a\"{id}" {id})") == R"("a\"'id'" <id>)");
    CHECK(shown(R"("a\\" {id})") == R"("a\\" <id>)");
    CHECK(shown(R"(\" {id})") == R"(\" 'id')");  // outside of a string a backslash is no escape
}

TEST_CASE("fields of a message are variables only where they are allowed") {
    const std::string text = R"({"pong":{field:/ping/0}})";
    CHECK(shown(text) == text);
    CHECK(shown(text, TextTemplate::Fields::Allowed) == R"({"pong":<field:/ping/0>})");
    CHECK(TextTemplate{text, kNames}.unknown_variables().empty());
}

TEST_CASE("a bare word in braces that is no variable is a misspelling") {
    using Words = std::vector<std::string>;
    const auto unknown = [](std::string_view text) { return TextTemplate{text, kNames}.unknown_variables(); };
    CHECK(unknown(R"({"op":"x","args":[{topics}],"id":{id},"a":{"b":{}},"c":{ "d":1 },"e":{1}})").empty());
    CHECK(unknown("{topc} {id} {ids} {now_s} {topc}") == Words{"topc", "ids", "now_s"});
    CHECK(unknown("{{topc}}") == Words{"topc"});
    CHECK(unknown("{Topic} {a1} {_}") == Words{"Topic", "a1", "_"});
    CHECK(unknown("{1}{2}{10} {1a}") == Words{"2", "10", "1a"});
    CHECK(unknown("{a-b} {a b} {a").empty());
}

TEST_CASE("a template tells which variables it uses") {
    const TextTemplate text{R"({"a":"{id}","b":{topic}})", kNames};
    REQUIRE(text.variables().size() == 2);
    CHECK(text.variables()[0].name == "id");
    CHECK(text.variables()[0].is_quoted);
    CHECK_FALSE(text.variables()[1].is_quoted);
    CHECK_FALSE(text.variables()[0].is_first);
    CHECK(TextTemplate("{id}{topic}", kNames).variables()[0].is_first);
    CHECK_FALSE(TextTemplate("{id}{topic}", kNames).variables()[1].is_first);
    CHECK(text.uses("id"));
    CHECK_FALSE(text.uses("topics"));
    CHECK_FALSE(text.empty());
    CHECK(TextTemplate{}.empty());
}

TEST_CASE("what goes into a JSON string is escaped") {
    CHECK(core::json_escaped("BTC-USDT") == "BTC-USDT");
    CHECK(core::json_escaped(R"(a"b\c)") == R"(a\"b\\c)");
    CHECK(core::json_escaped(std::string_view{"\n\x1f\0", 3}) == R"(\u000a\u001f\u0000)");
    CHECK(core::json_escaped("\xc3\xa9/") == "\xc3\xa9/");
}

TEST_CASE("what goes into a part of a URL is percent-encoded") {
    CHECK(core::percent_encoded("aZ09-._~") == "aZ09-._~");
    CHECK(core::percent_encoded("a b/\"\xc3\xa9") == "a%20b%2F%22%C3%A9");
}
