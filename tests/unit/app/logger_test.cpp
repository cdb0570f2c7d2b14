#include "app/logger.hpp"

#include <doctest/doctest.h>
#include <simdjson.h>

#include <string>

using fairlead::app::json_line;
using fairlead::app::text_line;

TEST_CASE("a text line names the connection, the event and what is known of it") {
    CHECK(text_line("a", "connected", {{"cause", "start"}, {"detail", ""}, {"endpoint", "[::1]:9"}}) ==
          "connection=a connected cause=start endpoint=[::1]:9");
    CHECK(text_line("", "started", {}) == "started");
}

TEST_CASE("values with spaces are quoted, and none can forge a line") {
    CHECK(text_line("a", "e", {{"detail", "no pong within 10s"}}) == R"(connection=a e detail="no pong within 10s")");
    CHECK(text_line("a", "e", {{"detail", "x\nconnection=b \"quoted\" \\"}}) ==
          R"(connection=a e detail="x\u000aconnection=b \"quoted\" \\")");
}

TEST_CASE("a JSON line is JSON, whatever the values") {
    const std::string value("\"\\\n\t\x01 \xc3\xa4");
    const auto text = "{" + json_line("a", "e", {{"detail", value}, {"empty", ""}}) + "}";
    simdjson::dom::parser parser;
    simdjson::dom::element line;
    REQUIRE(parser.parse(text).get(line) == simdjson::SUCCESS);
    CHECK(std::string_view(line["connection"]) == "a");
    CHECK(std::string_view(line["event"]) == "e");
    CHECK(std::string_view(line["detail"]) == value);
    CHECK(line["empty"].error() == simdjson::NO_SUCH_FIELD);
}
