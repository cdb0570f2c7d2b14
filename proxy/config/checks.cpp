#include "config/checks.hpp"

#include "core/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <variant>

namespace fairlead::config {
namespace {

constexpr std::size_t kMaxIdLength = 64;
constexpr std::size_t kMaxSocketPathBytes = 107;  // sockaddr_un::sun_path without its NUL
constexpr std::string_view kIpc = "ipc://";
constexpr std::string_view kTcp = "tcp://";

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_one_of(char c, std::string_view set) {
    return set.find(c) != std::string_view::npos;
}

// A token of RFC 9110: what names of headers and subprotocols are made of.
bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return is_alphanumeric(c) || is_one_of(c, "!#$%&'*+-.^_`|~"); });
}

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_control);
}

// For checks of the text around secrets; a digit can stand in a host, a port and a path alike.
std::string filled_in(const SecretText& text) {
    return text.with_placeholder("1");
}

TextProblem check_ipc_path(std::string_view path) {
    if (!path.starts_with('/') || path.ends_with('/')) {
        return "an ipc endpoint needs the absolute path of a file: ipc:///run/fairlead/stream.sock";
    }
    if (path.size() > kMaxSocketPathBytes) {
        return fmt::format("the path has {} bytes; a socket's path can have {}", path.size(), kMaxSocketPathBytes);
    }
    if (has_control(path)) return "the path contains control characters";
    return {};
}

bool is_loopback_host(const std::string& host) {
    return host == "127.0.0.1" || host == "::1" || host == "localhost";
}

TextProblem check_tcp_address(std::string_view address) {
    const auto parsed = core::parse_host_port(address, 0);
    if (const auto* problem = std::get_if<std::string>(&parsed)) return *problem;
    const std::string& host = std::get<core::HostPort>(parsed).host;
    if (is_loopback_host(host)) return {};
    return fmt::format(
        "{} is outside loopback; fairlead does not encrypt its local sockets: use ipc:// or tcp:// on 127.0.0.1, [::1] "
        "or localhost",
        host);
}

std::variant<core::HostPort, std::string> parse_listen(std::string address) {
    if (address.ends_with(":0")) address.back() = '1';  // any port that is free
    return core::parse_host_port(address, 0);
}

TextProblem check_http_authority(std::string_view text) {
    const auto parsed = core::parse_host_port(text, 80);
    if (const auto* problem = std::get_if<std::string>(&parsed)) return *problem;
    return {};
}

}  // namespace

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

TextProblem check_connection_id(const std::string& id) {
    const bool good_characters =
        std::all_of(id.begin(), id.end(), [](char c) { return is_alphanumeric(c) || is_one_of(c, "_.-"); });
    if (good_characters && !id.empty() && id.size() <= kMaxIdLength) return {};
    return "the name of a connection must have 1 to 64 characters from A-Z a-z 0-9 _ . -";
}

TextProblem check_endpoint(const std::string& endpoint) {
    const std::string_view text = endpoint;
    if (text.starts_with(kIpc)) return check_ipc_path(text.substr(kIpc.size()));
    if (text.starts_with(kTcp)) return check_tcp_address(text.substr(kTcp.size()));
    return "must be ipc:///absolute/path or tcp://127.0.0.1:port";
}

std::string endpoint_identity(const std::string& endpoint) {
    const std::string_view text = endpoint;
    if (text.starts_with(kIpc)) {
        return std::string(kIpc) + std::filesystem::path(text.substr(kIpc.size())).lexically_normal().string();
    }
    const auto parsed = core::parse_host_port(text.substr(std::min(kTcp.size(), text.size())), 0);
    const auto* address = std::get_if<core::HostPort>(&parsed);
    if (address == nullptr) return endpoint;
    return fmt::format("{}{}:{}", kTcp, address->host == "localhost" ? "127.0.0.1" : address->host, address->port);
}

TextProblem check_url(const SecretText& url) {
    if (url.written().starts_with("${")) return {};
    if (url.has_secret() && url.written().find('[') != std::string::npos) {
        const std::string scheme = lower(url.written().substr(0, 6));
        if (scheme.starts_with("ws://") || scheme == "wss://") return {};
    }
    const auto parsed = core::parse_url(filled_in(url));
    if (const auto* problem = std::get_if<std::string>(&parsed)) return *problem;
    return {};
}

bool is_plain_url(const SecretText& url) {
    return lower(url.written().substr(0, 5)) == "ws://";
}

TextProblem check_proxy(const SecretText& proxy) {
    static constexpr std::string_view kForm = "must be http://host:port or http://user:password@host:port";
    if (proxy.written().starts_with("${")) return {};
    const std::string filled = filled_in(proxy);
    std::string_view rest = filled;
    if (!rest.starts_with("http://")) return std::string(kForm);
    rest.remove_prefix(7);
    if (has_control(rest) || rest.find_first_of("/?# ") != std::string_view::npos) return std::string(kForm);
    const std::size_t at = rest.rfind('@');
    if (at != std::string_view::npos) rest.remove_prefix(at + 1);
    const auto parsed = core::parse_host_port(rest, 0);
    if (const auto* problem = std::get_if<std::string>(&parsed)) return fmt::format("{}: {}", *problem, kForm);
    return {};
}

TextProblem check_webhook_url(const SecretText& url) {
    if (url.written().starts_with("${")) return {};
    const std::string filled = filled_in(url);
    std::string_view rest = filled;
    if (!rest.starts_with("http://") && !rest.starts_with("https://")) return "must begin with http:// or https://";
    if (has_control(rest) || rest.find(' ') != std::string_view::npos) return "contains spaces or control characters";
    rest.remove_prefix(rest.find("://") + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    const std::size_t at = rest.rfind('@');
    return check_http_authority(at == std::string_view::npos ? rest : rest.substr(at + 1));
}

TextProblem check_json_pointer(const std::string& pointer) {
    if (!pointer.empty() && pointer.front() != '/') {
        return "is not a JSON pointer: it must begin with /, as in \"/stream\" or \"/data/symbol\"";
    }
    for (std::size_t i = 0; i < pointer.size(); ++i) {
        if (pointer[i] != '~') continue;
        const char next = i + 1 < pointer.size() ? pointer[i + 1] : '\0';
        if (next != '0' && next != '1') return "is not a JSON pointer: write ~ as ~0 and / inside a name as ~1";
    }
    return {};
}

TextProblem check_header_name(const std::string& name) {
    if (!is_token(name)) return "is not the name of a header: letters, digits and - only";
    static constexpr std::array kOwn = {"host", "connection", "upgrade",          "content-length",
                                        "te",   "trailer",    "transfer-encoding"};
    const std::string lowered = lower(name);
    if (lowered == "sec-websocket-protocol") return "is set by the key subprotocol; write it there";
    if (lowered.starts_with("sec-websocket-") || std::find(kOwn.begin(), kOwn.end(), lowered) != kOwn.end()) {
        return "is set by fairlead itself; remove it";
    }
    return {};
}

TextProblem check_header_value(const SecretText& value) {
    if (has_control(value.written())) return "a header cannot contain line breaks or control characters";
    return {};
}

TextProblem check_subprotocol(const std::string& subprotocol) {
    std::string_view rest = subprotocol;
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        std::string_view name = rest.substr(0, comma);
        while (name.starts_with(' '))
            name.remove_prefix(1);
        while (name.ends_with(' '))
            name.remove_suffix(1);
        if (!is_token(name) || comma + 1 == rest.size()) return "must be a name, or names with commas between them";
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return {};
}

TextProblem check_listen(const std::string& address) {
    const auto parsed = parse_listen(address);
    if (const auto* problem = std::get_if<std::string>(&parsed)) {
        return fmt::format("{}; write host:port as in \"127.0.0.1:9810\", or \"\" for off", *problem);
    }
    if (std::get<core::HostPort>(parsed).ipv6_literal) return "HTTP listens on IPv4 only: write 127.0.0.1:9810";
    return {};
}

bool is_loopback(const std::string& address) {
    const auto parsed = parse_listen(address);
    const auto* listen = std::get_if<core::HostPort>(&parsed);
    return listen != nullptr && is_loopback_host(listen->host);
}

}  // namespace fairlead::config
