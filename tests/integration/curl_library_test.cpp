#include "net/curl_library.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <variant>

using fairlead::net::CurlLibrary;
using fairlead::net::load_curl;

namespace {

using Functions = std::array<void*, sizeof(CurlLibrary) / sizeof(void*)>;

Functions functions_of(const std::variant<CurlLibrary, std::string>& loaded) {
    REQUIRE(std::holds_alternative<CurlLibrary>(loaded));
    return std::bit_cast<Functions>(std::get<CurlLibrary>(loaded));
}

}  // namespace

TEST_CASE("the library is found, and every function in it, each once") {
    auto functions = functions_of(load_curl());
    CHECK(std::ranges::none_of(functions, [](const void* function) { return function == nullptr; }));
    std::ranges::sort(functions);
    CHECK((std::ranges::adjacent_find(functions) == functions.end()));
}

TEST_CASE("loaded again it is the same") {
    const bool is_same = functions_of(load_curl()) == functions_of(load_curl());
    CHECK(is_same);
}

TEST_CASE("a library that is missing is told with what to install") {
    const auto loaded = load_curl("libno-such.so.4");
    REQUIRE(std::holds_alternative<std::string>(loaded));
    const auto& problem = std::get<std::string>(loaded);
    CAPTURE(problem);
    CHECK(problem.starts_with("libno-such.so.4 cannot be loaded ("));
    CHECK(problem.find("No such file") != std::string::npos);
    CHECK(problem.ends_with("): install libcurl4, 7.88 or later"));
}

TEST_CASE("a library that lacks a function is refused, and which is told") {
    const auto loaded = load_curl("libc.so.6");
    REQUIRE(std::holds_alternative<std::string>(loaded));
    CHECK(std::get<std::string>(loaded) == "libc.so.6 has no curl_global_init: install libcurl4, 7.88 or later");
}
