#include "ctl/arguments.hpp"
#include "ctl/render.hpp"
#include "ctl/tap.hpp"
#include "ctl/text.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <variant>
#include <vector>

using namespace fairlead;
using Words = std::vector<std::string>;

namespace {

constexpr std::uint64_t kTime = 1735689601'000'042'000;  // 2025-01-01T00:00:01.000042Z

ctl::Arguments parsed(const Words& words) {
    const auto result = ctl::parse_arguments(words, {});
    if (const auto* stop = std::get_if<ctl::Stop>(&result)) FAIL(stop->err, stop->out);
    return std::get<ctl::Arguments>(result);
}

v1::Request request(const Words& words) {
    return std::get<v1::Request>(parsed(words).command);
}

ctl::Stop stopped(const Words& words) {
    const auto result = ctl::parse_arguments(words, {});
    REQUIRE(std::holds_alternative<ctl::Stop>(result));
    return std::get<ctl::Stop>(result);
}

}  // namespace

TEST_CASE("every command becomes its request") {
    CHECK(request({"status"}).has_get_status());
    CHECK(request({"connections"}).list_connections().connection().empty());
    CHECK(request({"connections", "x"}).list_connections().connection() == "x");
    CHECK(request({"subscriptions", "x"}).list_subscriptions().connection() == "x");
    CHECK_FALSE(request({"reconnect", "x"}).reconnect().hard());
    CHECK(request({"reconnect", "x", "--hard"}).reconnect().hard());
    CHECK(request({"remove", "x"}).remove_connection().connection() == "x");
    CHECK(request({"pause", "x"}).pause().connection() == "x");
    CHECK(request({"resume", "x"}).resume().connection() == "x");
    CHECK(request({"subscribe", "x", "a", "b"}).subscribe().channels_size() == 2);
    CHECK(request({"unsubscribe", "x", "a"}).unsubscribe().channels(0) == "a");
    CHECK(request({"send", "x", "{\"op\":1}"}).send().payload() == "{\"op\":1}");
    CHECK_FALSE(request({"send", "x", "a"}).send().binary());
    CHECK(std::get<ctl::SendFile>(parsed({"send", "x", "--binary", "-"}).command).path == "-");
}

TEST_CASE("add takes subscriptions and settings") {
    const auto add = request({"add", "x", "--url", "ws://h/", "--profile", "p", "--subscription", "a", "--subscription",
                              "[\"b\",\"c\"]", "--set", "stale_after=10s", "--set", "legs=2"})
                         .add_connection();
    CHECK(add.connection() == "x");
    CHECK(add.url() == "ws://h/");
    CHECK(add.profile() == "p");
    REQUIRE(add.subscriptions_size() == 2);
    CHECK(add.subscriptions(1) == "[\"b\",\"c\"]");
    CHECK(add.options() == "stale_after = \"10s\"\nlegs = 2\n");
}

TEST_CASE("a JSON array stays one word") {
    CHECK(request({"send", "x", "[1,2]"}).send().payload() == "[1,2]");
    const auto subscribe = request({"subscribe", "x", "[\"a\",1]", "b"}).subscribe();
    REQUIRE(subscribe.channels_size() == 2);
    CHECK(subscribe.channels(0) == "[\"a\",1]");
}

TEST_CASE("options of the program stand before or behind the command") {
    CHECK(parsed({"--control", "ipc://c", "--json", "status"}).control == "ipc://c");
    const auto behind = parsed({"status", "--control", "ipc://c", "--stream", "ipc://s", "--json", "--timeout", "0.5"});
    CHECK(behind.control == "ipc://c");
    CHECK(behind.stream == "ipc://s");
    CHECK(behind.json);
    CHECK(behind.timeout == std::chrono::milliseconds{500});
    const auto defaults = ctl::parse_arguments({"status"}, {.control = "ipc://from-environment"});
    CHECK(std::get<ctl::Arguments>(defaults).control == "ipc://from-environment");
}

TEST_CASE("wrong arguments are a usage error, help is not") {
    for (const Words& words : std::vector<Words>{{},
                                                 {"nonsense"},
                                                 {"reconnect"},
                                                 {"add", "x"},
                                                 {"add", "x", "--url", "u", "--set", "no-value"},
                                                 {"subscribe", "x"},
                                                 {"send", "x"},
                                                 {"send", "x", "text", "--binary", "file"},
                                                 {"tap", "--json"},
                                                 {"--timeout", "0", "status"},
                                                 {"status", "--nonsense"}}) {
        const auto stop = stopped(words);
        CHECK(stop.exit_code == ctl::kUsage);
        CHECK_FALSE(stop.err.empty());
    }
    for (const Words& words : std::vector<Words>{{"--help"}, {"add", "--help"}, {"tap", "-h"}}) {
        const auto stop = stopped(words);
        CHECK(stop.exit_code == ctl::kOk);
        CHECK_FALSE(stop.out.empty());
    }
}

TEST_CASE("a setting becomes a line of TOML") {
    CHECK(ctl::toml_line("stale_after=10s") == "stale_after = \"10s\"");
    CHECK(ctl::toml_line("network.jitter_factor=0.2") == "network.jitter_factor = 0.2");
    CHECK(ctl::toml_line("last_value=true") == "last_value = true");
    CHECK(ctl::toml_line("channel=[\"/a\",\"/b\"]") == "channel = [\"/a\",\"/b\"]");
    CHECK(ctl::toml_line("a=\"x\"") == "a = \"x\"");
    CHECK(ctl::toml_line("a=x\"y\\\n") == "a = \"x\\\"y\\\\\\u000a\"");
    CHECK(ctl::toml_line("a=b=c") == "a = \"b=c\"");
    CHECK(ctl::toml_line("a=infinity") == "a = \"infinity\"");
    CHECK(ctl::toml_line("a=") == "a = \"\"");
    CHECK_FALSE(ctl::toml_line("a").has_value());
    CHECK_FALSE(ctl::toml_line("=a").has_value());
}

TEST_CASE("tap takes a lone connection for its data topics") {
    const auto tap = [](const Words& words) { return std::get<ctl::Tap>(parsed(words).command); };
    CHECK(tap({"tap"}).prefix == "data/");
    CHECK(tap({"tap", "x/"}).prefix == "data/x/");
    CHECK(tap({"tap", "data/x/"}).prefix == "data/x/");
    CHECK(tap({"tap", "state"}).prefix == "state");
    CHECK(tap({"tap", "--raw", "--count", "3"}).raw);
    CHECK(tap({"tap", "--raw", "--count", "3"}).count == 3);
}

TEST_CASE("payloads stay on one line and do not steer the terminal") {
    CHECK(ctl::printable("plain é 日本", false, 100) == "plain é 日本");
    CHECK(ctl::printable("a\nb\tc\\\r", false, 100) == "a\\nb\\tc\\\\\\r");
    CHECK(ctl::printable("\x1b[31m\x7f", false, 100) == "\\x1b[31m\\x7f");
    CHECK(ctl::printable("\xc2\x9b", false, 100) == "\\xc2\\x9b");
    CHECK(ctl::printable("\xff\xc0\xaf\xed\xa0\x80", false, 100) == "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
    CHECK(ctl::printable("\xe6\x97", false, 100) == "\\xe6\\x97");
    CHECK(ctl::printable("abcdef", false, 3) == "abc...");
    CHECK(ctl::printable("abc", false, 3) == "abc");
    CHECK(ctl::printable("a日b", false, 2) == "a日...");
    CHECK(ctl::printable(std::string_view("\0\xff", 2), true, 100) == "00ff");
    CHECK(ctl::printable("abc", true, 4) == "6162...");
    CHECK(ctl::printable("", false, 3).empty());
}

TEST_CASE("times, durations and names") {
    CHECK(ctl::clock_time(kTime) == "00:00:01.000042");
    CHECK(ctl::clock_time(0) == "-");
    CHECK(ctl::date_time(kTime) == "2025-01-01T00:00:01Z");
    CHECK(ctl::duration_ms(850) == "850ms");
    CHECK(ctl::duration_ms(1'500) == "1.5s");
    CHECK(ctl::duration_ms(123'000) == "2m03s");
    CHECK(ctl::duration_ms(5 * 3'600'000) == "5h00m");
    CHECK(ctl::duration_ms(76 * 3'600'000) == "3d04h");
    CHECK(ctl::cause(v1::CAUSE_PEER_CLOSED) == "peer_closed");
    CHECK(ctl::cause(v1::CAUSE_UNSPECIFIED) == "-");
    CHECK(ctl::cause(static_cast<v1::Cause>(99)) == "99");
    CHECK(ctl::table({{"A", "LONG"}, {"long", "x"}}) == "A     LONG\nlong  x\n");
}

TEST_CASE("replies for people and for programs") {
    v1::Reply reply;
    reply.set_code(v1::CODE_OK);
    reply.set_message("done");
    CHECK(ctl::render_text(reply) == "done\n");
    auto& connection = *reply.mutable_connections()->add_connections();
    connection.set_id("x");
    connection.set_status(v1::CONNECTION_STATE_RECONNECTING);
    connection.set_retry_in_ms(1500);
    const std::string text = ctl::render_text(reply);
    CHECK(text.find("reconnecting (in 1.5s)") != std::string::npos);
    const std::string json = ctl::render_json(reply);
    CHECK(json.find("\"retry_in_ms\":\"1500\"") != std::string::npos);
    CHECK(json.find("\"paused\":false") != std::string::npos);
    CHECK(json.find('\n') == json.size() - 1);
    reply.mutable_connections()->clear_connections();
    CHECK(ctl::render_text(reply) == "no connections\n");
}

TEST_CASE("tap says in plain words what happened") {
    CHECK(ctl::describe(
              client::Message{.topic = "data/x/a/", .payload = "{}", .sequence = 7, .receive_time_ns = kTime}) ==
          "00:00:01.000042 data/x/a/ #7 2B {}");
    client::Gap gap{.topic = "data/x/a/", .connection = "x", .channel = "a", .detail = "bye"};
    gap.to_ns = kTime;
    gap.from_ns = kTime;
    gap.cause = client::GapCause::Upstream;
    gap.reason = v1::CAUSE_PEER_CLOSED;
    CHECK(ctl::describe(gap) ==
          "00:00:01.000042 gap on data/x/a/: the connection to the venue was away from "
          "00:00:01.000042 on (peer_closed: bye)");
    gap.cause = client::GapCause::Consumer;
    gap.first_sequence = 3;
    gap.last_sequence = 5;
    gap.count = 3;
    CHECK(ctl::describe(gap) == "00:00:01.000042 gap on data/x/a/: lost on the way to here: #3 to #5 (3 messages)");
    gap.cause = client::GapCause::Relay;
    CHECK(ctl::describe(gap) == "00:00:01.000042 gap on data/x/a/: fairlead had to drop 3 messages: bye");
    v1::ConnectionEvent event;
    event.set_state(v1::CONNECTION_STATE_DISCONNECTED);
    event.set_cause(v1::CAUSE_PEER_CLOSED);
    event.set_close_code(1001);
    CHECK(ctl::describe(client::ConnectionChange{"state/x/", "x", "", event, kTime, 1}) ==
          "00:00:01.000042 x disconnected (peer_closed), close code 1001");
    event.set_state(v1::CONNECTION_STATE_CONNECTED);
    event.set_endpoint("127.0.0.1:1");
    event.set_reconnect_latency_ms(1500);
    CHECK(ctl::describe(client::ConnectionChange{"state/x/", "x", "", event, kTime, 1}) ==
          "00:00:01.000042 x connected to 127.0.0.1:1 after 1.5s");
    CHECK(ctl::describe(client::End{"state/x/", "x", v1::END_CODE_SHUTDOWN}) == "x ends: the sidecar is shutting down");
}
