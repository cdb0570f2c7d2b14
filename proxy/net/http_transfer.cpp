#include "net/http_transfer.hpp"

#include "core/duration_text.hpp"
#include "core/retry_after.hpp"
#include "net/http_body.hpp"
#include "net/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace fairlead::net {
namespace {

std::string part_of(const CurlLibrary& curl, CURLU* url, CURLUPart part, unsigned flags = 0) {
    char* text = nullptr;
    if (curl.url_get(url, part, &text, flags) != CURLUE_OK) return {};
    std::string copy(text);
    curl.free(text);
    return copy;
}

bool same_ignoring_case(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::ranges::equal(left, right, {}, lower, lower);
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f;
    });
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

}  // namespace

HttpTransfer::HttpTransfer(const CurlLibrary& curl, seam::HttpRequest request)
    : curl_(curl),
      request_(std::move(request)),
      handle_(nullptr, curl.easy_cleanup),
      headers_(nullptr, curl.slist_free_all) {
    refused_ = read_url();
    if (refused_.empty()) refused_ = read_fields();
    if (!refused_.empty()) return;
    handle_.reset(curl_.easy_init());
    if (handle_)
        set_options();
    else
        refused_ = "HTTP cannot be started: is memory short?";
}

std::string HttpTransfer::read_url() {
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url(curl_.url(), curl_.url_cleanup);
    if (!url || has_control(request_.url) ||
        curl_.url_set(url.get(), CURLUPART_URL, request_.url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return "the URL cannot be read";
    const auto scheme = part_of(curl_, url.get(), CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https") return "the URL must begin with http:// or https://";
    host_ = part_of(curl_, url.get(), CURLUPART_HOST);
    port_ = part_of(curl_, url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
    return {};
}

std::string HttpTransfer::read_fields() {
    if (request_.method.empty() || !std::ranges::all_of(request_.method, [](char c) { return c >= 'A' && c <= 'Z'; }))
        return "the method is not one of HTTP";
    for (const auto& [name, value] : request_.headers)
        if (name.empty() || has_control(name) || has_control(value) || name.find(':') != std::string::npos)
            return "a header holds characters that are not allowed there";
    return {};
}

void HttpTransfer::add_header(const std::string& line) {
    if (auto* list = curl_.slist_append(headers_.get(), line.c_str())) {
        static_cast<void>(headers_.release());
        headers_.reset(list);
    }
}

void HttpTransfer::set_options() {
    CURL* const handle = handle_.get();
    curl_.easy_setopt(handle, CURLOPT_ERRORBUFFER, error_.data());
    curl_.easy_setopt(handle, CURLOPT_PRIVATE, this);
    curl_.easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_.easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
    curl_.easy_setopt(handle, CURLOPT_URL, request_.url.c_str());
    curl_.easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_.easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_.easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_.easy_setopt(handle, CURLOPT_PROXY, request_.proxy.c_str());
    curl_.easy_setopt(handle, CURLOPT_NOPROXY, "");
    curl_.easy_setopt(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_.easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_.easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_.easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    if (!request_.ca_file.empty()) {
        curl_.easy_setopt(handle, CURLOPT_CAINFO, request_.ca_file.c_str());
        curl_.easy_setopt(handle, CURLOPT_CAPATH, nullptr);
    }
    const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(request_.timeout).count();
    curl_.easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<decltype(timeout)>(timeout, 1)));
    curl_.easy_setopt(handle, CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
    curl_.easy_setopt(handle, CURLOPT_WRITEDATA, this);
    curl_.easy_setopt(handle, CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
    curl_.easy_setopt(handle, CURLOPT_HEADERDATA, this);
    set_method();
    bool has_type = false;
    bool has_agent = false;
    for (const auto& [name, value] : request_.headers) {
        add_header(value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value));
        has_type = has_type || same_ignoring_case(name, "content-type");
        has_agent = has_agent || same_ignoring_case(name, "user-agent");
    }
    add_header("Expect:");
    if (!has_type) add_header("Content-Type:");  // or libcurl would call it a form
    if (!has_agent) add_header("User-Agent: fairlead/" FAIRLEAD_VERSION);
    curl_.easy_setopt(handle, CURLOPT_HTTPHEADER, headers_.get());
}

void HttpTransfer::set_method() {
    CURL* const handle = handle_.get();
    if (request_.method == "HEAD") {
        curl_.easy_setopt(handle, CURLOPT_NOBODY, 1L);
    } else if (request_.method != "GET" || !request_.body.empty()) {
        curl_.easy_setopt(handle, CURLOPT_POST, 1L);
        curl_.easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        curl_.easy_setopt(handle, CURLOPT_POSTFIELDS, request_.body.data());
        curl_.easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
}

std::size_t HttpTransfer::on_body(const char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<HttpTransfer*>(self);
    if (transfer.answer_.body.size() + size * count > transfer.request_.max_body_bytes) return 0;
    transfer.answer_.body.append(bytes, size * count);
    return size * count;
}

std::size_t HttpTransfer::on_header(const char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& transfer = *static_cast<HttpTransfer*>(self);
    transfer.header_bytes_ += size * count;
    if (transfer.header_bytes_ > HttpClient::kMaxHeaderBytes) return 0;
    transfer.note_header({bytes, size * count});
    return size * count;
}

void HttpTransfer::note_header(std::string_view line) {
    if (line.starts_with("HTTP/")) answer_.retry_after.reset();  // another answer, after an interim one
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !same_ignoring_case(line.substr(0, colon), "retry-after")) return;
    auto value = line.substr(colon + 1);
    while (value.ends_with('\r') || value.ends_with('\n'))
        value.remove_suffix(1);
    const auto now = std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now());
    answer_.retry_after = core::parse_retry_after(value, now);
}

seam::HttpAnswer HttpTransfer::answer(CURLcode code) {
    if (code != CURLE_OK) return {.error = error_text(code)};
    long status = 0;
    curl_.easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<unsigned>(status);
    return std::move(answer_);
}

// libcurl's own texts tell times and parts of the URL: only those about certificates are passed on.
std::string HttpTransfer::error_text(CURLcode code) const {
    const auto& host = request_.shown_host.empty() ? host_ : request_.shown_host;
    switch (code) {
        case CURLE_COULDNT_RESOLVE_HOST:
            return host + " has no address";
        case CURLE_COULDNT_RESOLVE_PROXY:
            return "the proxy has no address";
        case CURLE_COULDNT_CONNECT: {
            long number = 0;
            curl_.easy_getinfo(handle_.get(), CURLINFO_OS_ERRNO, &number);
            const auto reason = number ? std::strerror(static_cast<int>(number)) : "no connection";
            if (!request_.proxy.empty()) return fmt::format("the proxy cannot be reached: {}", reason);
            return fmt::format("{}:{} cannot be reached: {}", host, port_, reason);
        }
        case CURLE_OPERATION_TIMEDOUT:
            return fmt::format("no answer from {} within {}", host, core::duration_text(request_.timeout));
        case CURLE_WRITE_ERROR:
            if (header_bytes_ > HttpClient::kMaxHeaderBytes) return "the head of the answer is too large";
            return fmt::format("the answer is above {} bytes", request_.max_body_bytes);
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CONNECT_ERROR: {
            const std::string text(error_[0] ? error_.data() : curl_.easy_strerror(code));
            return "TLS: " + one_line(replaced(text, host_, host));
        }
        default:
            return one_line(curl_.easy_strerror(code));
    }
}

}  // namespace fairlead::net
