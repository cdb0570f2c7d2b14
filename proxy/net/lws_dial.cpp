#include "net/lws_dial.hpp"

#include "net/lws_link.hpp"

#include <fmt/format.h>
#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <simdjson.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace fairlead::net {
namespace {

using core::Cause;

constexpr int kCloseSeconds = 2;  // for the socket to take a close frame; libwebsockets gives the answer to it 5 more
constexpr std::size_t kMaxReasonBytes = 123;

// libwebsockets does not say that it ended a connection because of a violation. It shows: the peer has not.
bool peer_has_ended(lws* wsi, bool tls) {
    if (SSL* ssl = tls ? lws_get_ssl(wsi) : nullptr; ssl && (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN))
        return true;
    char byte = 0;
    const auto got = recv(lws_get_socket_fd(wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN);
}

lws_write_protocol write_mode(OutboundFrame::Kind kind) {
    switch (kind) {
        case OutboundFrame::Kind::Text:
            return LWS_WRITE_TEXT;
        case OutboundFrame::Kind::Binary:
            return LWS_WRITE_BINARY;
        case OutboundFrame::Kind::Ping:
            break;
    }
    return LWS_WRITE_PING;
}

}  // namespace

void LwsDial::prepare(lws_client_connect_info& info) const {
    const auto& subprotocol = link()->request().subprotocol;
    info.protocol = subprotocol.empty() ? nullptr : subprotocol.c_str();
}

// libwebsockets has written them.
Dial::Fields LwsDial::upgrade_fields(char*& /*end*/) {
    return {};
}

int LwsDial::on_protocol_event(lws* wsi, int reason, std::string_view bytes) {
    switch (reason) {
        case LWS_CALLBACK_CLIENT_ESTABLISHED:
            on_established(wsi);
            return 0;
        case LWS_CALLBACK_CLIENT_RECEIVE:
            on_receive(wsi, bytes);
            return 0;
        case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
            if (link()) link()->on_pong(bytes);
            return 0;
        case LWS_CALLBACK_CLIENT_WRITEABLE:
            return on_writable(wsi);
        case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
            on_peer_close(bytes);
            return 0;
        default:
            return 0;
    }
}

// Never ends the connection from here: libwebsockets does not reset its receive buffer then, and while it waits for the
// answer to the close frame it writes what still comes behind the buffer's end.
//
// A message that arrives in one piece is passed on where it lies; only one of several pieces is put together.
void LwsDial::on_receive(lws* wsi, std::string_view piece) {
    if (!link()) return;
    const bool first = lws_is_first_fragment(wsi) != 0;
    const bool last = lws_is_final_fragment(wsi) != 0;
    const bool binary = lws_frame_is_binary(wsi) != 0;
    const auto remaining = lws_remaining_packet_payload(wsi);
    const auto limit = link()->request().max_message_bytes;
    const auto room = limit - (first ? 0 : assembly_.size());  // what is there never exceeds it
    if (piece.size() > room || remaining > room - piece.size()) {
        begin_close(LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE, "message too big");
        return end({.cause = Cause::MessageTooBig,
                    .detail = fmt::format("the venue sent a message above max_message_bytes ({})", limit)});
    }
    if (first && last) return deliver({.bytes = piece, .binary = binary});
    if (first) {
        assembly_ = std::string();  // the last one may have been moved away, or be very large
        assembly_.reserve(piece.size() + remaining);
    }
    assembly_.append(piece);
    if (!last) return;
    std::string message = std::move(assembly_);
    assembly_ = std::string();
    deliver({.bytes = message, .binary = binary, .assembled = &message});
}

void LwsDial::deliver(const seam::InboundMessage& message) {
    if (message.binary || simdjson::validate_utf8(message.bytes.data(), message.bytes.size())) {
        link()->on_read_begin();
        link()->on_message(message);
        if (link()) link()->on_read_end();
        return;
    }
    begin_close(LWS_CLOSE_STATUS_INVALID_PAYLOAD, "not UTF-8");
    end({.cause = Cause::ProtocolError, .detail = "the venue sent text that is not UTF-8"});
}

void LwsDial::on_peer_close(std::string_view payload) {
    peer_closed_ = true;
    if (payload.size() < 2) return;
    peer_code_ = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                            static_cast<unsigned char>(payload[1]));
    peer_reason_ = payload.substr(2);
}

int LwsDial::on_writable(lws* wsi) {
    if (closing_) return close_now(wsi);
    if (!is_open()) return 0;
    do {
        // Asked anew each time: on_all_sent may have ended the link.
        auto frame = link() ? link()->outbox().pop() : std::nullopt;
        if (!frame) {
            // The socket has taken everything: libwebsockets calls only when nothing is left in its own buffers.
            if (link() && !sent_in_this_turn_) link()->on_all_sent();
            if (std::exchange(sent_in_this_turn_, false)) lws_callback_on_writable(wsi);
            return 0;
        }
        auto* payload = reinterpret_cast<unsigned char*>(frame->buffer.data()) + frame_room();
        if (lws_write(wsi, payload, frame->payload().size(), write_mode(frame->kind)) < 0) {
            write_failed_ = true;
            return -1;
        }
        sent_in_this_turn_ = true;
    } while (!lws_send_pipe_choked(wsi));
    sent_in_this_turn_ = false;
    lws_callback_on_writable(wsi);
    return 0;
}

void LwsDial::begin_close(std::uint16_t code, std::string_view reason) {
    if (closing_) return;
    closing_ = true;
    close_code_ = code;
    close_reason_ = reason.substr(0, kMaxReasonBytes);
    // The close frame leaves when the socket takes it, which a dead one never does.
    lws_set_timeout(wsi(), PENDING_TIMEOUT_USER_OK, kCloseSeconds);
    lws_callback_on_writable(wsi());
}

int LwsDial::close_now(lws* wsi) {
    lws_close_reason(wsi, static_cast<lws_close_status>(close_code_),
                     reinterpret_cast<unsigned char*>(close_reason_.data()), close_reason_.size());
    return -1;
}

seam::EndInfo LwsDial::loss(lws* wsi) const {
    if (peer_closed_) {
        auto info = closed_by_venue(peer_code_, peer_reason_);
        // Mended in its later versions.
        if (peer_code_ == 1002) info.detail += "; or one of 1012 to 1015, which libwebsockets passes on as 1002";
        return info;
    }
    if (!write_failed_ && !peer_has_ended(wsi, tls()))
        return {.cause = Cause::ProtocolError, .detail = "the venue broke the WebSocket protocol"};
    return {.cause = Cause::ConnectionLost, .detail = "the socket ended without a close frame"};
}

}  // namespace fairlead::net
