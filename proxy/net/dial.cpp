#include "net/dial.hpp"

#include "core/close_code.hpp"
#include "core/retry_after.hpp"
#include "net/http_body.hpp"
#include "net/lws_link.hpp"
#include "net/lws_transport.hpp"

#include <fmt/format.h>
#include <libwebsockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <strings.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace fairlead::net {
namespace {

using core::Cause;

constexpr core::Duration kKillInterval = std::chrono::milliseconds{200};
constexpr unsigned kUnsentMilliseconds = 20'000;  // bytes that are not acknowledged for so long end the connection

// Switches libwebsockets' own pings off.
constexpr lws_retry_bo_t kNoKeepAlive{};

// The callbacks with a Dial in `user` that anything is done in, the frequent ones first.
constexpr std::array<int, 17> kReasons = {LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ,
                                          LWS_CALLBACK_RECEIVE_CLIENT_HTTP,
                                          LWS_CALLBACK_CLIENT_RECEIVE,
                                          LWS_CALLBACK_CLIENT_HTTP_WRITEABLE,
                                          LWS_CALLBACK_CLIENT_WRITEABLE,
                                          LWS_CALLBACK_CLIENT_RECEIVE_PONG,
                                          LWS_CALLBACK_WS_PEER_INITIATED_CLOSE,
                                          LWS_CALLBACK_WSI_CREATE,
                                          LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER,
                                          LWS_CALLBACK_CLIENT_HTTP_REDIRECT,
                                          LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP,
                                          LWS_CALLBACK_COMPLETED_CLIENT_HTTP,
                                          LWS_CALLBACK_CLIENT_ESTABLISHED,
                                          LWS_CALLBACK_CLIENT_CONNECTION_ERROR,
                                          LWS_CALLBACK_CLOSED_CLIENT_HTTP,
                                          LWS_CALLBACK_CLIENT_CLOSED,
                                          LWS_CALLBACK_WSI_DESTROY};

core::SteadyTime steady_now() {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
}

std::string peer_address(lws* wsi) {
    const int fd = lws_get_socket_fd(wsi);
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (fd < 0 || getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
    std::array<char, NI_MAXHOST> host{};
    std::array<char, NI_MAXSERV> port{};
    if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), length, host.data(), host.size(), port.data(),
                    port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return {};
    return address.ss_family == AF_INET6 ? fmt::format("[{}]:{}", host.data(), port.data())
                                         : fmt::format("{}:{}", host.data(), port.data());
}

bool add_field(lws* wsi, const std::string& name, const std::string& value, unsigned char** at, unsigned char* end) {
    const std::string with_colon = name + ":";
    return lws_add_http_header_by_name(wsi, reinterpret_cast<const unsigned char*>(with_colon.c_str()),
                                       reinterpret_cast<const unsigned char*>(value.data()),
                                       static_cast<int>(value.size()), at, end) == 0;
}

}  // namespace

std::string answer_field(lws* wsi, int token) {
    const auto index = static_cast<lws_token_indexes>(token);
    const int length = lws_hdr_total_length(wsi, index);
    if (length <= 0) return {};
    std::string text(static_cast<std::size_t>(length) + 1, '\0');
    const int copied = lws_hdr_copy(wsi, text.data(), length + 1, index);
    text.resize(copied > 0 ? static_cast<std::size_t>(copied) : 0);
    return text;
}

Dial::Dial(LwsTransport& transport, LwsLink& link)
    : transport_(transport), link_(&link), attention_(transport.loop()) {}

void Dial::start(const DialTarget& target, lws_vhost* vhost) {
    tls_ = target.tls;
    proxied_ = !link_->request().proxy.empty();
    lws_client_connect_info info{};
    info.context = transport_.loop().context();
    info.vhost = vhost;
    info.address = target.address.c_str();
    info.port = target.port;
    info.host = target.host_header.c_str();
    info.path = target.path.c_str();
    info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (target.tls ? LCCSCF_USE_SSL : 0);
    info.local_protocol_name = "ws";
    info.ietf_version_or_minus_one = -1;
    info.userdata = this;
    info.retry_and_idle_policy = &kNoKeepAlive;
    info.pwsi = &wsi_;
    prepare(info);
    starting_ = true;
    const lws* started = lws_client_connect_via_info(&info);
    starting_ = false;
    if (started && !destroyed_) return;
    end({.cause = Cause::ConnectFailed, .detail = "no connection"});
    transport_.remove_dial(*this);
}

void Dial::request_writable() {
    if (!wsi_ || !open_ || reading_) return;
    attention_.set(true);
    lws_callback_on_writable(wsi_);
}

std::string_view Dial::phase() const {
    if (!tcp_up_) return "TCP connection";
    if (proxied_ && !upgrading_) return tls_ ? "proxy or TLS handshake" : "proxy";
    return tls_ && !upgrading_ ? "TLS handshake" : "upgrade";
}

void Dial::abandon(std::uint16_t close_code, std::string_view reason) {
    link_ = nullptr;
    if (!wsi_) return;
    if (!open_) return kill();
    begin_close(close_code ? close_code : core::kCloseNormal, reason);
}

// Again and again: what happens to the socket in the same turn makes libwebsockets set another timeout in place of
// this.
void Dial::kill() {
    if (!wsi_) return;
    attention_.set(true);
    lws_set_timeout(wsi_, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    if (!kill_timer_) kill_timer_ = transport_.loop().create([this] { kill(); });
    kill_timer_->arm(steady_now() + kKillInterval);
}

int Dial::on_event(lws* wsi, int reason, void* user, void* in, std::size_t len) {
    // Other reasons may have something else in `user`, such as one of OpenSSL's objects.
    const bool is_ours = std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
    auto* dial = is_ours ? static_cast<Dial*>(user) : nullptr;
    return dial ? dial->handle(wsi, reason, in, len) : 0;
}

void Dial::watch_open_socket() {
    socket_watch_ = transport_.loop().watch_socket(lws_get_socket_fd(wsi_), [this] { serve(); });
}

void Dial::serve() {
    lws_pollfd ready{.fd = lws_get_socket_fd(wsi_), .events = LWS_POLLIN, .revents = LWS_POLLIN};
    lws_service_fd(transport_.loop().context(), &ready);  // may destroy this
}

// For good: ending a socket takes it several turns.
void Dial::leave_to_libwebsockets() {
    attention_.set(true);
    socket_watch_.reset();
}

int Dial::handle(lws* wsi, int reason, void* in, std::size_t len) {
    transport_.loop().note_work();
    const std::string_view bytes(static_cast<const char*>(in), in ? len : 0);
    switch (reason) {
        case LWS_CALLBACK_WSI_CREATE:
            on_tcp_up(wsi);
            return 0;
        case LWS_CALLBACK_CLIENT_APPEND_HANDSHAKE_HEADER:
            upgrading_ = true;
            return on_append_headers(wsi, static_cast<char**>(in), len);
        case LWS_CALLBACK_CLIENT_HTTP_REDIRECT:
            return 1;
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
            end(refusal(wsi, bytes));
            return 0;
        case LWS_CALLBACK_CLIENT_CLOSED:
        case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
            leave_to_libwebsockets();
            end(open_ ? loss(wsi) : refusal(wsi, "the connection was closed during the upgrade"));
            return 0;
        case LWS_CALLBACK_WSI_DESTROY:
            end({.cause = Cause::ConnectionLost, .detail = "the connection ended"});
            destroyed_ = true;
            wsi_ = nullptr;
            if (!starting_) transport_.remove_dial(*this);  // destroys this
            return 0;
        default: {
            const int outcome = on_protocol_event(wsi, reason, bytes);
            if (outcome != 0) leave_to_libwebsockets();
            return outcome;
        }
    }
}

void Dial::on_tcp_up(lws* wsi) {
    tcp_up_ = true;
    wsi_ = wsi;
    const int fd = lws_get_socket_fd(wsi);
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnsentMilliseconds, sizeof kUnsentMilliseconds);
}

int Dial::on_append_headers(lws* wsi, char** at, std::size_t room) {
    if (!link_) return -1;
    unsigned char* end = reinterpret_cast<unsigned char*>(*at) + room;
    auto fields = upgrade_fields(*at);
    const auto& extra = link_->request().headers;
    fields.insert(fields.end(), extra.begin(), extra.end());
    const bool has_agent = std::any_of(extra.begin(), extra.end(), [](const auto& field) {
        return strcasecmp(field.first.c_str(), "user-agent") == 0;
    });
    if (!has_agent) fields.emplace_back("User-Agent", "fairlead/" FAIRLEAD_VERSION);
    for (const auto& [name, value] : fields) {
        if (add_field(wsi, name, value, reinterpret_cast<unsigned char**>(at), end)) continue;
        fail(Cause::Config, "the headers are too large");
        return -1;
    }
    return 0;
}

void Dial::on_established(lws* wsi) {
    open_ = true;
    wsi_ = wsi;
    if (!link_) return abandon(core::kCloseGoingAway, "");
    seam::OpenInfo info{.endpoint = peer_address(wsi)};
    if (SSL* ssl = tls_ ? lws_get_ssl(wsi) : nullptr) {
        info.tls = fmt::format("{} {}", SSL_get_version(ssl), SSL_get_cipher_name(ssl));
        info.certificate_expires = certificate_expiry(ssl);
    }
    link_->on_open(info);
}

void Dial::fail(Cause cause, std::string detail) {
    failure_cause_ = cause;
    failure_detail_ = std::move(detail);
}

seam::EndInfo Dial::refusal(lws* wsi, std::string_view text) const {
    if (!failure_detail_.empty()) return {.cause = failure_cause_, .detail = failure_detail_};
    if (SSL* ssl = tls_ && tcp_up_ ? lws_get_ssl(wsi) : nullptr) {
        if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK)
            return {.cause = Cause::TlsFailed, .detail = "certificate refused: " + certificate_problem(verdict)};
    }
    const auto status = upgrading_ ? lws_http_client_http_response(wsi) : 0;
    if (status != 0 && status != 101) {
        const auto wall = std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now());
        const auto after = answer_field(wsi, WSI_TOKEN_HTTP_RETRY_AFTER);
        const bool asks_to_wait = status == 429 || status == 418 || status == 503;
        return {.cause = Cause::UpgradeRefused,
                .detail = fmt::format("the venue answered {} to the upgrade", status),
                .http_status = static_cast<std::uint16_t>(status),
                .retry_after = asks_to_wait ? core::parse_retry_after(after, wall) : std::nullopt};
    }
    if (!tcp_up_) return {.cause = Cause::ConnectFailed, .detail = one_line(text)};
    if (text.find("proxy") != std::string_view::npos)
        return {.cause = Cause::ConnectFailed, .detail = "the proxy refused: " + one_line(text)};
    if (tls_ && !upgrading_) return {.cause = Cause::TlsFailed, .detail = one_line(text)};
    // libwebsockets' words for an answer that it could read but that is none; for all else the socket ended.
    if (text.starts_with("HS:") || text.find("header") != std::string_view::npos)
        return {.cause = Cause::ProtocolError, .detail = "the answer to the upgrade is not valid: " + one_line(text)};
    return {.cause = Cause::ConnectionLost, .detail = "the connection ended during the upgrade: " + one_line(text)};
}

seam::EndInfo Dial::closed_by_venue(std::uint16_t code, std::string_view reason) {
    const auto name = core::close_code_name(code);
    auto detail = code == 0 ? std::string("closed by the venue without a code")
                            : fmt::format("closed by the venue: {}{}{}", code, name.empty() ? "" : " ", name);
    if (!reason.empty()) detail += fmt::format(" ({})", one_line(reason));
    return {.cause = Cause::PeerClosed, .detail = std::move(detail), .close_code = code};
}

void Dial::end(seam::EndInfo info) {
    if (auto* link = std::exchange(link_, nullptr)) link->on_ended(*this, tcp_up_, std::move(info));
}

}  // namespace fairlead::net
