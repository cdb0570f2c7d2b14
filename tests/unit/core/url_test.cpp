#include "core/url.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using fairlead::core::HostPort;
using fairlead::core::parse_host_port;
using fairlead::core::parse_url;
using fairlead::core::Url;

TEST_CASE("a WebSocket URL is taken apart") {
    struct Row {
        std::string text;
        Url expected;
    };
    const std::vector<Row> rows = {
        {"ws://localhost", {false, "localhost", 80, "/", false}},
        {"wss://stream.binance.com", {true, "stream.binance.com", 443, "/", false}},
        {"wss://stream.binance.com:9443/ws", {true, "stream.binance.com", 9443, "/ws", false}},
        {"WSS://Example.com/", {true, "Example.com", 443, "/", false}},
        {"ws://127.0.0.1:9801", {false, "127.0.0.1", 9801, "/", false}},
        {"ws://host?token=a/b@c:d", {false, "host", 80, "/?token=a/b@c:d", false}},
        {"ws://host/p?x=%20y", {false, "host", 80, "/p?x=%20y", false}},
        {"ws://[::1]:9801/x", {false, "::1", 9801, "/x", true}},
        {"wss://[2001:db8::1]", {true, "2001:db8::1", 443, "/", true}},
        {"ws://[::ffff:127.0.0.1]", {false, "::ffff:127.0.0.1", 80, "/", true}},
        {"ws://[1:2:3:4:5:6:7:8]", {false, "1:2:3:4:5:6:7:8", 80, "/", true}},
        {"ws://a_b.c-d.:1", {false, "a_b.c-d.", 1, "/", false}},
        {"ws://host:65535", {false, "host", 65535, "/", false}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto parsed = parse_url(row.text);
        REQUIRE(std::holds_alternative<Url>(parsed));
        CHECK(std::get<Url>(parsed) == row.expected);
    }
}

TEST_CASE("an ill-formed URL is refused with its reason") {
    struct Row {
        std::string text;
        std::string reason;
    };
    const std::vector<Row> rows = {
        {"", "not a URL"},
        {"localhost:9801", "not a URL"},
        {"http://host", "scheme must be"},
        {"://host", "scheme must be"},
        {"ws://", "host is missing"},
        {"ws:///path", "host is missing"},
        {"ws://:80", "host is missing"},
        {"ws://host:", "the port must be"},
        {"ws://host:0", "the port must be"},
        {"ws://host:65536", "the port must be"},
        {"ws://host:99999999999999", "the port must be"},
        {"ws://host:-1", "the port must be"},
        {"ws://host:+1", "the port must be"},
        {"ws://host:80x", "the port must be"},
        {"ws://user:secret@host", "headers.Authorization"},
        {"ws://host/a#b", "no fragment"},
        {"ws://host/a b", "spaces or control"},
        {"ws://ho\nst", "spaces or control"},
        {"ws://host/\x7f", "spaces or control"},
        {"ws://a..b", "not a host name"},
        {"ws://.a", "not a host name"},
        {"ws://h\xc3\xb6st", "not a host name"},
        {"ws://" + std::string(254, 'a'), "not a host name"},
        {"ws://::1", "needs brackets"},
        {"ws://[::1", "no closing bracket"},
        {"ws://[::1]x", "the port must be"},
        {"ws://[]", "not an IPv6 address"},
        {"ws://[1:2:3]", "not an IPv6 address"},
        {"ws://[1::2::3]", "not an IPv6 address"},
        {"ws://[1:2:3:4:5:6:7:8:9]", "not an IPv6 address"},
        {"ws://[1:2:3:4::5:6:7:8]", "not an IPv6 address"},
        {"ws://[12345::]", "not an IPv6 address"},
        {"ws://[g::]", "not an IPv6 address"},
        {"ws://[::256.0.0.1]", "not an IPv6 address"},
        {"ws://[::1.2.3]", "not an IPv6 address"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const auto parsed = parse_url(row.text);
        REQUIRE(std::holds_alternative<std::string>(parsed));
        CHECK(std::get<std::string>(parsed).find(row.reason) != std::string::npos);
    }
}

TEST_CASE("a reason does not repeat credentials") {
    const auto parsed = parse_url("ws://user:secret@host:0/?key=secret");
    REQUIRE(std::holds_alternative<std::string>(parsed));
    CHECK(std::get<std::string>(parsed).find("secret") == std::string::npos);
}

TEST_CASE("a port is required where there is no default") {
    CHECK(std::get<HostPort>(parse_host_port("proxy:8080", 0)) == HostPort{"proxy", 8080, false});
    CHECK(std::get<HostPort>(parse_host_port("[::1]:8080", 0)) == HostPort{"::1", 8080, true});
    CHECK(std::get<std::string>(parse_host_port("proxy", 0)) == "the port is missing");
}

TEST_CASE("what does not fit into the head of a request is refused") {
    const auto problem = [](const std::string& text) {
        const auto parsed = fairlead::core::parse_url(text);
        return std::holds_alternative<std::string>(parsed) ? std::get<std::string>(parsed) : std::string();
    };
    CHECK(problem("ws://" + std::string(45, 'h') + "." + std::string(44, 'h') + "/" + std::string(1'899, 'p')).empty());
    CHECK(problem("ws://" + std::string(46, 'h') + "." + std::string(44, 'h') + "/").find("90") != std::string::npos);
    CHECK(problem("ws://h/" + std::string(1'900, 'p')).find("1900") != std::string::npos);
}

TEST_CASE("the host of any URL is told as it is counted") {
    using fairlead::core::host_of;
    CHECK(host_of("wss://Stream.Binance.com:9443/ws") == "stream.binance.com");
    CHECK(host_of("https://api.kucoin.com/api/v1/bullet-public?a=b@c") == "api.kucoin.com");
    CHECK(host_of("http://user:word@[::1]:80") == "::1");
    CHECK(host_of("wss://venue/ws?c={nonce}") == "venue");
    for (const char* text : {"", "venue", "{endpoint}?token={token}", "wss://{host}/ws", "wss:///ws", "wss://a:b:c/"}) {
        CAPTURE(text);
        CHECK_FALSE(host_of(text).has_value());
    }
}
