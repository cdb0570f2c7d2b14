// RFC 6455 over real sockets: what a venue sends behind its answer to the upgrade, and what both transports make of it.
// Where libwebsockets' own role differs, the tables have a column for it.
#include "protocol_cases.hpp"
#include "transport_stage.hpp"
#include "upgrade_server.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

using namespace fairlead;
using core::Cause;
using support::Lws;
using support::Native;
using support::ProtocolCase;
using support::ProtocolCases;
using support::Stage;
using support::Told;
using support::UpgradeServer;

namespace {

constexpr int kNoAnswer = -1;

struct Ending {
    Cause cause = Cause::PeerClosed;
    std::uint16_t close_code = 0;  // as told
    int answer = 0;                // the code of the close frame that the venue gets; 0 = none in it
};

std::uint16_t number_at(const std::string& text, std::size_t place) {
    return static_cast<std::uint16_t>(std::stoi(text.substr(place)));
}

bool is_end(const std::string& told) {
    return told.starts_with("close ") || told.starts_with("fail ");
}

Ending ending_of(const std::string& told) {
    constexpr std::string_view kClose = "close ";
    constexpr std::string_view kFail = "fail ";
    constexpr std::string_view kAnswer = " -> ";
    constexpr std::string_view kCode = " for ";
    if (told.starts_with(kClose))
        return {Cause::PeerClosed, number_at(told, kClose.size()),
                number_at(told, told.rfind(kAnswer) + kAnswer.size())};
    if (told == support::kFailsSilently.front()) return {Cause::ProtocolError, 0, kNoAnswer};
    const auto answer = number_at(told, kFail.size());
    const auto code = told.find(kCode);
    return {answer == 1009 ? Cause::MessageTooBig : Cause::ProtocolError,
            code == std::string::npos ? std::uint16_t{0} : number_at(told, code + kCode.size()), answer};
}

struct Listener final : seam::LinkHandler {
    void on_open(const seam::OpenInfo&) override { opened = true; }
    void on_message(const seam::InboundMessage& message) override {
        told.push_back((message.binary ? "binary:" : "text:") + std::string(message.bytes));
    }
    void on_pong(std::string_view payload) override { told.push_back("pong:" + std::string(payload)); }
    void on_drained() override {}
    void on_end(const seam::EndInfo& info) override {
        end = info;
        link.reset();
    }

    std::unique_ptr<seam::Link> link;
    bool opened = false;
    Told told;
    std::optional<seam::EndInfo> end;
};

std::optional<std::string> last_pong(const UpgradeServer& server) {
    std::optional<std::string> last;
    for (const auto& frame : server.frames())
        if (frame.opcode == simulator::Opcode::Pong) last = frame.payload;
    return last;
}

void check(Stage& stage, const ProtocolCase& row) {
    CAPTURE(row.name);
    auto expected = stage.protocol == seam::Protocol::Lws && row.lws ? *row.lws : row.told;
    const bool has_end = !expected.empty() && is_end(expected.back());
    if (!has_end) expected.emplace_back("close 1000  -> 1000");
    const auto ending = ending_of(expected.back());
    expected.pop_back();
    std::optional<std::string> last_ping;
    std::erase_if(expected, [&last_ping](const std::string& told) {
        if (!told.starts_with("ping:")) return false;
        last_ping = told.substr(5);
        return true;
    });

    UpgradeServer server(has_end ? row.bytes : row.bytes + support::close_frame(1000));
    auto request = stage.request(server.url());
    request.max_message_bytes = support::kMessageLimit;
    Listener listener;
    listener.link = stage.transport.open(request, listener);
    REQUIRE(stage.until([&] { return listener.end.has_value(); }));
    CHECK(listener.opened);
    CHECK(listener.told == expected);
    CHECK(listener.end->cause == ending.cause);
    CHECK(listener.end->close_code == ending.close_code);
    CHECK_FALSE(listener.end->detail.empty());
    CHECK(stage.until_elsewhere([&] { return server.client_gone() || server.close_code() != kNoAnswer; }));
    CHECK(server.close_code() == ending.answer);
    // libwebsockets' own role answers no ping behind which a close frame has come.
    if (stage.protocol == seam::Protocol::Native) CHECK(last_pong(server) == last_ping);
}

void check(seam::Protocol protocol, const ProtocolCases& cases) {
    Stage stage(protocol);
    for (const auto& row : cases)
        check(stage, row);
}

}  // namespace

TEST_CASE_TEMPLATE("messages of every size", Used, Native, Lws) {
    check(Used::kProtocol, support::message_cases());
}

TEST_CASE_TEMPLATE("forms of a length", Used, Native, Lws) {
    check(Used::kProtocol, support::length_cases());
}

TEST_CASE_TEMPLATE("messages at the limit and above", Used, Native, Lws) {
    check(Used::kProtocol, support::limit_cases());
}

TEST_CASE_TEMPLATE("every opcode and reserved bit", Used, Native, Lws) {
    check(Used::kProtocol, support::opcode_cases());
}

TEST_CASE_TEMPLATE("masked frames", Used, Native, Lws) {
    check(Used::kProtocol, support::mask_cases());
}

TEST_CASE_TEMPLATE("fragments, with control frames between them", Used, Native, Lws) {
    check(Used::kProtocol, support::fragment_cases());
}

TEST_CASE_TEMPLATE("control frames", Used, Native, Lws) {
    check(Used::kProtocol, support::control_cases());
}

TEST_CASE_TEMPLATE("close frames, and every kind of code", Used, Native, Lws) {
    check(Used::kProtocol, support::close_cases());
    check(Used::kProtocol, support::close_code_cases());
}

TEST_CASE_TEMPLATE("text and reasons in UTF-8, and what is none", Used, Native, Lws) {
    check(Used::kProtocol, support::utf8_cases());
}
