#include "simulator/upgrade.hpp"

#include "simulator/request.hpp"

#include <fmt/format.h>
#include <libwebsockets.h>

#include <algorithm>
#include <array>

namespace fairlead::simulator {
namespace {

constexpr std::string_view kWebSocketGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
constexpr std::size_t kSha1Bytes = 20;
constexpr std::size_t kMaxKey = 64;

char small(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, small, small);
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    const std::size_t end = text.find_last_not_of(" \t");
    return end == std::string_view::npos ? std::string_view{} : text.substr(begin, end - begin + 1);
}

// Takes the text before the separator off the front of `rest`.
std::string_view take_until(std::string_view& rest, std::string_view separator) {
    const std::size_t at = rest.find(separator);
    const std::string_view taken = rest.substr(0, at);
    rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + separator.size());
    return taken;
}

std::string_view header(std::string_view head, std::string_view name) {
    take_until(head, "\r\n");
    while (!head.empty()) {
        std::string_view line = take_until(head, "\r\n");
        if (same_ignoring_case(take_until(line, ":"), name)) return trimmed(line);
    }
    return {};
}

bool lists_token(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        if (same_ignoring_case(trimmed(take_until(list, ",")), token)) return true;
    }
    return false;
}

std::string accept_key(std::string_view key) {
    std::string text = fmt::format("{}{}", key, kWebSocketGuid);
    std::array<unsigned char, kSha1Bytes> hash{};
    lws_SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
    std::array<char, 32> encoded{};
    lws_b64_encode_string(reinterpret_cast<const char*>(hash.data()), static_cast<int>(hash.size()), encoded.data(),
                          static_cast<int>(encoded.size()));
    return encoded.data();
}

std::string_view status_text(int status) {
    switch (status) {
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 418:
            return "I'm a teapot";
        case 426:
            return "Upgrade Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        default:
            return status >= 500 ? "Server Error" : "Refused";
    }
}

std::string http_answer(int status, std::string_view extra_headers) {
    const std::string body = fmt::format(R"({{"code":{},"msg":"{}"}})", status, status_text(status));
    return fmt::format(
        "HTTP/1.1 {} {}\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}",
        status, status_text(status), extra_headers, body.size(), body);
}

Upgrade refuse(int status, std::string path, std::string_view extra_headers = {}) {
    Upgrade refused;
    refused.status = status;
    refused.answer = http_answer(status, extra_headers);
    refused.path = std::move(path);
    return refused;
}

// '@' and '/' are escaped by some URL libraries.
std::string unescaped(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        if (same_ignoring_case(text.substr(0, 3), "%40")) {
            result.push_back('@');
            text.remove_prefix(3);
        } else if (same_ignoring_case(text.substr(0, 3), "%2f")) {
            result.push_back('/');
            text.remove_prefix(3);
        } else {
            result.push_back(text.front());
            text.remove_prefix(1);
        }
    }
    return result;
}

// "a@trade/b@trade"; false = a name of a form that the venue does not know.
bool add_streams(std::string_view list, std::vector<std::string>& streams) {
    const std::string names = unescaped(list);
    std::string_view rest = names;
    while (!rest.empty()) {
        const std::string_view name = take_until(rest, "/");
        if (!is_stream_name(name)) return false;
        streams.emplace_back(name);
    }
    return true;
}

// Fills in what the target asks for and returns the status: 101, or why not.
int read_target(std::string_view path, std::string_view query, Upgrade& upgrade) {
    if (path == "/ws" || path == "/ws/") return 101;
    if (path.starts_with("/ws/")) return add_streams(path.substr(4), upgrade.streams) ? 101 : 400;
    if (path != "/stream") return 404;
    upgrade.combined = true;
    while (!query.empty()) {
        std::string_view value = take_until(query, "&");
        if (take_until(value, "=") == "streams" && !add_streams(value, upgrade.streams)) return 400;
    }
    return 101;
}

}  // namespace

Upgrade answer_upgrade(std::string_view head, const std::optional<Refusal>& refusal, Paths paths) {
    std::string_view line = head.substr(0, head.find("\r\n"));
    const std::string_view method = take_until(line, " ");
    std::string_view query = take_until(line, " ");
    std::string path(take_until(query, "?"));
    const std::string_view version = line;

    if (method != "GET" || version != "HTTP/1.1") return refuse(400, path);
    if (refusal) {
        const std::string retry =
            refusal->retry_after ? fmt::format("Retry-After: {}\r\n", refusal->retry_after->count()) : std::string();
        return refuse(refusal->status, path, retry);
    }
    Upgrade upgrade;
    const int status = paths == Paths::Any ? 101 : read_target(path, query, upgrade);
    if (status != 101) return refuse(status, path);
    if (!same_ignoring_case(header(head, "upgrade"), "websocket") ||
        !lists_token(header(head, "connection"), "upgrade") || header(head, "sec-websocket-version") != "13") {
        return refuse(426, path, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    }
    const std::string_view key = header(head, "sec-websocket-key");
    if (key.empty() || key.size() > kMaxKey) return refuse(400, path);
    upgrade.answer = fmt::format(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        "{}\r\n\r\n",
        accept_key(key));
    upgrade.path = std::move(path);
    return upgrade;
}

std::string head_too_large_answer() {
    return http_answer(431, {});
}

}  // namespace fairlead::simulator
