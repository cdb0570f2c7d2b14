#include "core/close_code.hpp"

#include <doctest/doctest.h>

#include <cstdint>

namespace {

using namespace fairlead::core;

TEST_CASE("registered close codes have names") {
    CHECK(close_code_name(kCloseNormal) == "normal closure");
    CHECK(close_code_name(kCloseGoingAway) == "going away");
    CHECK(close_code_name(1008) == "policy violation");
    CHECK(close_code_name(kCloseInternalError) == "internal error");
    CHECK(close_code_name(1012) == "service restart");
    CHECK(close_code_name(1013) == "try again later");
    CHECK(close_code_name(1014) == "bad gateway");
    CHECK(close_code_name(3008) == "timeout");
    for (std::uint16_t code = 1000; code <= 1015; ++code)
        CHECK_FALSE(close_code_name(code).empty());
}

TEST_CASE("other close codes have none") {
    for (const std::uint16_t code : {0, 1, 999, 1016, 2999, 3001, 4000, 4999, 5000, 65535}) {
        CHECK(close_code_name(code).empty());
    }
}

TEST_CASE("a close frame may carry the codes that RFC 6455 and the registry give to it, and no other") {
    for (unsigned code = 0; code <= 65535; ++code) {
        const bool is_defined = code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
        const bool is_private = code >= 3000 && code < 5000;
        CAPTURE(code);
        REQUIRE(may_be_received(static_cast<std::uint16_t>(code)) == (is_defined || is_private));
    }
}

}  // namespace
