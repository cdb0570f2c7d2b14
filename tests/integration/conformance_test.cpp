// RFC 6455 over real sockets: what a venue sends behind its answer to the upgrade, and what both transports make of it.
// Where libwebsockets' own role differs, its column says so.
#include "transport_stage.hpp"
#include "upgrade_server.hpp"
#include "websocket_frames.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace fairlead;
using namespace std::string_literals;
using core::Cause;
using support::big_endian;
using support::Client;
using support::close_frame;
using support::frame;
using support::head;
using support::Lws;
using support::Native;
using support::Stage;
using support::text_frame;
using support::UpgradeServer;

namespace {

struct Outcome {
    std::vector<std::string> messages;
    Cause cause = Cause::ProtocolError;
    std::uint16_t close_code = 0;  // as told
    int answer = 1002;             // the code of the close frame that the venue gets; 0 = none in it
};

struct Row {
    std::string name;
    std::string bytes;
    Outcome native;
    std::optional<Outcome> lws{};  // only where it differs
};

Outcome closed(std::uint16_t code, int answer) {
    return {.messages = {}, .cause = Cause::PeerClosed, .close_code = code, .answer = answer};
}

const Outcome kRefused{.messages = {}};
const Outcome kNotUtf8{.messages = {}, .answer = 1007};
const Outcome kTooBig{.messages = {}, .cause = Cause::MessageTooBig, .answer = 1009};
// What libwebsockets' role does instead: it ends the socket without a word, or takes what is wrong.
constexpr int kNoAnswer = -1;
const Outcome kSilent{.messages = {}, .answer = kNoAnswer};
const Outcome kAccepted{.messages = {"Hello"}, .cause = Cause::PeerClosed, .close_code = 1000, .answer = 1000};

std::vector<Row> rows() {
    return {
        {"messages, then a close",
         text_frame("a") + frame(0x82, "b") + close_frame(1000),
         {{"a", "b"}, Cause::PeerClosed, 1000, 1000}},
        {"fragments with a ping between",
         frame(0x01, "Hel") + frame(0x89, "?") + frame(0x00, "") + frame(0x80, "lo") + close_frame(1000),
         {{"Hello"}, Cause::PeerClosed, 1000, 1000}},
        {"a reserved bit",
         text_frame("a") + frame(0xc1, "b"),
         {{"a"}},
         Outcome{{"a"}, Cause::ProtocolError, 0, kNoAnswer}},
        {"an unknown opcode", frame(0x83, ""), kRefused, kSilent},
        {"an unknown control opcode", frame(0x8b, ""), kRefused, kSilent},
        {"a masked frame", "\x81\x85\x00\x00\x00\x00Hello"s + close_frame(1000), kRefused, kAccepted},
        {"a length not in its shortest form", head(0x81, 5, 2) + "Hello" + close_frame(1000), kRefused, kAccepted},
        {"a length with its highest bit", head(0x82, ~std::uint64_t{0}, 8), kRefused, kSilent},
        {"a message above the limit", head(0x82, (std::uint64_t{1} << 20) + 1, 8) + std::string(70'000, 'x'), kTooBig},
        {"16 MiB announced", head(0x82, std::uint64_t{16} << 20, 8) + std::string(70'000, 'x'), kTooBig},
        {"a continuation of nothing", frame(0x80, "x"), kRefused, kSilent},
        {"a new message inside another", frame(0x01, "a") + text_frame("b"), kRefused, kSilent},
        {"a ping of 126 bytes", frame(0x89, std::string(126, 'x')), kRefused, kSilent},
        {"a ping in fragments", frame(0x09, "x"), kRefused, kSilent},
        {"text that is not UTF-8", text_frame("a\xff"), kNotUtf8},
        {"text that ends inside a character", text_frame("\xe2\x82"), kNotUtf8},
        {"a character across fragments",
         frame(0x01, "\xe2") + frame(0x80, "\x82\xac") + close_frame(1000),
         {{"\xe2\x82\xac"}, Cause::PeerClosed, 1000, 1000}},
        {"a close without a code", frame(0x88, ""), closed(0, 0)},
        {"half a close code", frame(0x88, "\x03"), kRefused, closed(0, 0)},
        {"a close reason that is not UTF-8", close_frame(1001, "\xff"), closed(1001, 1007), closed(1001, 1001)},
        {"after a close nothing counts", close_frame(1001) + text_frame("late"), closed(1001, 1001)},
    };
}

// libwebsockets' role tells 1002 for every code that it does not know, and takes those above 4999.
std::vector<Row> close_codes() {
    std::vector<Row> rows;
    for (const std::uint16_t code : {1000, 1001, 1003, 1008, 1011, 3000, 4999})
        rows.push_back({"close " + std::to_string(code), close_frame(code, "why"), closed(code, code)});
    for (const std::uint16_t code : {1012, 1013, 1014})
        rows.push_back(
            {"close " + std::to_string(code), close_frame(code, "why"), closed(code, code), closed(1002, 1002)});
    for (const std::uint16_t code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
        const Outcome refused{.messages = {}, .close_code = code};
        const auto taken = code >= 5000 ? closed(code, code) : closed(1002, 1002);
        rows.push_back({"close " + std::to_string(code), close_frame(code, "why"), refused, taken});
    }
    return rows;
}

void check(const Row& row, seam::Protocol protocol) {
    CAPTURE(row.name);
    const auto& expected = protocol == seam::Protocol::Lws && row.lws ? *row.lws : row.native;
    UpgradeServer server(row.bytes);
    Stage stage(protocol);
    Client client;
    stage.open(client, server.url());
    REQUIRE(stage.until([&] { return client.end.has_value(); }));
    CHECK(client.opened);
    CHECK(client.messages == expected.messages);
    CHECK(client.end->cause == expected.cause);
    CHECK(client.end->close_code == expected.close_code);
    CHECK_FALSE(client.end->detail.empty());
    CHECK(stage.until_elsewhere([&] { return server.client_gone() || server.close_code() != kNoAnswer; }));
    CHECK(server.close_code() == expected.answer);
}

}  // namespace

TEST_CASE_TEMPLATE("what a venue may and may not send", Used, Native, Lws) {
    for (const auto& row : rows())
        check(row, Used::kProtocol);
}

TEST_CASE_TEMPLATE("close codes are told as they are, and those that may not be sent are a violation", Used, Native,
                   Lws) {
    for (const auto& row : close_codes())
        check(row, Used::kProtocol);
}
