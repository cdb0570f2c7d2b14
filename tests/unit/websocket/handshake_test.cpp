#include "websocket/handshake.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace fairlead::websocket;

constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

UpgradeAnswer good() {
    return {.upgrade = "websocket", .connection = "Upgrade", .accept = std::string(kAccept)};
}

// Empty = accepted.
std::string problem(const UpgradeRequest& request, const UpgradeAnswer& answer) {
    const auto checked = check_answer(request, answer, kAccept);
    const auto* text = std::get_if<std::string>(&checked);
    return text ? *text : std::string();
}

std::optional<Compression> agreed(std::string_view answer) {
    const auto read = read_extensions(answer, true);
    REQUIRE_MESSAGE(std::holds_alternative<std::optional<Compression>>(read), answer);
    return std::get<std::optional<Compression>>(read);
}

bool is_refused(std::string_view answer, bool offered = true) {
    return std::holds_alternative<std::string>(read_extensions(answer, offered));
}

}  // namespace

TEST_CASE("a request asks for the version 13, and for the rest only if it is wanted") {
    const auto plain = upgrade_fields({.key = "KEY", .subprotocol = ""});
    CHECK(plain == std::vector<std::pair<std::string, std::string>>{{"Upgrade", "websocket"},
                                                                    {"Connection", "Upgrade"},
                                                                    {"Sec-WebSocket-Key", "KEY"},
                                                                    {"Sec-WebSocket-Version", "13"}});
    const auto full = upgrade_fields({.key = "KEY", .subprotocol = "a, b", .compression = true});
    REQUIRE(full.size() == 6);
    CHECK(full[4] == std::pair<std::string, std::string>("Sec-WebSocket-Protocol", "a, b"));
    CHECK(full[5].second == kCompressionOffer);
}

TEST_CASE("an answer is a yes only with everything that RFC 6455 4.1 wants") {
    const UpgradeRequest request{.key = "KEY", .subprotocol = ""};
    CHECK(problem(request, good()) == "");
    auto answer = good();
    answer.upgrade = " WebSocket";
    answer.connection = "keep-alive, UPGRADE";
    answer.accept += " ";
    CHECK(problem(request, answer) == "");
    for (const auto* upgrade : {"", "h2c", "websocket, h2c", "websocketx"}) {
        answer = good();
        answer.upgrade = upgrade;
        CHECK(problem(request, answer).find("Upgrade is not") == 0);
    }
    for (const auto* connection : {"", "close", "upgraded", "up grade", "keep-alive"}) {
        answer = good();
        answer.connection = connection;
        CHECK(problem(request, answer).find("Connection") == 0);
    }
    for (const auto* accept :
         {"", "AAAA", "S3PPLMBITXAQ9KYGZZHZRBK+XOO=", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=,s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}) {
        answer = good();
        answer.accept = accept;
        CHECK(problem(request, answer).find("Sec-WebSocket-Accept") == 0);
    }
}

TEST_CASE("a subprotocol must be one of those offered, to the letter") {
    const auto with = [](const char* offered, const char* chosen) {
        auto answer = good();
        answer.subprotocol = chosen;
        return problem({.key = "KEY", .subprotocol = offered}, answer);
    };
    CHECK(with("", "") == "");
    CHECK(with("a, b", "a") == "");
    CHECK(with("a,b", " b ") == "");
    CHECK(with("a", "") == "");  // the venue speaks none of them: that is its right
    CHECK(with("", "a") != "");
    CHECK(with("a, b", "c") != "");
    CHECK(with("a, b", "A") != "");
    CHECK(with("a, b", "a, b") != "");
    CHECK(with("abc", "ab") != "");
}

TEST_CASE("permessage-deflate is agreed on with the parameters of RFC 7692") {
    CHECK_FALSE(agreed(""));
    CHECK_FALSE(agreed("  "));
    CHECK(agreed("permessage-deflate").has_value());
    CHECK_FALSE(agreed("permessage-deflate")->server_forgets);
    CHECK(agreed("permessage-deflate; server_no_context_takeover")->server_forgets);
    CHECK(agreed("permessage-deflate;client_no_context_takeover;server_no_context_takeover")->server_forgets);
    CHECK_FALSE(agreed("permessage-deflate; client_no_context_takeover")->server_forgets);
    for (int bits = 8; bits <= 15; ++bits) {
        for (const auto* name : {"server", "client"}) {
            const auto parameter = std::string("permessage-deflate; ") + name + "_max_window_bits";
            CHECK(agreed(parameter + "=" + std::to_string(bits)).has_value());
            CHECK(agreed(parameter + " = \"" + std::to_string(bits) + "\"").has_value());
        }
    }
}

TEST_CASE("any other answer about extensions fails the handshake") {
    for (const auto* answer : {
             "x-webkit-deflate-frame",
             "permessage-bzip2",
             "Permessage-Deflate",
             "permessage-deflate, permessage-deflate",
             "permessage-deflate,",
             "permessage-deflate;",
             "permessage-deflate;; server_no_context_takeover",
             "permessage-deflate; unknown",
             "permessage-deflate; server_no_context_takeover=1",
             "permessage-deflate; client_no_context_takeover=",
             "permessage-deflate; server_max_window_bits",
             "permessage-deflate; client_max_window_bits",
             "permessage-deflate; server_max_window_bits=",
             "permessage-deflate; server_max_window_bits=7",
             "permessage-deflate; server_max_window_bits=16",
             "permessage-deflate; server_max_window_bits=08",
             "permessage-deflate; server_max_window_bits=+9",
             "permessage-deflate; server_max_window_bits=1",
             "permessage-deflate; server_max_window_bits=\"15",
             "permessage-deflate; server_max_window_bits=150",
             "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
             "permessage-deflate; server_max_window_bits=15; server_max_window_bits=15",
             "; permessage-deflate",
         })
        CHECK_MESSAGE(is_refused(answer), answer);
    CHECK(is_refused("permessage-deflate", false));
    auto answer = good();
    answer.extensions = "permessage-deflate";
    CHECK(problem({.key = "KEY", .subprotocol = "", .compression = false}, answer) ==
          "Sec-WebSocket-Extensions has an extension that was not offered");
}
