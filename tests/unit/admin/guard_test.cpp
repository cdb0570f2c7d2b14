#include "admin/guard.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace fairlead;
using admin::Guard;
using admin::HttpRequest;

namespace {

int status_of(const std::optional<admin::Refusal>& refusal) {
    return refusal ? refusal->status : 200;
}

int host_status(const std::string& listen, const std::string& host) {
    return status_of(Guard(listen, nullptr).check_host({.host = host, .local_port = 9810}));
}

HttpRequest change() {
    return {.method = "POST", .host = "localhost:9810", .content_type = "application/json", .local_port = 9810};
}

}  // namespace

TEST_CASE("the Host must name this server") {
    for (const auto* host : {"127.0.0.1:9810", "localhost:9810", "LOCALHOST:9810", "[::1]:9810"})
        CHECK(host_status("127.0.0.1", host) == 200);
    for (const auto* host :
         {"", "localhost", "127.0.0.1", "localhost:9811", "evil.example:9810", "localhost.evil:9810",
          "127.0.0.1:9810.evil", "10.0.0.1:9810", "localhost:9810:9810", "[::1]", "[::2]:9810", "localhost:09810x"}) {
        CAPTURE(host);
        CHECK(host_status("127.0.0.1", host) == 421);
    }
}

TEST_CASE("a name or an address that is listened on may be the Host") {
    CHECK(host_status("sidecar.internal", "sidecar.internal:9810") == 200);
    CHECK(host_status("10.0.0.7", "10.0.0.7:9810") == 200);
    CHECK(host_status("10.0.0.7", "10.0.0.8:9810") == 421);
    CHECK(host_status("fd00::1", "[fd00::1]:9810") == 200);
}

TEST_CASE("who listens on every address has any address, but no name") {
    for (const auto* listen : {"0.0.0.0", "::"}) {
        CHECK(host_status(listen, "10.1.2.3:9810") == 200);
        CHECK(host_status(listen, "[fd00::1]:9810") == 200);
        CHECK(host_status(listen, "localhost:9810") == 200);
        CHECK(host_status(listen, "evil.example:9810") == 421);
        CHECK(host_status(listen, "10.1.2.3:80") == 421);
    }
}

TEST_CASE("on port 80 the Host may leave it out") {
    const Guard guard("127.0.0.1", nullptr);
    CHECK(status_of(guard.check_host({.host = "localhost", .local_port = 80})) == 200);
}

TEST_CASE("no page of another site can ask for a change") {
    const Guard guard("127.0.0.1", nullptr);
    auto request = change();
    CHECK(status_of(guard.check_change(request)) == 200);
    for (const auto* type : {"", "application/json; charset=utf-8", "Application/JSON"}) {
        request.content_type = type;
        CHECK(status_of(guard.check_change(request)) == 200);
    }
    for (const auto* type : {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                             "application/jsonp", "text/plain;application/json"}) {
        request.content_type = type;
        CHECK(status_of(guard.check_change(request)) == 403);
    }
    request = change();
    for (const auto* origin : {"http://localhost:9810", "https://localhost:9810", "HTTP://LOCALHOST:9810"}) {
        request.origin = origin;
        CHECK(status_of(guard.check_change(request)) == 200);
    }
    for (const auto* origin : {"null", "http://evil.example", "http://localhost", "http://localhost:98100",
                               "http://127.0.0.1:9810", "file://"}) {
        request.origin = origin;
        CHECK(status_of(guard.check_change(request)) == 403);
    }
}

TEST_CASE("where there is a token, a change needs it") {
    std::optional<std::string> token = "s3cret";
    const Guard guard("127.0.0.1", [&token] { return token; });
    auto request = change();
    for (const auto* field :
         {"", "s3cret", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret2", "Basic s3cret", "bearer s3cret"}) {
        request.authorization = field;
        CHECK(status_of(guard.check_change(request)) == 401);
    }
    request.authorization = "Bearer s3cret";
    CHECK(status_of(guard.check_change(request)) == 200);
    token = "another";
    CHECK(status_of(guard.check_change(request)) == 401);
    request.authorization = "Bearer ";
    for (const auto& none : {std::optional<std::string>(), std::optional<std::string>("")}) {
        token = none;
        CHECK(status_of(guard.check_change(request)) == 503);
    }
}

TEST_CASE("secrets are compared whole") {
    CHECK(admin::equal_in_constant_time("", ""));
    CHECK(admin::equal_in_constant_time("abc", "abc"));
    CHECK_FALSE(admin::equal_in_constant_time("abc", "abd"));
    CHECK_FALSE(admin::equal_in_constant_time("abc", "ab"));
}
