// One libwebsockets connection (wsi) and its callbacks: from the attempt to connect to an address up to the destruction
// of the wsi, which may come long after its link has lost interest.
#pragma once

#include "seam/timers.hpp"
#include "seam/transport.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct lws;
struct lws_vhost;

namespace fairlead::net {

class LwsLink;
class LwsTransport;

struct DialTarget {
    std::string address;  // numeric, or a name behind a proxy
    std::uint16_t port = 0;
    std::string host_header;
    std::string path;
    bool tls = false;
};

// Owned by the transport until libwebsockets is done with it. Relay thread only.
class Dial {
public:
    Dial(LwsTransport& transport, LwsLink& link);

    // Begins. May end inside the call, in which case the link has been told and this object is gone.
    void start(const DialTarget& target, lws_vhost* vhost);
    // The link is not interested any more: nothing reaches it. An open connection gets a close frame with this code.
    void abandon(std::uint16_t close_code, std::string_view reason);
    void request_writable();
    // The address has accepted a TCP connection.
    bool tcp_up() const { return tcp_up_; }
    // What is being waited for, for people: "TCP connection", "TLS handshake", "upgrade".
    std::string_view phase() const;

    // libwebsockets' callback; `reason` is a lws_callback_reasons.
    static int on_event(lws* wsi, int reason, void* user, void* in, std::size_t len);

private:
    int handle(lws* wsi, int reason, void* in, std::size_t len);
    int on_append_headers(lws* wsi, char** at, std::size_t room);
    int on_receive(lws* wsi, std::string_view chunk);
    int on_writable(lws* wsi);
    void on_established(lws* wsi);
    void on_tcp_up(lws* wsi);
    void on_closed(lws* wsi);
    void kill();
    void begin_close(std::uint16_t code, std::string_view reason);
    int close_now(lws* wsi);
    void end(seam::EndInfo info);
    seam::EndInfo refusal(lws* wsi, std::string_view text) const;

    LwsTransport& transport_;
    LwsLink* link_;  // null once abandoned or ended
    lws* wsi_ = nullptr;
    std::unique_ptr<seam::Timer> kill_timer_;
    bool starting_ = false;
    bool destroyed_ = false;
    bool tcp_up_ = false;
    bool tls_ = false;
    bool proxied_ = false;
    bool upgrading_ = false;
    bool sent_in_this_turn_ = false;
    bool open_ = false;
    bool write_failed_ = false;
    bool closing_ = false;
    std::uint16_t close_code_ = 0;  // to send
    std::string close_reason_;
    std::uint16_t peer_code_ = 0;  // received
    std::string peer_reason_;
    bool peer_closed_ = false;
    std::string end_detail_;  // why this side ends the connection; empty = it does not
    core::Cause end_cause_ = core::Cause::ConnectionLost;
};

}  // namespace fairlead::net
