#include "ctl/arguments.hpp"
#include "ctl/recovery.hpp"
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
    CHECK(request({"rotate", "x"}).rotate().connection() == "x");
    CHECK(request({"gaps"}).list_gaps().connection().empty());
    CHECK(request({"gaps", "x"}).list_gaps().connection() == "x");
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
                                                 {"rotate"},
                                                 {"replay"},
                                                 {"replay", "x/a/", "--from", "-1"},
                                                 {"replay", "x/a/", "--from", "7", "--to", "6"},
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

TEST_CASE("tap fetches again from the control socket that was given, else from where the sidecar says") {
    const auto options = [](const Words& words, const ctl::Arguments& environment) {
        const auto arguments = std::get<ctl::Arguments>(ctl::parse_arguments(words, environment));
        return ctl::tap_options(arguments, std::get<ctl::Tap>(arguments.command));
    };
    const auto plain = options({"tap", "x/", "--stream", "ipc://s"}, {});
    CHECK(plain.endpoints == Words{"ipc://s"});
    CHECK(plain.prefixes == Words{"data/x/"});
    CHECK(plain.control_endpoint.empty());
    CHECK(options({"tap", "--control", "ipc://c"}, {}).control_endpoint == "ipc://c");
    CHECK(options({"--control", ctl::Arguments().control, "tap"}, {}).control_endpoint == ctl::Arguments().control);
    const ctl::Arguments environment{.control = "ipc://e", .control_given = true};
    CHECK(options({"tap"}, environment).control_endpoint == "ipc://e");
    CHECK(options({"tap", "--control", "ipc://c"}, environment).control_endpoint == "ipc://c");
}

TEST_CASE("replay takes one topic, snapshot a prefix") {
    const auto replay = std::get<ctl::Replay>(parsed({"replay", "x/a", "--from", "5", "--to", "9"}).command);
    CHECK(replay.topic == "data/x/a/");
    CHECK(replay.from == 5);
    CHECK(replay.to == 9);
    CHECK(std::get<ctl::Replay>(parsed({"replay", "state/x/"}).command).topic == "state/x/");
    CHECK(std::get<ctl::Replay>(parsed({"replay", "x/a/", "--from", "5"}).command).to == 0);
    CHECK(std::get<ctl::Snapshot>(parsed({"snapshot"}).command).prefix.empty());
    CHECK(std::get<ctl::Snapshot>(parsed({"snapshot", "x/"}).command).prefix == "data/x/");
    CHECK(parsed({"snapshot", "--json"}).json);
}

namespace {

v1::StreamMessage stream_message(v1::Kind kind, const std::string& payload, std::uint32_t flags = v1::FLAG_REPLAYED) {
    v1::Header header;
    header.set_kind(kind);
    header.set_flags(flags);
    header.set_sequence(7);
    header.set_receive_time_ns(kTime);
    v1::StreamMessage message;
    message.set_head(std::string("data/x/a/") + '\0' + header.SerializeAsString());
    message.set_payload(payload);
    return message;
}

}  // namespace

TEST_CASE("the past is told like the present") {
    CHECK(ctl::describe(stream_message(v1::KIND_DATA, "{}")) == "00:00:01.000042 data/x/a/ #7 2B {}");
    const auto binary = stream_message(v1::KIND_DATA, "{}", v1::FLAG_REPLAYED | v1::FLAG_BINARY);
    CHECK(ctl::describe(binary) == "00:00:01.000042 data/x/a/ #7 2B 7b7d");
    v1::ConnectionEvent event;
    event.set_state(v1::CONNECTION_STATE_RECONNECTING);
    event.set_cause(v1::CAUSE_STALE);
    event.set_detail("silent");
    CHECK(ctl::describe(stream_message(v1::KIND_STATE, event.SerializeAsString())) ==
          "# 00:00:01.000042 data/x/a/ #7 reconnecting (stale): silent");
    v1::Gap gap;
    gap.set_cause(v1::GAP_CAUSE_UPSTREAM);
    gap.set_from_ns(kTime);
    gap.set_to_ns(kTime);
    gap.set_reason(v1::CAUSE_PEER_CLOSED);
    gap.set_detail("bye");
    gap.set_count(3);
    CHECK(ctl::describe(stream_message(v1::KIND_GAP, gap.SerializeAsString())) ==
          "# 00:00:01.000042 data/x/a/ #7 gap: the connection to the venue was away from 00:00:01.000042 to "
          "00:00:01.000042 (peer_closed: bye); 3 messages");
    gap.set_cause(v1::GAP_CAUSE_RELAY);
    CHECK(ctl::gap_text(gap) == "gap: relay (peer_closed: bye); 3 messages");
    CHECK(ctl::describe(stream_message(static_cast<v1::Kind>(99), "")) ==
          "# 00:00:01.000042 data/x/a/ #7 of a kind that this version does not know");
    CHECK(ctl::describe(v1::StreamMessage()) == "# a message that is not of the contract");

    v1::TopicSnapshot topic;
    topic.set_topic("data/x/a/");
    topic.set_next_sequence(8);
    CHECK(ctl::describe(topic) == "# data/x/a/ next is #8, nothing is held");
    topic.set_oldest_sequence(3);
    CHECK(ctl::describe(topic) == "# data/x/a/ next is #8, held from #3 on");
}

TEST_CASE("a replay that is not whole says why") {
    v1::ReplayResult result;
    result.set_code(v1::END_CODE_OK);
    CHECK(ctl::incomplete(result).empty());
    result.set_code(v1::END_CODE_TRUNCATED);
    CHECK(ctl::incomplete(result) == "truncated: nothing of this topic is held any more");
    result.set_oldest_sequence(5);
    CHECK(ctl::incomplete(result) == "truncated: what came before #5 is not held any more");
    result.set_code(v1::END_CODE_EPOCH_CHANGED);
    CHECK_FALSE(ctl::incomplete(result).empty());
}

TEST_CASE("gaps for people") {
    v1::Reply reply;
    reply.set_code(v1::CODE_OK);
    reply.mutable_gaps();
    CHECK(ctl::render_text(reply) == "no gaps\n");
    auto& record = *reply.mutable_gaps()->add_gaps();
    record.set_topic("data/x/a/");
    record.set_sequence(7);
    record.mutable_gap()->set_cause(v1::GAP_CAUSE_UPSTREAM);
    record.mutable_gap()->set_to_ns(kTime);
    record.mutable_gap()->set_reason(v1::CAUSE_STALE);
    reply.mutable_gaps()->set_forgotten(2);
    reply.set_message("the newest 1 of 3");
    CHECK(ctl::render_text(reply) ==
          "TOPIC      NUMBER  FROM  TO                    LOST  CAUSE     WHY\n"
          "data/x/a/  7       -     2025-01-01T00:00:01Z  ?     upstream  stale\n"
          "# 2 older ones are forgotten\n# the newest 1 of 3\n");
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
    gap.outcome = client::Outcome::Recovered;
    CHECK(ctl::describe(gap) ==
          "00:00:01.000042 gap on data/x/a/: lost on the way to here and fetched again: #3 to #5 (3 messages)");
    gap.outcome = client::Outcome::Lost;
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
