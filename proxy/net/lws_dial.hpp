// libwebsockets' own WebSocket role: it parses, this passes on.
#pragma once

#include "net/dial.hpp"

namespace fairlead::net {

class LwsDial final : public Dial {
public:
    LwsDial(LwsTransport& transport, LwsLink& link) : Dial(transport, link) {}

private:
    void prepare(lws_client_connect_info& info) const override;
    Fields upgrade_fields(char*& end) override;
    int on_protocol_event(lws* wsi, int reason, std::string_view bytes) override;
    void begin_close(std::uint16_t code, std::string_view reason) override;
    seam::EndInfo loss(lws* wsi) const override;

    void on_receive(lws* wsi, std::string_view piece);
    void deliver(const seam::InboundMessage& message);
    void on_peer_close(std::string_view payload);
    int on_writable(lws* wsi);
    int close_now(lws* wsi);

    std::string assembly_;
    bool sent_in_this_turn_ = false;
    bool write_failed_ = false;
    bool closing_ = false;
    std::uint16_t close_code_ = 0;  // to send
    std::string close_reason_;
    std::uint16_t peer_code_ = 0;  // received
    std::string peer_reason_;
    bool peer_closed_ = false;
};

}  // namespace fairlead::net
