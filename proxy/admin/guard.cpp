#include "admin/guard.hpp"

#include "core/url.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <variant>

namespace fairlead::admin {
namespace {

constexpr std::uint16_t kHttpPort = 80;

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

bool is_address(const std::string& host) {
    in6_addr parsed{};
    return inet_pton(AF_INET, host.c_str(), &parsed) == 1 || inet_pton(AF_INET6, host.c_str(), &parsed) == 1;
}

bool is_every_address(const std::string& host) {
    return host == "0.0.0.0" || host == "::";
}

bool is_json_or_nothing(std::string_view content_type) {
    const std::string bare = lower(content_type.substr(0, content_type.find_first_of("; ")));
    return bare.empty() || bare == "application/json";
}

}  // namespace

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    unsigned different = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
    return different == 0;
}

Guard::Guard(const std::string& host, Token token) : host_(lower(host)), token_(std::move(token)) {}

bool Guard::names_this(const HttpRequest& request) const {
    const auto parsed = core::parse_host_port(lower(request.host), kHttpPort);
    const auto* address = std::get_if<core::HostPort>(&parsed);
    if (!address || address->port != request.local_port) return false;
    static constexpr std::array<std::string_view, 3> kLocal = {"localhost", "127.0.0.1", "::1"};
    const std::string& host = address->host;
    if (host == host_ || std::ranges::find(kLocal, host) != kLocal.end()) return true;
    // Which addresses it has is known to the system alone. A number is no name that could have been pointed here.
    return is_every_address(host_) && is_address(host);
}

std::optional<Refusal> Guard::check_host(const HttpRequest& request) const {
    if (names_this(request)) return {};
    return Refusal{421, "misdirected", "the Host of the request is not this server"};
}

std::optional<Refusal> Guard::check_change(const HttpRequest& request) const {
    if (!is_json_or_nothing(request.content_type))
        return Refusal{403, "forbidden", "a change is asked for with application/json, or without a body"};
    const bool is_own_origin = request.origin.empty() || lower(request.origin) == "http://" + lower(request.host) ||
                               lower(request.origin) == "https://" + lower(request.host);
    if (!is_own_origin) return Refusal{403, "forbidden", "a change cannot be asked for from another site"};
    if (!token_) return {};
    const auto token = token_();
    if (!token || token->empty())
        return Refusal{503, "unavailable", "the token_file cannot be read, or is empty: nothing can be changed"};
    if (equal_in_constant_time(request.authorization, "Bearer " + *token)) return {};
    return Refusal{401, "unauthorized",
                   "a change needs the field Authorization: Bearer, with the token of this sidecar"};
}

}  // namespace fairlead::admin
