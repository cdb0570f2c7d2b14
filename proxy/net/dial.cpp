#include "net/dial.hpp"

#include "core/close_code.hpp"
#include "core/retry_after.hpp"
#include "net/lws_link.hpp"
#include "net/lws_transport.hpp"

#include <fmt/format.h>
#include <libwebsockets.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <simdjson.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace fairlead::net {
namespace {

using core::Cause;

constexpr std::size_t kMaxDetailBytes = 200;
constexpr int kCloseSeconds = 2;  // for the socket to take a close frame; libwebsockets gives the answer to it 5 more
constexpr core::Duration kKillInterval = std::chrono::milliseconds{200};
constexpr unsigned kUnsentMilliseconds = 20'000;  // bytes that are not acknowledged for so long end the connection

// Switches libwebsockets' own pings off.
constexpr lws_retry_bo_t kNoKeepAlive{};

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

std::string header(lws* wsi, lws_token_indexes token) {
    std::array<char, 256> text{};
    const int length = lws_hdr_copy(wsi, text.data(), static_cast<int>(text.size()), token);
    return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : std::string();
}

// libwebsockets does not say that it ended a connection because of a violation. It shows: the peer has not.
bool peer_has_ended(lws* wsi, bool tls) {
    if (SSL* ssl = tls ? lws_get_ssl(wsi) : nullptr; ssl && (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN))
        return true;
    char byte = 0;
    const auto got = recv(lws_get_socket_fd(wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN);
}

// What a venue or a library says may hold anything; a detail is one line of UTF-8, or no consumer could parse it.
std::string one_line(std::string_view text) {
    std::string line(text.substr(0, kMaxDetailBytes));
    const bool is_utf8 = simdjson::validate_utf8(line);
    for (char& c : line) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) c = ' ';
        if (byte >= 0x80 && !is_utf8) c = '?';
    }
    return line;
}

}  // namespace

Dial::Dial(LwsTransport& transport, LwsLink& link) : transport_(transport), link_(&link) {}

void Dial::start(const DialTarget& target, lws_vhost* vhost) {
    tls_ = target.tls;
    proxied_ = !link_->request().proxy.empty();
    const auto& request = link_->request();
    lws_client_connect_info info{};
    info.context = transport_.loop().context();
    info.vhost = vhost;
    info.address = target.address.c_str();
    info.port = target.port;
    info.host = target.host_header.c_str();
    info.path = target.path.c_str();
    info.ssl_connection = LCCSCF_HTTP_NO_FOLLOW_REDIRECT | (target.tls ? LCCSCF_USE_SSL : 0);
    info.protocol = request.subprotocol.empty() ? nullptr : request.subprotocol.c_str();
    info.local_protocol_name = "ws";
    info.ietf_version_or_minus_one = -1;
    info.userdata = this;
    info.retry_and_idle_policy = &kNoKeepAlive;
    info.pwsi = &wsi_;
    starting_ = true;
    const lws* started = lws_client_connect_via_info(&info);
    starting_ = false;
    if (started && !destroyed_) return;
    end({.cause = Cause::ConnectFailed, .detail = "no connection"});
    transport_.remove_dial(*this);
}

void Dial::request_writable() {
    if (wsi_ && open_) lws_callback_on_writable(wsi_);
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
    lws_set_timeout(wsi_, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
    if (!kill_timer_) {
        kill_timer_ = transport_.loop().create([this] {
            if (wsi_) kill();
        });
    }
    kill_timer_->arm(steady_now() + kKillInterval);
}

void Dial::begin_close(std::uint16_t code, std::string_view reason) {
    if (closing_) return;
    closing_ = true;
    close_code_ = code;
    close_reason_ = reason.substr(0, 123);
    // The close frame leaves when the socket takes it, which a dead one never does.
    lws_set_timeout(wsi_, PENDING_TIMEOUT_USER_OK, kCloseSeconds);
    lws_callback_on_writable(wsi_);
}

int Dial::on_event(lws* wsi, int reason, void* user, void* in, std::size_t len) {
    // Has OpenSSL's store in `user`, and comes to the first protocol of the context only. The verdict is read later.
    if (reason == LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION) return 0;
    auto* dial = static_cast<Dial*>(user);
    return dial ? dial->handle(wsi, reason, in, len) : 0;
}

int Dial::handle(lws* wsi, int reason, void* in, std::size_t len) {
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
        case LWS_CALLBACK_CLIENT_ESTABLISHED:
            on_established(wsi);
            return 0;
        case LWS_CALLBACK_CLIENT_RECEIVE:
            return on_receive(wsi, bytes);
        case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
            if (link_) link_->on_pong(bytes);
            return 0;
        case LWS_CALLBACK_CLIENT_WRITEABLE:
            return on_writable(wsi);
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
            peer_closed_ = true;
            if (bytes.size() >= 2) {
                peer_code_ = static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                                                        static_cast<unsigned char>(bytes[1]));
                peer_reason_ = one_line(bytes.substr(2));
            }
            return 0;
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
            end(refusal(wsi, bytes));
            return 0;
        case LWS_CALLBACK_CLIENT_CLOSED:
            on_closed(wsi);
            return 0;
        case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
            end(refusal(wsi, "the connection was closed during the upgrade"));
            return 0;
        case LWS_CALLBACK_WSI_DESTROY:
            end({.cause = Cause::ConnectionLost, .detail = "the connection ended"});
            destroyed_ = true;
            wsi_ = nullptr;
            if (!starting_) transport_.remove_dial(*this);  // destroys this
            return 0;
        default:
            return 0;
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
    auto** position = reinterpret_cast<unsigned char**>(at);
    unsigned char* end = *position + room;
    const auto add = [&](const std::string& name, const std::string& value) {
        const std::string with_colon = name + ":";
        return lws_add_http_header_by_name(wsi, reinterpret_cast<const unsigned char*>(with_colon.c_str()),
                                           reinterpret_cast<const unsigned char*>(value.data()),
                                           static_cast<int>(value.size()), position, end) == 0;
    };
    bool has_agent = false;
    for (const auto& [name, value] : link_->request().headers) {
        has_agent = has_agent || strcasecmp(name.c_str(), "user-agent") == 0;
        if (!add(name, value)) {
            end_cause_ = Cause::Config;
            end_detail_ = "the headers are too large";
            return -1;
        }
    }
    if (!has_agent) add("User-Agent", "fairlead/" FAIRLEAD_VERSION);
    return 0;
}

void Dial::on_established(lws* wsi) {
    open_ = true;
    wsi_ = wsi;
    if (!link_) return abandon(core::kCloseGoingAway, "");
    seam::OpenInfo info{.endpoint = peer_address(wsi)};
    if (SSL* ssl = tls_ ? lws_get_ssl(wsi) : nullptr)
        info.tls = fmt::format("{} {}", SSL_get_version(ssl), SSL_get_cipher_name(ssl));
    link_->on_open(info);
}

// Never ends the connection from here: libwebsockets does not reset its receive buffer then, and while it waits for the
// answer to the close frame it writes what still comes behind the buffer's end.
int Dial::on_receive(lws* wsi, std::string_view chunk) {
    if (!link_) return 0;
    const auto remaining = lws_remaining_packet_payload(wsi);
    switch (link_->on_piece(chunk, lws_is_first_fragment(wsi) != 0, lws_is_final_fragment(wsi) != 0,
                            lws_frame_is_binary(wsi) != 0, remaining)) {
        case LwsLink::PieceResult::Taken:
            break;
        case LwsLink::PieceResult::TooBig:
            begin_close(LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "message too big");
            end({.cause = Cause::MessageTooBig,
                 .detail = fmt::format("a message above max_message_bytes ({})", link_->request().max_message_bytes)});
            break;
        case LwsLink::PieceResult::NotUtf8:
            begin_close(LWS_CLOSE_STATUS_INVALID_PAYLOAD, "not UTF-8");
            end({.cause = Cause::ProtocolError, .detail = "the venue sent text that is not UTF-8"});
            break;
    }
    return 0;
}

int Dial::on_writable(lws* wsi) {
    if (closing_) return close_now(wsi);
    if (!open_) return 0;
    do {
        // Asked anew each time: on_all_sent may have ended the link.
        auto frame = link_ ? link_->next_frame() : std::nullopt;
        if (!frame) {
            // The socket has taken everything: libwebsockets calls only when nothing is left in its own buffers.
            if (link_ && !sent_in_this_turn_) link_->on_all_sent();
            if (std::exchange(sent_in_this_turn_, false)) lws_callback_on_writable(wsi);
            return 0;
        }
        const auto kind = frame->kind == OutboundFrame::Kind::Text     ? LWS_WRITE_TEXT
                          : frame->kind == OutboundFrame::Kind::Binary ? LWS_WRITE_BINARY
                                                                       : LWS_WRITE_PING;
        auto* payload = reinterpret_cast<unsigned char*>(frame->buffer.data()) + frame_room();
        if (lws_write(wsi, payload, frame->buffer.size() - frame_room(), kind) < 0) {
            write_failed_ = true;
            return -1;
        }
        sent_in_this_turn_ = true;
    } while (!lws_send_pipe_choked(wsi));
    sent_in_this_turn_ = false;
    lws_callback_on_writable(wsi);
    return 0;
}

int Dial::close_now(lws* wsi) {
    lws_close_reason(wsi, static_cast<lws_close_status>(close_code_),
                     reinterpret_cast<unsigned char*>(close_reason_.data()), close_reason_.size());
    return -1;
}

seam::EndInfo Dial::refusal(lws* wsi, std::string_view text) const {
    if (!end_detail_.empty()) return {.cause = end_cause_, .detail = end_detail_};
    if (SSL* ssl = tls_ && tcp_up_ ? lws_get_ssl(wsi) : nullptr) {
        if (const long verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK)
            return {.cause = Cause::TlsFailed, .detail = "certificate refused: " + certificate_problem(verdict)};
    }
    const auto status = upgrading_ ? lws_http_client_http_response(wsi) : 0;
    if (status != 0 && status != 101) {
        const auto wall = std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now());
        const auto after = header(wsi, WSI_TOKEN_HTTP_RETRY_AFTER);
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

void Dial::on_closed(lws* wsi) {
    if (!end_detail_.empty()) return end({.cause = end_cause_, .detail = end_detail_});
    if (peer_closed_) {
        const auto name = core::close_code_name(peer_code_);
        auto detail = peer_code_ == 0
                          ? std::string("closed by the venue without a code")
                          : fmt::format("closed by the venue: {}{}{}", peer_code_, name.empty() ? "" : " ", name);
        // Mended in its later versions.
        if (peer_code_ == 1002) detail += ", or one of 1012 to 1015, which libwebsockets passes on as 1002";
        if (!peer_reason_.empty()) detail += fmt::format(" ({})", peer_reason_);
        return end({.cause = Cause::PeerClosed, .detail = std::move(detail), .close_code = peer_code_});
    }
    if (!write_failed_ && !peer_has_ended(wsi, tls_))
        return end({.cause = Cause::ProtocolError, .detail = "the venue broke the WebSocket protocol"});
    end({.cause = Cause::ConnectionLost, .detail = "the socket ended without a close frame"});
}

void Dial::end(seam::EndInfo info) {
    if (auto* link = std::exchange(link_, nullptr)) link->on_ended(*this, tcp_up_, std::move(info));
}

}  // namespace fairlead::net
