// RFC 6455 by the websocket room, with libwebsockets as an HTTP/1.1 client beneath it: TCP, TLS, proxy, the request and
// the head of the answer are libwebsockets', every byte behind that head is ours.
//
// Facts about libwebsockets 4.1.6 in this role that shape the code:
//  - it ends the request with "connection: close", which no upgrade survives: it is taken back before our fields;
//  - while bytes arrive it never tells that the socket could take some: what is to be sent leaves after each read, and
//    only a silent venue brings the writable callback;
//  - a read calls back from inside itself: what is decided there is done when it has returned, never by returning -1;
//  - a Content-Length or Transfer-Encoding in the 101 makes it count or cut what follows: such an answer is refused.
#pragma once

#include "net/dial.hpp"
#include "websocket/decoder.hpp"
#include "websocket/handshake.hpp"

#include <optional>
#include <string>

namespace fairlead::net {

class NativeDial final : public Dial {
public:
    NativeDial(LwsTransport& transport, LwsLink& link);
    ~NativeDial() override;

private:
    void prepare(lws_client_connect_info& info) const override;
    Fields upgrade_fields(char*& end) override;
    int on_protocol_event(lws* wsi, int reason, std::string_view bytes) override;
    void begin_close(std::uint16_t code, std::string_view reason) override;
    seam::EndInfo loss(lws* wsi) const override;

    int on_answer(lws* wsi);
    int accept_answer(lws* wsi);
    int on_readable(lws* wsi);
    bool read(lws* wsi);
    void on_bytes(std::string_view bytes);
    void on_frame(const websocket::Event& event);
    void tell_inflation();
    void pace_pong();
    void on_close(const websocket::Event& event);
    void on_violation(const websocket::Event& event);
    void on_body(std::string_view bytes);
    void end_refused();

    int send_pending(lws* wsi);
    int broken(lws* wsi);
    void fill_batch();

    websocket::UpgradeRequest upgrade_;
    std::optional<seam::EndInfo> refused_;  // the answer is not 101: its body may still tell why
    std::string body_;
    std::unique_ptr<seam::Timer> body_timer_;
    std::unique_ptr<seam::Timer> pong_timer_;
    core::SteadyTime next_pong_{};  // not before; the epoch = at once

    std::optional<websocket::Decoder> decoder_;  // once open
    std::optional<std::string> pong_;            // to send; of several pings the last is answered
    std::string batch_;                          // frames for one write, behind the room that libwebsockets wants
    bool got_bytes_ = false;                     // by the last read
    bool input_ended_ = false;                   // the venue sends no more
    bool over_ = false;                          // nothing more to do but to end the socket
    bool closing_ = false;                       // a close frame is to be sent, or has been
    bool close_sent_ = false;
    bool heard_last_ = false;  // the venue has closed, or has broken the rules: nothing more is expected of it
    std::uint16_t close_code_ = 0;
    std::string close_reason_;
};

}  // namespace fairlead::net
