#include "ctl/top_view.hpp"

#include <doctest/doctest.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;

namespace {

v1::ConnectionStatus& add(ctl::Look& look, const std::string& id, std::uint64_t messages, std::uint64_t bytes) {
    auto& connection = *look.connections.add_connections();
    connection.set_id(id);
    connection.set_status(v1::CONNECTION_STATE_CONNECTED);
    connection.set_ready(true);
    connection.set_messages(messages);
    connection.set_bytes(bytes);
    return connection;
}

std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> list;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = text.find('\n', begin);
        REQUIRE(end != std::string::npos);  // every line ends in one
        list.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return list;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

struct Pair {
    Pair() {
        now.time = before.time + 2s;
        for (auto* look : {&before, &now})
            look->status.set_epoch(7);
    }
    ctl::Look before;
    ctl::Look now;
};

}  // namespace

TEST_CASE("rates are what has come between two looks, by the time between them") {
    Pair pair;
    add(pair.before, "a", 100, 1'000);
    add(pair.now, "a", 700, 5'000);
    const auto row = lines(ctl::top_text(&pair.before, pair.now, {})).back();
    CHECK(has(row, "300"));
    CHECK(has(row, "2.0k"));
    CHECK(has(lines(ctl::top_text(&pair.before, pair.now, {}))[1], "300 msg/s, 2.0k bytes/s"));
}

TEST_CASE("without a look before, after a restart, or of a connection made anew there is no rate") {
    Pair pair;
    add(pair.before, "a", 100, 1'000);
    add(pair.now, "a", 50, 500);
    add(pair.now, "new", 50, 500);
    for (const ctl::Look* before : std::vector<const ctl::Look*>{&pair.before, nullptr}) {
        const auto text = ctl::top_text(before, pair.now, {});
        CHECK(has(lines(text)[1], "- msg/s, - bytes/s"));
    }
    pair.now.connections.clear_connections();
    add(pair.now, "a", 700, 5'000);
    pair.now.status.set_epoch(8);
    CHECK(has(lines(ctl::top_text(&pair.before, pair.now, {}))[1], "- msg/s"));
}

TEST_CASE("a connection tells its state, its sockets, its gaps and why it last ended") {
    Pair pair;
    auto& up = add(pair.now, "up", 1, 1);
    up.set_uptime_ms(3'600'000);
    up.set_ping_round_trip_us(1'500);
    up.add_sockets()->set_status(v1::CONNECTION_STATE_CONNECTED);
    up.add_sockets()->set_status(v1::CONNECTION_STATE_RECONNECTING);
    (*up.mutable_gaps_by_cause())["upstream"] = 2;
    (*up.mutable_gaps_by_cause())["relay"] = 3;
    auto& down = add(pair.now, "down", 1, 1);
    down.set_status(v1::CONNECTION_STATE_RECONNECTING);
    down.set_retry_in_ms(2'500);
    down.set_last_cause(v1::CAUSE_PEER_CLOSED);
    down.set_last_detail("bye\x1b[2J");
    add(pair.now, "held", 1, 1).set_paused(true);
    add(pair.now, "quiet", 1, 1).set_stale(true);
    const auto text = lines(ctl::top_text(&pair.before, pair.now, {}));
    REQUIRE(text.size() == 8);
    CHECK(has(text[4], "connected"));
    CHECK(has(text[4], "1.5ms"));
    CHECK(has(text[4], "1h00m"));
    CHECK(has(text[4], "1/2"));
    CHECK(has(text[4], "  5  "));
    CHECK(has(text[5], "reconnecting in 2.5s"));
    CHECK(has(text[5], "peer_closed: bye\\x1b[2J"));
    CHECK(has(text[6], "paused"));
    CHECK(has(text[7], "connected stale"));
}

TEST_CASE("the process line tells what an operator looks for first") {
    Pair pair;
    pair.now.status.set_version("1.2.3");
    pair.now.status.set_connections(4);
    pair.now.status.set_connected(3);
    pair.now.status.set_failed(1);
    pair.now.status.set_consumers(2);
    pair.now.status.set_draining(true);
    pair.now.status.mutable_last_reload()->set_time_ns(1);
    const auto text = lines(ctl::top_text(nullptr, pair.now, {}));
    CHECK(has(text[0], "fairlead 1.2.3"));
    CHECK(has(text[0], "3 of 4 connected, 1 failed, ENDING"));
    CHECK(has(text[1], "2 consumers"));
    CHECK(has(text[1], "LAST RELOAD FAILED"));
    CHECK(text.back() == "no connections");
}

TEST_CASE("the picture fits every terminal") {
    Pair pair;
    for (int i = 0; i < 50; ++i) {
        auto& connection = add(pair.now, "connection_" + std::to_string(i), 1, 1);
        connection.set_last_cause(v1::CAUSE_PEER_CLOSED);
        connection.set_last_detail("sch\xc3\xb6n und gut, und noch viel l\xc3\xa4nger als eine Zeile, aber wahr");
    }
    for (std::size_t columns = 1; columns <= 200; ++columns) {
        for (const std::size_t height : {1U, 4U, 5U, 6U, 24U, 53U, 54U, 55U}) {
            const auto text = lines(ctl::top_text(&pair.before, pair.now, {.columns = columns, .lines = height}));
            CHECK(text.size() <= std::max<std::size_t>(height, 5));
            for (const auto& line : text) {
                const auto shown = std::ranges::count_if(line, [](char c) { return (c & 0xc0) != 0x80; });
                CHECK(static_cast<std::size_t>(shown) <= columns);
            }
        }
    }
    const auto text = lines(ctl::top_text(&pair.before, pair.now, {.columns = 120, .lines = 24}));
    CHECK(text.size() == 24);
    CHECK(text.back() == "and 31 more");
    CHECK(has(ctl::top_text(&pair.before, pair.now, {.columns = 40, .lines = 24}), "connection_0"));
}

TEST_CASE("colours are for terminals, and do not move the columns") {
    Pair pair;
    add(pair.now, "a", 1, 1);
    add(pair.now, "b", 1, 1).set_status(v1::CONNECTION_STATE_FAILED);
    const auto plain = ctl::top_text(nullptr, pair.now, {.columns = 100});
    auto coloured = ctl::top_text(nullptr, pair.now, {.columns = 100, .colours = true});
    CHECK_FALSE(has(plain, "\x1b"));
    CHECK(has(coloured, "\x1b[32mconnected\x1b[0m"));
    CHECK(has(coloured, "\x1b[31mfailed\x1b[0m"));
    for (const std::string code : {"\x1b[0m", "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[33m"}) {
        for (auto at = coloured.find(code); at != std::string::npos; at = coloured.find(code))
            coloured.erase(at, code.size());
    }
    CHECK(coloured == plain);
}

TEST_CASE("as JSON it is one line, with the rates that are known") {
    Pair pair;
    add(pair.before, "a", 0, 0);
    add(pair.now, "a", 3, 9);
    add(pair.now, "new", 3, 9);
    const auto text = ctl::top_json(&pair.before, pair.now);
    CHECK(lines(text).size() == 1);
    CHECK(has(text, R"("rates":{"a":{"messages_per_second":1.500,"bytes_per_second":4.500}}})"));
    google::protobuf::Struct parsed;
    CHECK(google::protobuf::util::JsonStringToMessage(text, &parsed).ok());
    CHECK(parsed.fields().count("status") == 1);
    CHECK(parsed.fields().count("connections") == 1);
}

TEST_CASE("numbers are short") {
    CHECK(ctl::short_number(0) == "0");
    CHECK(ctl::short_number(-1) == "0");
    CHECK(ctl::short_number(0.25) == "0.2");
    CHECK(ctl::short_number(7) == "7");
    CHECK(ctl::short_number(7.5) == "7.5");
    CHECK(ctl::short_number(12.4) == "12");
    CHECK(ctl::short_number(999.4) == "999");
    CHECK(ctl::short_number(999.6) == "1.0k");
    CHECK(ctl::short_number(1'234) == "1.2k");
    CHECK(ctl::short_number(34'500'000) == "34.5M");
    CHECK(ctl::short_number(5e12) == "5000.0G");
}

TEST_CASE("a text is cut between characters") {
    CHECK(ctl::cut("abc", 3) == "abc");
    CHECK(ctl::cut("abcd", 3) == "ab~");
    CHECK(ctl::cut("\xc3\xb6\xc3\xb6\xc3\xb6\xc3\xb6", 3) == "\xc3\xb6\xc3\xb6~");
    CHECK(ctl::cut("abc", 1) == "~");
    CHECK(ctl::cut("abc", 0).empty());
}
