#include "admin/arguments.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace fairlead;
using admin::Arguments;

namespace {

// What is wrong when all that there is to read has been read.
std::string problem_of(const char* query, const char* body = "") {
    Arguments arguments("", query, body);
    arguments.text("connection");
    arguments.flag("hard");
    arguments.number("limit");
    arguments.time_ns("since");
    arguments.level("level");
    arguments.body_flag("enabled");
    arguments.body_level("level");
    return arguments.problem();
}

}  // namespace

TEST_CASE("a query is decoded and read by its types") {
    Arguments arguments("id", "connection=a%2Fb+c&hard&limit=7&level=warning&since=1970-01-01T00:00:01.5Z&open=false",
                        "");
    CHECK(arguments.name() == "id");
    CHECK(arguments.text("connection") == "a/b c");
    CHECK(arguments.flag("hard"));
    CHECK_FALSE(arguments.flag("open"));
    CHECK(arguments.number("limit") == 7);
    CHECK(arguments.level("level") == v1::ALERT_LEVEL_WARNING);
    CHECK(arguments.time_ns("since") == 1'500'000'000);
    CHECK(arguments.text("missing") == "");
    CHECK_FALSE(arguments.flag("missing"));
    CHECK(arguments.problem() == "");
}

TEST_CASE("a body is an object, read by its types") {
    Arguments arguments("", "", R"({"enabled": false, "level": "info"})");
    arguments.require_in_body("enabled");
    CHECK(arguments.body_flag("enabled") == false);
    CHECK(arguments.body_level("level") == v1::ALERT_LEVEL_INFO);
    CHECK_FALSE(arguments.body_text("other").has_value());
    CHECK(arguments.problem() == "");
}

TEST_CASE("what cannot be understood is told") {
    struct Row {
        const char* query;
        const char* body;
        const char* problem;
    };
    const Row rows[] = {
        {"conection=a", "", "`conection` is not known here"},
        {"hard=maybe", "", "`hard` must be true or false"},
        {"hard&hard", "", "`hard` is there twice"},
        {"limit=-1", "", "`limit` must be a whole number"},
        {"limit=4294967296", "", "`limit` must be a whole number"},
        {"limit=", "", "`limit` must be a whole number"},
        {"since=yesterday", "", "`since` must be a time"},
        {"level=loud", "", "`level` must be info, warning or critical"},
        {"connection=%4", "", "the query is not well-formed"},
        {"connection=%zz", "", "the query is not well-formed"},
        {"", "{", "the body is not a JSON object"},
        {"", "[1]", "the body is not a JSON object"},
        {"", "true false", "the body is not a JSON object"},
        {"", R"({"enabled": "yes"})", "`enabled` must be true or false"},
        {"", R"({"level": 3})", "`level` must be a text"},
        {"", R"({"level": "loud"})", "`level` must be info, warning or critical"},
        {"", R"({"levle": "info"})", "`levle` is not known in this body"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.query);
        CAPTURE(row.body);
        CHECK(problem_of(row.query, row.body).starts_with(row.problem));
    }
    CHECK(problem_of("", std::string(60'000, '[').c_str()) == "the body is not a JSON object");
    Arguments without("", "", "{}");
    without.require_in_body("level");
    CHECK(without.problem() == "the body needs `level`");
}

TEST_CASE("times are those of RFC 3339 in UTC, and no others") {
    CHECK(admin::parse_rfc3339("2026-01-01T00:00:00Z") == 1'767'225'600'000'000'000);
    CHECK(admin::parse_rfc3339("2024-02-29t23:59:59.123456789z") == 1'709'251'199'123'456'789);
    for (const auto* text :
         {"", "Z", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01T00:00:00+01:00", "2026-13-01T00:00:00Z",
          "2025-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
          "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.1234567890Z", "1969-12-31T23:59:59Z", "9999-01-01T00:00:00Z",
          "2026-01-01 00:00:00Z", "26-01-01T00:00:00Z", "2026-01-01T00:00:00ZZ"}) {
        CAPTURE(text);
        CHECK_FALSE(admin::parse_rfc3339(text).has_value());
    }
}

TEST_CASE("a time that was told is understood again, to the nanosecond") {
    for (const std::uint64_t ns : {1ULL, 1'000'000'000ULL, 1'767'225'600'120'000'001ULL, 1'900'000'000'000'000'000ULL})
        CHECK(admin::parse_rfc3339(admin::to_rfc3339(ns)) == ns);
}
