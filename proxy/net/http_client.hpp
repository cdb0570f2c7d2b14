// HTTP on libcurl, on one thread of its own: a server that is slow, and a name that is not found, keep nobody waiting.
//
// Facts about libcurl 7.88 that shape it:
//  - it looks names up on threads of its own, and waits for them in every clean-up unless CURLOPT_QUICK_EXIT is set;
//  - only curl_multi_wakeup() may be called while another thread uses the handle: the rest goes through a list;
//  - with a CA file it still trusts the system's directory of certificates, until that is unset;
//  - it obeys http_proxy and its like, and waits for "100 Continue" before large bodies, unless told not to;
//  - with CURLOPT_NOSIGNAL its thread must not be reachable by SIGPIPE;
//  - all headers of an answer are kept, without a bound.
#pragma once

#include "net/loop.hpp"
#include "seam/http_client.hpp"

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace fairlead::net {

// Relay thread only. Plain HTTP/1.1; TLS from 1.2 on, always verified; no cookies, no redirects, nothing from the
// environment.
class HttpClient final : public seam::HttpClient {
public:
    // The loop outlives it. Loads and starts nothing yet.
    explicit HttpClient(Loop& loop);
    // With another library than curl_library.hpp names.
    HttpClient(Loop& loop, std::string library);
    // Aborts what is under way; waits for no server.
    ~HttpClient() override;
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // Loads libcurl (some milliseconds) and starts the thread, unless that is done. Why it cannot, and what to do, one
    // line for people; empty = it is done. For whoever wants to know before the first request, which does the same.
    std::string start();

    // Why start() could not load libcurl; empty = it could. Starts nothing.
    std::string what_is_missing() const;

    std::unique_ptr<seam::HttpCall> fetch(const seam::HttpRequest& request,
                                          std::function<void(const seam::HttpAnswer&)> done) override;

    static constexpr std::size_t kMaxHeaderBytes = std::size_t{64} << 10;  // of an answer; more is an error

private:
    class Call;
    struct Desk;
    class Worker;

    Loop& loop_;
    const std::string library_;
    std::shared_ptr<Desk> desk_;      // shared with calls and with answers on their way, which may outlive the client
    std::unique_ptr<Worker> worker_;  // null = not started
    std::thread thread_;
};

}  // namespace fairlead::net
