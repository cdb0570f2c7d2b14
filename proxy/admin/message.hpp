// One HTTP request and its answer, without a library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::admin {

struct HttpRequest {
    std::string method{};
    std::string path{};   // decoded, without the query
    std::string query{};  // as it was sent
    // Fields, empty where they were not sent.
    std::string host{};
    std::string origin{};
    std::string content_type{};
    std::string authorization{};
    std::string body{};
    bool is_too_large = false;     // the body, which is left out then
    bool is_cut_off = false;       // the body: its sender has stopped in the middle
    std::uint16_t local_port = 0;  // on which it came
};

struct HttpAnswer {
    int status = 200;
    std::string content_type = "application/json";
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};  // beside those that every answer has
};

inline constexpr std::size_t kMaxBodyBytes = std::size_t{64} << 10;

}  // namespace fairlead::admin
