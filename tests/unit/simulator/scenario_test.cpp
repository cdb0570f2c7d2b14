#include "simulator/scenario.hpp"

#include "simulator/parse_duration.hpp"

#include <doctest/doctest.h>

namespace {

using namespace fairlead::simulator;
using namespace std::chrono_literals;

Scenario good(std::string_view toml) {
    const auto loaded = load_scenario_text(toml, "venue.toml");
    if (const auto* problems = std::get_if<ScenarioProblems>(&loaded)) FAIL(problems->front());
    return std::get<Scenario>(loaded);
}

ScenarioProblems bad(std::string_view toml) {
    const auto loaded = load_scenario_text(toml, "venue.toml");
    REQUIRE(std::holds_alternative<ScenarioProblems>(loaded));
    return std::get<ScenarioProblems>(loaded);
}

TEST_CASE("an empty scenario is the defaults") {
    CHECK(good("") == Scenario{});
}

TEST_CASE("every key of a scenario is read") {
    const Scenario scenario = good(R"(
symbols = ["xrpusdt", "1inchusdt"]
rate = 0.5
burst = 7
seed = 42
ping_interval = "1m30s"
message_padding = 100
lifetime = "24h"
[[fault]]
at = "3s"
every = "10s"
kind = "close"
code = 1012
reason = "restart"
[[fault]]
at = "4s"
every = "10s"
for = "2s"
kind = "refuse_upgrade"
status = 429
retry_after = "7s"
[[fault]]
at = "0s"
kind = "bad_frame"
frame = "oversize"
)");
    Scenario expected;
    expected.symbols = {"xrpusdt", "1inchusdt"};
    expected.rate = 0.5;
    expected.burst = 7;
    expected.seed = 42;
    expected.ping_interval = 90s;
    expected.message_padding = 100;
    expected.lifetime = 24h;
    expected.faults.resize(3);
    expected.faults[0].at = 3s;
    expected.faults[0].every = 10s;
    expected.faults[0].code = 1012;
    expected.faults[0].reason = "restart";
    expected.faults[1].kind = FaultKind::RefuseUpgrade;
    expected.faults[1].at = 4s;
    expected.faults[1].every = 10s;
    expected.faults[1].duration = 2s;
    expected.faults[1].status = 429;
    expected.faults[1].retry_after = 7s;
    expected.faults[2].kind = FaultKind::BadFrame;
    expected.faults[2].frame = BadFrame::Oversize;
    CHECK(scenario == expected);
}

TEST_CASE("a profile, and the faults of topics") {
    const Scenario scenario = good(R"(
profile = "okx"
[[fault]]
at = "1s"
for = "2s"
kind = "reject"
topics = ["books:BTC-USDT", "trades:BTC-USDT"]
[[fault]]
at = "2s"
kind = "ack_silence"
topics = ["books:ETH-USDT"]
)");
    CHECK(scenario.profile == "okx");
    REQUIRE(scenario.faults.size() == 2);
    CHECK(scenario.faults[0].kind == FaultKind::Reject);
    CHECK(scenario.faults[0].duration == 2s);
    CHECK(scenario.faults[0].topics == std::vector<std::string>{"books:BTC-USDT", "trades:BTC-USDT"});
    CHECK(scenario.faults[1].kind == FaultKind::AckSilence);
    CHECK(scenario.faults[1].topics == std::vector<std::string>{"books:ETH-USDT"});
}

TEST_CASE("topics belong to their faults, are required there, and are texts") {
    const std::string begin = "[[fault]]\nat = \"1s\"\nkind = ";
    for (const char* rest : {"\"reject\"", "\"ack_silence\"\ntopics = []", "\"reject\"\ntopics = [1]",
                             "\"reject\"\ntopics = \"a\"", "\"reset\"\ntopics = [\"a\"]"}) {
        CAPTURE(rest);
        const ScenarioProblems problems = bad(begin + rest);
        REQUIRE(problems.size() == 1);
        CHECK(problems.front().find("fault[0].topics: ") != std::string::npos);
    }
    CHECK(bad(begin + "\"reject\"\ntopics = [\"a\"]\nconnection = 1").front().find("connection") != std::string::npos);
}

TEST_CASE("every kind of fault and of frame has a name") {
    for (const char* kind : {"close", "reset", "silence", "half_open", "refuse_upgrade", "bad_frame", "stop"}) {
        CHECK(good(std::string("[[fault]]\nat = \"1s\"\nkind = \"") + kind + "\"").faults.size() == 1);
    }
    for (const char* frame : {"reserved_bit", "bad_opcode", "bad_utf8", "oversize", "unfinished"}) {
        CHECK(good(std::string("[[fault]]\nat = \"1s\"\nkind = \"bad_frame\"\nframe = \"") + frame + "\"")
                  .faults.size() == 1);
    }
}

TEST_CASE("all problems are told at once, in the order of the file, each with its place") {
    const ScenarioProblems problems = bad(R"(symbols = ["BTC"]
rate = -1
wat = 1
[[fault]]
at = "soon"
kind = "reset"
code = 1000
)");
    REQUIRE(problems.size() == 5);
    CHECK(problems[0].starts_with("venue.toml:1:11: symbols: "));
    CHECK(problems[1].starts_with("venue.toml:2:8: rate: "));
    CHECK(problems[2] == "venue.toml:3:1: wat: unknown key");
    CHECK(problems[3].starts_with("venue.toml:5:6: fault[0].at: "));
    CHECK(problems[4] == "venue.toml:7:8: fault[0].code: belongs to close only");
}

TEST_CASE("impossible values are refused") {
    for (const char* toml : {"symbols = []",
                             "symbols = [\"a\", \"a\"]",
                             "rate = \"20\"",
                             "rate = nan",
                             "burst = 0",
                             "seed = -1",
                             "ping_interval = 20",
                             "message_padding = -1",
                             "lifetime = \"1\"",
                             "fault = 1",
                             "[fault]\nat = \"1s\"",
                             "[[fault]]\nkind = \"reset\"",
                             "[[fault]]\nat = \"1s\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"explode\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"reset\"\nevery = \"0s\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"reset\"\nfor = \"1s\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"silence\"\nfor = \"0s\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"silence\"\nevery = \"5s\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"silence\"\nevery = \"5s\"\nfor = \"5s\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"close\"\ncode = 1005",
                             "[[fault]]\nat = \"1s\"\nkind = \"close\"\ncode = 65536",
                             "[[fault]]\nat = \"1s\"\nkind = \"refuse_upgrade\"\nstatus = 200",
                             "[[fault]]\nat = \"1s\"\nkind = \"refuse_upgrade\"\nretry_after = \"1500ms\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"bad_frame\"\nframe = \"good\"",
                             "max_streams = 0",
                             "first_id = 0",
                             "[[fault]]\nat = \"1s\"\nkind = \"delay\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"reset\"\nby = \"1s\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"skip\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"swap\"\nstream = \"btcusdt\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"drain\"\nstream = \"btcusdt@trade\"",
                             "[[fault]]\nat = \"1s\"\nkind = \"reset\"\nconnection = 0",
                             "[[fault]]\nat = \"1s\"\nkind = \"stop\"\nconnection = 1"}) {
        CAPTURE(toml);
        CHECK(bad(toml).size() == 1);
    }
}

TEST_CASE("a fault may be that of one connection and of one stream") {
    const auto loaded = load_scenario_text(R"(
first_id = 5000
max_streams = 3
[[fault]]
at = "1s"
kind = "delay"
by = "80ms"
for = "2s"
connection = 2
[[fault]]
at = "1s"
kind = "skip"
stream = "btcusdt@trade"
)",
                                           "venue.toml");
    REQUIRE(std::holds_alternative<Scenario>(loaded));
    Scenario expected;
    expected.first_id = 5000;
    expected.max_streams = 3;
    expected.faults.resize(2);
    expected.faults[0].at = 1s;
    expected.faults[0].kind = FaultKind::Delay;
    expected.faults[0].by = 80ms;
    expected.faults[0].duration = 2s;
    expected.faults[0].connection = 2;
    expected.faults[1].at = 1s;
    expected.faults[1].kind = FaultKind::Skip;
    expected.faults[1].stream = "btcusdt@trade";
    CHECK(std::get<Scenario>(loaded) == expected);
}

TEST_CASE("what is not TOML is one problem with its place") {
    const ScenarioProblems problems = bad("rate = 1\nrate = 2\n");
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].starts_with("venue.toml:2:"));
}

TEST_CASE("a file that is not there is a problem with its name") {
    const auto loaded = load_scenario_file("/nonexistent/venue.toml");
    REQUIRE(std::holds_alternative<ScenarioProblems>(loaded));
    CHECK(std::get<ScenarioProblems>(loaded).front() == "/nonexistent/venue.toml: cannot be read");
}

TEST_CASE("durations are whole numbers with units") {
    CHECK(parse_duration("0s") == 0s);
    CHECK(parse_duration("1d2h3m4s5ms6us") == 26h + 3min + 4s + 5ms + 6us);
    for (const char* text : {"", "1", "s", "1.5s", "-1s", "1 s", "1s ", "1w", "400d", "4294967296s", "366d1us"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text));
    }
}

}  // namespace
