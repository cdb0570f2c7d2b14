// What of a refused upgrade's body is shown: a help for people, never a secret.
#include "net/http_body.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace fairlead;

seam::ConnectRequest request() {
    seam::ConnectRequest request;
    request.url = "wss://stream.example.com:9443/ws/LISTENKEY42?signature=a%2FbCdE9&ts=17";
    request.headers = {{"X-Key", "my-api-key"}, {"Authorization", "Bearer t0ken"}, {"Origin", "https://example.org"}};
    return request;
}

}  // namespace

TEST_CASE("the first line with anything in it is shown") {
    CHECK(net::shown_body(R"({"code":-2015,"msg":"Invalid key"})", request()) ==
          R"({"code":-2015,"msg":"Invalid key"})");
    CHECK(net::shown_body("\r\n  \nToo many requests\nmore", request()) == "Too many requests");
    CHECK(net::shown_body("gr\xc3\xbc\xc3\x9f", request()) == "gr\xc3\xbc\xc3\x9f");
    CHECK(net::shown_body("see https://docs", request()) == "see https://docs");
    CHECK(net::shown_body(std::string(net::kMaxBodyLine, 'x'), request()).size() == net::kMaxBodyLine);
}

TEST_CASE("what helps nobody is left out") {
    for (const auto* body :
         {"", "\r\n \r\n", "<html>\r\n<h1>403 Forbidden</h1>", "a\x01z", "a\x7fz", "\xff\xfe", "a\tb\x1b[31m"})
        CHECK(net::shown_body(body, request()).empty());
    CHECK(net::shown_body(std::string(net::kMaxBodyLine + 1, 'x'), request()).empty());
}

TEST_CASE("a line with anything that was in the request is left out") {
    for (const auto* body : {"no such key: LISTENKEY42", "listenkey42 has expired", "GET /ws/LISTENKEY42 not found",
                             "bad signature a%2FbCdE9", "bad signature a/bCdE9 or bcde9", "unknown my-api-key",
                             "token t0ken is not valid", "{\"auth\":\"Bearer T0KEN\"}"})
        CHECK_MESSAGE(net::shown_body(body, request()).empty(), body);
    auto hidden = request();
    CHECK_FALSE(net::shown_body("stream.example.com is busy", hidden).empty());
    hidden.shown_host = "venue";
    CHECK(net::shown_body("stream.example.com is busy", hidden).empty());
}

TEST_CASE("a detail is one line of UTF-8, whatever it was made of") {
    CHECK(net::one_line("a\r\nb\tc\x7f") == "a  b c ");
    CHECK(net::one_line("\xc3\xa4") == "\xc3\xa4");
    CHECK(net::one_line("\xc3z\xff") == "?z?");
    CHECK(net::one_line(std::string(500, 'x')).size() == 200);
}
