#include "admin/router.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace fairlead;
using admin::find_route;
using admin::routes;

namespace {

const admin::Match* match_of(const admin::Found& found) {
    return std::get_if<admin::Match>(&found);
}

}  // namespace

TEST_CASE("each route is found by its own path") {
    for (const auto& route : routes()) {
        std::string path = route.pattern;
        if (const auto colon = path.find(':'); colon != std::string::npos)
            path.replace(colon, path.find('/', colon) - colon, "x");
        CAPTURE(path);
        const auto found = find_route(routes(), route.method, path);
        REQUIRE(match_of(found) != nullptr);
        CHECK(match_of(found)->route == &route);
    }
}

TEST_CASE("no two routes take the same request") {
    std::set<std::string> seen;
    for (const auto& route : routes())
        CHECK(seen.insert(route.method + " " + route.pattern).second);
}

TEST_CASE("a segment of the path is the name") {
    const auto found = find_route(routes(), "GET", "/api/v1/network/connections/binance_ws");
    REQUIRE(match_of(found) != nullptr);
    CHECK(match_of(found)->name == "binance_ws");
    const auto of_command = find_route(routes(), "POST", "/api/v1/network/connections/a b/rotate");
    REQUIRE(match_of(of_command) != nullptr);
    CHECK(match_of(of_command)->name == "a b");
}

TEST_CASE("HEAD is answered where GET is") {
    CHECK(match_of(find_route(routes(), "HEAD", "/api/v1/status")) != nullptr);
    CHECK(match_of(find_route(routes(), "HEAD", "/api/v1/drain")) == nullptr);
}

TEST_CASE("unknown paths and wrong methods are told apart") {
    for (const auto* path :
         {"", "/api", "/api/v1", "/api/v1/status/", "//api/v1/status", "/API/v1/status", "/api/v1/statu",
          "/api/v1/network/connections/", "/api/v1/network/connections//rotate", "/api/v1/network/connections/a/b",
          "/api/v1/network/connections/a/rotate/", "/metrics/x"}) {
        CAPTURE(path);
        CHECK(std::holds_alternative<admin::NoSuchPath>(find_route(routes(), "GET", path)));
    }
    const auto read_only = find_route(routes(), "DELETE", "/api/v1/status");
    REQUIRE(std::holds_alternative<admin::WrongMethod>(read_only));
    CHECK(std::get<admin::WrongMethod>(read_only).allow == "GET, HEAD");
    const auto change_only = find_route(routes(), "GET", "/api/v1/drain");
    REQUIRE(std::holds_alternative<admin::WrongMethod>(change_only));
    CHECK(std::get<admin::WrongMethod>(change_only).allow == "POST");
}
