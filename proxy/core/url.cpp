#include "core/url.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::core {
namespace {

constexpr std::size_t kMaxHostLength = 253;  // of a name in the DNS
constexpr std::uint16_t kPlainPort = 80;
constexpr std::uint16_t kTlsPort = 443;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_hex_digit(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_space_or_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

bool is_ipv4(std::string_view text) {
    for (int part = 0; part < 4; ++part) {
        const std::size_t length = std::min(text.find('.'), text.size());
        if (length == 0 || length > 3 || !std::all_of(text.begin(), text.begin() + length, is_digit)) return false;
        int value = 0;
        std::from_chars(text.data(), text.data() + length, value);
        if (value > 255) return false;
        if (part == 3) return length == text.size();
        if (length == text.size()) return false;
        text.remove_prefix(length + 1);
    }
    return false;
}

// The number of 16-bit groups in one side of an IPv6 address, or nothing if it is ill-formed.
std::optional<int> count_groups(std::string_view side, bool may_end_in_ipv4) {
    if (side.empty()) return 0;
    int groups = 0;
    while (true) {
        const std::size_t length = std::min(side.find(':'), side.size());
        const std::string_view group = side.substr(0, length);
        const bool last = length == side.size();
        if (last && may_end_in_ipv4 && is_ipv4(group)) return groups + 2;
        if (group.empty() || group.size() > 4 || !std::all_of(group.begin(), group.end(), is_hex_digit)) return {};
        ++groups;
        if (last) return groups;
        side.remove_prefix(length + 1);
    }
}

bool is_ipv6(std::string_view text) {
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) return count_groups(text, true) == 8;
    const std::optional<int> before = count_groups(text.substr(0, gap), false);
    const std::optional<int> after = count_groups(text.substr(gap + 2), true);
    return before && after && *before + *after <= 7;
}

bool is_host_name(std::string_view text) {
    if (text.size() > kMaxHostLength || text.front() == '.' || text.find("..") != std::string_view::npos) return false;
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; });
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    unsigned port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535) return {};
    return static_cast<std::uint16_t>(port);
}

}  // namespace

std::variant<HostPort, std::string> parse_host_port(std::string_view text, std::uint16_t default_port) {
    if (std::any_of(text.begin(), text.end(), is_space_or_control))
        return "the host contains spaces or control characters";
    HostPort result;
    std::string_view after_host;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return "the IPv6 address has no closing bracket";
        result.host = text.substr(1, close - 1);
        result.ipv6_literal = true;
        after_host = text.substr(close + 1);
        if (!is_ipv6(result.host)) return "[" + result.host + "] is not an IPv6 address";
    } else {
        const std::size_t colon = std::min(text.find(':'), text.size());
        result.host = text.substr(0, colon);
        after_host = text.substr(colon);
        if (after_host.find(':', 1) != std::string_view::npos) {
            return "more than one colon after the host; an IPv6 address needs brackets: [::1]:9443";
        }
        if (result.host.empty()) return "the host is missing";
        if (!is_host_name(result.host)) return "\"" + result.host + "\" is not a host name or address";
    }
    if (after_host.empty()) {
        if (default_port == 0) return "the port is missing";
        result.port = default_port;
        return result;
    }
    const std::string port_text(after_host.substr(1));
    const std::optional<std::uint16_t> port = parse_port(port_text);
    if (after_host.front() != ':' || !port) return "the port must be a number from 1 to 65535";
    result.port = *port;
    return result;
}

std::variant<Url, std::string> parse_url(std::string_view text) {
    if (std::any_of(text.begin(), text.end(), is_space_or_control)) {
        return "a URL cannot contain spaces or control characters; write them as %20 and the like";
    }
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) return "not a URL; it must begin with ws:// or wss://";
    const std::string scheme = lower(text.substr(0, scheme_end));
    if (scheme != "ws" && scheme != "wss") return "the scheme must be ws:// or wss://";
    if (text.find('#') != std::string_view::npos) return "a WebSocket URL has no fragment; remove # and what follows";

    const std::string_view rest = text.substr(scheme_end + 3);
    const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
    const std::string_view authority = rest.substr(0, authority_end);
    if (authority.find('@') != std::string_view::npos) {
        return "user and password in the URL are not supported; use headers.Authorization";
    }
    Url url;
    url.tls = scheme == "wss";
    auto parsed = parse_host_port(authority, url.tls ? kTlsPort : kPlainPort);
    if (auto* problem = std::get_if<std::string>(&parsed)) return std::move(*problem);
    auto& host_port = std::get<HostPort>(parsed);
    url.host = std::move(host_port.host);
    url.port = host_port.port;
    url.ipv6_literal = host_port.ipv6_literal;
    const std::string_view path = rest.substr(authority_end);
    url.path = path.starts_with('/') ? std::string(path) : "/" + std::string(path);
    if (url.host.size() > kMaxUrlHostBytes)
        return "the host is longer than " + std::to_string(kMaxUrlHostBytes) + " characters";
    if (url.path.size() > kMaxUrlPathBytes)
        return "path and query are longer than " + std::to_string(kMaxUrlPathBytes) +
               " characters; subscribe by message instead of by URL";
    return url;
}

std::optional<std::string> host_of(std::string_view url) {
    const std::size_t scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) return std::nullopt;
    const std::string_view rest = url.substr(scheme_end + 3);
    std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    authority.remove_prefix(authority.rfind('@') + 1);  // npos + 1 = 0
    const auto parsed = parse_host_port(authority, kPlainPort);
    const auto* found = std::get_if<HostPort>(&parsed);
    return found ? std::optional(lower(found->host)) : std::nullopt;
}

}  // namespace fairlead::core
