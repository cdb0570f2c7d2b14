#include "net/native_dial.hpp"

#include "net/http_body.hpp"
#include "net/lws_link.hpp"
#include "net/lws_transport.hpp"
#include "net/secure_random.hpp"

#include <fmt/format.h>
#include <libwebsockets.h>

#include <chrono>
#include <utility>

namespace fairlead::net {
namespace {

using core::Cause;
using websocket::Event;
using websocket::Opcode;

constexpr std::string_view kConnectionClose = "connection: close\r\n";
constexpr int kSwitchingProtocols = 101;
constexpr core::Duration kBodyPatience = std::chrono::milliseconds{500};
constexpr int kCloseSeconds =
    2;  // for the socket to take a close frame, and for the venue to end it when both have one
constexpr int kAnswerSeconds = 5;  // for the venue's answer to a close frame
constexpr std::size_t kBatchBytes = 65'536;
constexpr std::size_t kKeptBatchBytes = std::size_t{1} << 20;
constexpr int kWritesPerTurn = 8;  // then others get their turn
constexpr int kLastReads = 64;

core::SteadyTime steady_now() {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
}

Opcode opcode_of(OutboundFrame::Kind kind) {
    switch (kind) {
        case OutboundFrame::Kind::Text:
            return Opcode::Text;
        case OutboundFrame::Kind::Binary:
            return Opcode::Binary;
        case OutboundFrame::Kind::Ping:
            break;
    }
    return Opcode::Ping;
}

}  // namespace

NativeDial::NativeDial(LwsTransport& transport, LwsLink& link) : Dial(transport, link) {}

NativeDial::~NativeDial() = default;

void NativeDial::prepare(lws_client_connect_info& info) const {
    info.method = "GET";
    info.alpn = "http/1.1";
}

Dial::Fields NativeDial::upgrade_fields(char*& end) {
    if (std::string_view(end - kConnectionClose.size(), kConnectionClose.size()) == kConnectionClose)
        end -= kConnectionClose.size();
    const auto& request = link()->request();
    upgrade_ = {.key = make_upgrade_key(), .subprotocol = request.subprotocol, .compression = request.compression};
    return websocket::upgrade_fields(upgrade_);
}

int NativeDial::on_protocol_event(lws* wsi, int reason, std::string_view bytes) {
    switch (reason) {
        case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
            return on_answer(wsi);
        case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
            return on_readable(wsi);
        case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
            on_bytes(bytes);
            return 0;
        case LWS_CALLBACK_CLIENT_HTTP_WRITEABLE:
            return over_ ? -1 : send_pending(wsi);
        case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
            if (refused_) end_refused();
            return -1;
        default:
            return 0;
    }
}

// -- the answer to the upgrade ---------------------------------------------------------------------------------------

int NativeDial::on_answer(lws* wsi) {
    if (!link()) return -1;
    if (lws_http_client_http_response(wsi) == kSwitchingProtocols) return accept_answer(wsi);
    if (answer_field(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) == "0") return -1;  // told by refusal(), as is all below
    refused_ = refusal(wsi, "");
    body_timer_ = transport().loop().create([this] {
        end_refused();
        kill();
    });
    body_timer_->arm(steady_now() + kBodyPatience);
    return 0;
}

int NativeDial::accept_answer(lws* wsi) {
    const websocket::UpgradeAnswer answer{.upgrade = answer_field(wsi, WSI_TOKEN_UPGRADE),
                                          .connection = answer_field(wsi, WSI_TOKEN_CONNECTION),
                                          .accept = answer_field(wsi, WSI_TOKEN_ACCEPT),
                                          .subprotocol = answer_field(wsi, WSI_TOKEN_PROTOCOL),
                                          .extensions = answer_field(wsi, WSI_TOKEN_EXTENSIONS)};
    auto checked = websocket::check_answer(upgrade_, answer, accept_for(upgrade_.key));
    const auto* problem = std::get_if<std::string>(&checked);
    const bool has_body = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 0 ||
                          lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0;
    if (problem || has_body) {
        fail(Cause::ProtocolError, "the answer to the upgrade is not valid: " +
                                       (problem ? *problem : "a Content-Length or Transfer-Encoding in a 101"));
        return -1;
    }
    const auto& agreement = std::get<websocket::Agreement>(checked);
    decoder_.emplace(websocket::DecoderSettings{.max_message_bytes = link()->request().max_message_bytes,
                                                .compression = agreement.compression,
                                                .clock = &steady_now});
    watch_open_socket();
    on_established(wsi);
    request_writable();  // even if there is nothing to be sent: that is seen then
    return 0;
}

void NativeDial::on_body(std::string_view bytes) {
    body_.append(bytes.substr(0, kMaxBodyBytes - std::min(kMaxBodyBytes, body_.size())));
    const auto start = body_.find_first_not_of(" \t\r\n");
    const bool has_line = start != std::string::npos && body_.find_first_of("\r\n", start) != std::string::npos;
    if (!has_line && body_.size() < kMaxBodyBytes) return;
    end_refused();
    over_ = true;
}

void NativeDial::end_refused() {
    if (!link() || !refused_) return;
    auto info = *refused_;
    if (const auto line = shown_body(body_, link()->request()); !line.empty()) info.detail += ": " + line;
    end(std::move(info));
}

// -- from the venue --------------------------------------------------------------------------------------------------

int NativeDial::on_readable(lws* wsi) {
    if (input_ended_) return 0;  // what libwebsockets still holds for the venue gets its time
    const bool more = read(wsi);
    if (over_) return -1;
    if (more) return is_open() ? send_pending(wsi) : 0;
    input_ended_ = true;
    if (refused_) end_refused();
    if (is_open()) end(loss(wsi));
    return -1;
}

// False = there will be no more.
bool NativeDial::read(lws* wsi) {
    char* at = nullptr;  // libwebsockets reads into a buffer of its own
    int size = 0;
    got_bytes_ = false;
    set_reading(true);
    const int outcome = lws_http_client_read(wsi, &at, &size);
    set_reading(false);
    return outcome >= 0;
}

void NativeDial::on_bytes(std::string_view bytes) {
    got_bytes_ = true;
    if (refused_) return on_body(bytes);
    if (!decoder_) return;
    if (link()) link()->on_read_begin();
    decoder_->feed(bytes);
    for (auto event = decoder_->next(); event.kind != Event::Kind::None; event = decoder_->next())
        on_frame(event);
    tell_inflation();
    if (link()) link()->on_read_end();
}

void NativeDial::tell_inflation() {
    const auto inflation = decoder_->take_inflation();
    if (inflation.compressed_bytes > 0 && link()) link()->on_inflated(inflation);
}

// Whoever is called from here may end the link; this object stays.
void NativeDial::on_frame(const Event& event) {
    switch (event.kind) {
        case Event::Kind::None:
            return;
        case Event::Kind::Message:
            if (link())
                link()->on_message({.bytes = event.bytes, .binary = event.binary, .assembled = event.assembled});
            return;
        case Event::Kind::Ping:
            pong_ = std::string(event.bytes);
            pace_pong();
            if (link()) link()->on_ping();
            return;
        case Event::Kind::Pong:
            if (link()) link()->on_pong(event.bytes);
            return;
        case Event::Kind::Close:
            return on_close(event);
        case Event::Kind::Violation:
            return on_violation(event);
    }
}

// A flood of pings is answered now and then only.
void NativeDial::pace_pong() {
    if (!link() || link()->request().pong_interval <= core::Duration{0}) return;
    const auto now = steady_now();
    if (now >= next_pong_) return;
    if (!pong_timer_) pong_timer_ = transport().loop().create([this] { request_writable(); });
    pong_timer_->arm(next_pong_);
}

void NativeDial::on_close(const Event& event) {
    heard_last_ = true;
    tell_inflation();
    end(closed_by_venue(event.code, event.bytes));
    if (close_sent_) over_ = true;
    begin_close(event.answer, "");
}

void NativeDial::on_violation(const Event& event) {
    heard_last_ = true;
    tell_inflation();
    const bool too_big = event.answer == websocket::kTooBig;
    if (link()) {
        const auto limit =
            too_big ? fmt::format(" (max_message_bytes is {})", link()->request().max_message_bytes) : "";
        end({.cause = too_big ? Cause::MessageTooBig : Cause::ProtocolError,
             .detail = fmt::format("the venue sent {}{}", event.bytes, limit),
             .close_code = event.code});
    }
    if (close_sent_) over_ = true;
    begin_close(event.answer, event.bytes);
}

seam::EndInfo NativeDial::loss(lws* /*wsi*/) const {
    return {.cause = Cause::ConnectionLost, .detail = "the socket ended without a close frame"};
}

// -- to the venue ----------------------------------------------------------------------------------------------------

void NativeDial::begin_close(std::uint16_t code, std::string_view reason) {
    if (closing_) return;
    closing_ = true;
    close_code_ = code;
    close_reason_ = reason;
    // The close frame leaves when the socket takes it, which a dead one never does.
    lws_set_timeout(wsi(), PENDING_TIMEOUT_USER_OK, kCloseSeconds);
    request_writable();
}

// Everything that waits, in few writes. What the socket does not take at once libwebsockets keeps; it asks for the
// writable callback itself then, and is helped on after each read.
int NativeDial::send_pending(lws* wsi) {
    if (!is_open()) return 0;
    for (int writes = 0; writes < kWritesPerTurn; ++writes) {
        if (lws_partial_buffered(wsi) && lws_write(wsi, nullptr, 0, LWS_WRITE_HTTP) < 0) return broken(wsi);
        if (lws_partial_buffered(wsi) || close_sent_) return 0;
        fill_batch();
        if (batch_.size() == frame_room()) {
            if (link() && link()->on_all_sent()) continue;
            set_attention(false);
            return 0;
        }
        set_attention(true);
        auto* bytes = reinterpret_cast<unsigned char*>(batch_.data()) + frame_room();
        if (lws_write(wsi, bytes, batch_.size() - frame_room(), LWS_WRITE_HTTP) < 0) return broken(wsi);
    }
    lws_callback_on_writable(wsi);
    return 0;
}

void NativeDial::fill_batch() {
    auto& keys = transport().mask_keys();
    if (batch_.capacity() > kKeptBatchBytes) std::string().swap(batch_);
    batch_.assign(frame_room(), '\0');
    if (pong_ && (next_pong_ == core::SteadyTime{} || steady_now() >= next_pong_)) {
        websocket::append_frame(batch_, Opcode::Pong, *std::exchange(pong_, std::nullopt), keys.next());
        const auto interval = link() ? link()->request().pong_interval : core::Duration{0};
        if (interval > core::Duration{0}) next_pong_ = steady_now() + interval;
    }
    if (closing_) {
        websocket::append_close(batch_, close_code_, close_reason_, keys.next());
        close_sent_ = true;
        lws_set_timeout(wsi(), PENDING_TIMEOUT_USER_OK, heard_last_ ? kCloseSeconds : kAnswerSeconds);
        return;
    }
    while (link() && batch_.size() < kBatchBytes) {
        const auto frame = link()->outbox().pop();
        if (!frame) return;
        websocket::append_frame(batch_, opcode_of(frame->kind), frame->payload(), keys.next());
    }
}

// The venue takes no more, but it may have said why before: that is read first.
int NativeDial::broken(lws* wsi) {
    for (int reads = 0; reads < kLastReads && !input_ended_ && !over_; ++reads) {
        input_ended_ = !read(wsi);
        if (!got_bytes_) break;
    }
    input_ended_ = true;
    end(loss(wsi));
    return -1;
}

}  // namespace fairlead::net
