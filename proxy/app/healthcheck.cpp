// `fairlead healthcheck`: what a container or an operator asks, without a shell or curl in the image.
#include "app/commands.hpp"
#include "core/url.hpp"
#include "net/curl_library.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string_view>
#include <variant>

namespace fairlead::app {
namespace {

constexpr long kTimeoutMs = 3'000;
constexpr std::size_t kMaxAnswerBytes = 65'536;

struct Answer {
    long status = 0;  // 0 = none came
    std::string body;
    std::string error;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* answer) {
    auto& body = static_cast<Answer*>(answer)->body;
    if (size * count > kMaxAnswerBytes - body.size()) return 0;
    body.append(data, size * count);
    return size * count;
}

Answer get(const net::CurlLibrary& curl, const std::string& url) {
    curl.global_init(CURL_GLOBAL_NOTHING);
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl.easy_init(), curl.easy_cleanup);
    Answer answer;
    curl.easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
    curl.easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http");
    curl.easy_setopt(handle.get(), CURLOPT_PROXY, "");  // whatever the environment says: the sidecar is beside us
    curl.easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, kTimeoutMs);
    curl.easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, on_body);
    curl.easy_setopt(handle.get(), CURLOPT_WRITEDATA, &answer);
    const CURLcode code = curl.easy_perform(handle.get());
    if (code == CURLE_OK)
        curl.easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer.status);
    else
        answer.error = curl.easy_strerror(code);
    return answer;
}

const char* path_of(Health wanted) {
    switch (wanted) {
        case Health::Ready:
            return "readyz?verbose";
        case Health::Started:
            return "startupz";
        case Health::Live:
            break;
    }
    return "livez";
}

}  // namespace

int healthcheck(const std::string& http, Health wanted) {
    const auto parsed = core::parse_host_port(http, /*default_port=*/0);
    if (const auto* problem = std::get_if<std::string>(&parsed)) {
        fmt::print(stderr, "fairlead healthcheck: --http: {}\n", *problem);
        return kExitUsage;
    }
    const auto& address = std::get<core::HostPort>(parsed);
    const auto host = address.ipv6_literal ? fmt::format("[{}]", address.host) : address.host;
    const auto loaded = net::load_curl();
    if (const auto* problem = std::get_if<std::string>(&loaded)) {
        fmt::print(stderr, "fairlead healthcheck: {}\n", *problem);
        return kExitFailed;
    }
    const auto& curl = std::get<net::CurlLibrary>(loaded);
    const auto answer = get(curl, fmt::format("http://{}:{}/{}", host, address.port, path_of(wanted)));
    if (!answer.error.empty()) {
        fmt::print(stderr, "fairlead healthcheck: {}: {}\n", http, answer.error);
        return kExitFailed;
    }
    fmt::print("{}{}", answer.body, std::string_view(answer.body).ends_with('\n') ? "" : "\n");
    if (answer.status == 200) return kExitOk;
    fmt::print(stderr, "fairlead healthcheck: {} answers {}\n", http, answer.status);
    return kExitFailed;
}

}  // namespace fairlead::app
