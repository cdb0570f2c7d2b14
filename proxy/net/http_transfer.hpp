// One HTTP request as libcurl carries it out: the options, the bounds, and what its outcome is called. The facts about
// libcurl stand in http_client.hpp.
#pragma once

#include "net/curl_library.hpp"
#include "seam/http_client.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace fairlead::net {

// One thread, which need not be the relay's. Lives until its handle has been taken out of the multi handle.
class HttpTransfer {
public:
    // The library outlives it.
    HttpTransfer(const CurlLibrary& curl, seam::HttpRequest request);
    HttpTransfer(const HttpTransfer&) = delete;
    HttpTransfer& operator=(const HttpTransfer&) = delete;
    ~HttpTransfer() = default;

    // What is wrong with the request, one line for people; empty = it can be carried out.
    const std::string& refused() const { return refused_; }
    CURL* handle() const { return handle_.get(); }
    // What has come of it, once libcurl has said how it ended.
    seam::HttpAnswer answer(CURLcode code);

private:
    static std::size_t on_body(const char* bytes, std::size_t size, std::size_t count, void* self);
    static std::size_t on_header(const char* bytes, std::size_t size, std::size_t count, void* self);
    std::string read_url();
    std::string read_fields();
    void add_header(const std::string& line);
    void set_options();
    void set_method();
    void note_header(std::string_view line);
    std::string error_text(CURLcode code) const;

    const CurlLibrary& curl_;
    seam::HttpRequest request_;
    std::string refused_;
    std::string host_;  // as it stands in the URL
    std::string port_;
    std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle_;
    std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_;
    std::array<char, CURL_ERROR_SIZE> error_{};
    seam::HttpAnswer answer_;
    std::size_t header_bytes_ = 0;
};

}  // namespace fairlead::net
