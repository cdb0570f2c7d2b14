// HTTP for what is off the way of the data: a webhook, a token that is fetched before a connection is opened. The work
// is done elsewhere; the caller only asks, and is told once.
#pragma once

#include "core/time.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::seam {

struct HttpRequest {
    std::string method = "GET";
    std::string url{};         // http:// or https://, secrets resolved; never logged
    std::string shown_host{};  // what a text for people calls the host; empty = the host itself, which is no secret
    std::vector<std::pair<std::string, std::string>> headers{};
    std::string body{};
    std::string ca_file{};                               // PEM; empty = the system's store
    std::string proxy{};                                 // http://user:password@host:port; empty = direct
    core::Duration timeout = std::chrono::seconds{10};   // for everything from the lookup to the last byte
    std::size_t max_body_bytes = std::size_t{64} << 10;  // of the answer; more is an error
};

struct HttpAnswer {
    // Why there is no answer, one line for people; empty = one came. Never a secret, never the path, query or user
    // information of the URL.
    std::string error{};
    unsigned status = 0;  // 0 = none came
    std::string body{};
    std::optional<core::Duration> retry_after{};  // as the server asked, where it did
};

// A request under way. Destroying it cancels: its callback is not called any more. May outlive the client.
class HttpCall {
public:
    virtual ~HttpCall() = default;
};

// Relay thread only. Nothing here blocks.
class HttpClient {
public:
    virtual ~HttpClient() = default;
    // `done` is called once, on the relay thread, in a later turn, for failures too; it may destroy its own call. A
    // redirect is an answer like any other: it is not followed. Destroying the client cancels what is under way.
    virtual std::unique_ptr<HttpCall> fetch(const HttpRequest& request,
                                            std::function<void(const HttpAnswer&)> done) = 0;

    // Under way at once; further ones are answered with an error.
    static constexpr std::size_t kMaxCalls = 64;
};

}  // namespace fairlead::seam
