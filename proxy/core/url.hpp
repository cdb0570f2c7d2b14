// The address of a WebSocket server, taken apart. Used by the configuration, which tells a person what is wrong with an
// address, and by the transport, which dials it; so both accept exactly the same ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fairlead::core {

// What the transport can put into the head of a request, which libwebsockets writes into fixed buffers and cuts
// silently.
inline constexpr std::size_t kMaxUrlHostBytes = 90;
inline constexpr std::size_t kMaxUrlPathBytes = 1'900;

struct Url {
    bool tls = false;           // wss
    std::string host;           // a name or an address; an IPv6 address without its brackets
    std::uint16_t port = 0;     // 1 to 65535; 80 or 443 where the text names none
    std::string path = "/";     // with the query, as written: nothing is percent-decoded; at least "/"
    bool ipv6_literal = false;  // `host` needs brackets in a Host header
    bool operator==(const Url&) const = default;
};

// `ws://host[:port][/path][?query]` or `wss://…`, or what is wrong with the text, as one line for people. That line
// repeats nothing of the text beyond scheme, host and port, because the rest may hold credentials.
std::variant<Url, std::string> parse_url(std::string_view text);

// The host of a URL of any scheme, in lower case; empty = none that can be read.
std::optional<std::string> host_of(std::string_view url);

// "host[:port]" as it stands in a URL, without user and password. `default_port` 0 = the port is required.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
    bool ipv6_literal = false;
    bool operator==(const HostPort&) const = default;
};
std::variant<HostPort, std::string> parse_host_port(std::string_view text, std::uint16_t default_port);

}  // namespace fairlead::core
