// One libwebsockets connection (wsi) and its callbacks: from the attempt to connect to an address up to the destruction
// of the wsi, which may come long after its link has lost interest. What is the same for both protocols is here; how
// messages become bytes and back is LwsDial's and NativeDial's.
#pragma once

#include "net/loop.hpp"
#include "seam/timers.hpp"
#include "seam/transport.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct lws;
struct lws_client_connect_info;
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
    virtual ~Dial() = default;
    Dial(const Dial&) = delete;
    Dial& operator=(const Dial&) = delete;

    // Begins. May end inside the call, in which case the link has been told and this object is gone.
    void start(const DialTarget& target, lws_vhost* vhost);
    // The link is not interested any more: nothing reaches it. An open connection gets a close frame with this code.
    void abandon(std::uint16_t close_code, std::string_view reason);
    // The link has something to send.
    void request_writable();
    // The address has accepted a TCP connection.
    bool tcp_up() const { return tcp_up_; }
    // What is being waited for, for people: "TCP connection", "TLS handshake", "upgrade".
    std::string_view phase() const;

    // libwebsockets' callback; `reason` is a lws_callback_reasons.
    static int on_event(lws* wsi, int reason, void* user, void* in, std::size_t len);

protected:
    using Fields = std::vector<std::pair<std::string, std::string>>;

    Dial(LwsTransport& transport, LwsLink& link);

    // What distinguishes the protocols. Their callbacks may end the link, and with it the calls to it.
    virtual void prepare(lws_client_connect_info& info) const = 0;
    // The fields that ask for the upgrade. `end` is the end of the head as libwebsockets has written it so far, and may
    // be moved back over its last field.
    virtual Fields upgrade_fields(char*& end) = 0;
    // The reasons that only one protocol has. As of libwebsockets' callback.
    virtual int on_protocol_event(lws* wsi, int reason, std::string_view bytes) = 0;
    // Once, and only when open: sends a close frame and ends the socket, bounded in time.
    virtual void begin_close(std::uint16_t code, std::string_view reason) = 0;
    // Why an open connection has ended, as far as it has not been told yet.
    virtual seam::EndInfo loss(lws* wsi) const = 0;

    LwsTransport& transport() const { return transport_; }
    lws* wsi() const { return wsi_; }
    LwsLink* link() const { return link_; }  // null once abandoned or ended
    bool is_open() const { return open_; }
    bool tls() const { return tls_; }
    // The upgrade has succeeded.
    void on_established(lws* wsi);
    void end(seam::EndInfo info);
    // What is told when the attempt ends, which whoever calls this brings about.
    void fail(core::Cause cause, std::string detail);
    void kill();
    // While reading the writable callback is not asked for: what waits is sent when the read is over.
    void set_reading(bool reading) { reading_ = reading; }
    // False = nothing but bytes from the venue can happen to the open socket, until it asks to be writable, or ends.
    void set_attention(bool wanted) { attention_.set(wanted); }
    // From here on the loop tells libwebsockets when bytes have come, except while that takes the turns itself.
    void watch_open_socket();
    // What the status, the verdict on the certificate, or `text` of libwebsockets says about a failed attempt.
    seam::EndInfo refusal(lws* wsi, std::string_view text) const;
    static seam::EndInfo closed_by_venue(std::uint16_t code, std::string_view reason);

private:
    int handle(lws* wsi, int reason, void* in, std::size_t len);
    int on_append_headers(lws* wsi, char** at, std::size_t room);
    void on_tcp_up(lws* wsi);
    void serve();
    void leave_to_libwebsockets();

    LwsTransport& transport_;
    LwsLink* link_;
    lws* wsi_ = nullptr;
    Loop::Attention attention_;
    std::unique_ptr<Loop::SocketWatch> socket_watch_;
    std::unique_ptr<seam::Timer> kill_timer_;
    bool starting_ = false;
    bool destroyed_ = false;
    bool tcp_up_ = false;
    bool tls_ = false;
    bool proxied_ = false;
    bool upgrading_ = false;
    bool open_ = false;
    bool reading_ = false;
    std::string failure_detail_;  // why this side ends the attempt; empty = it does not
    core::Cause failure_cause_ = core::Cause::ConnectionLost;
};

// The value of a field of the answer, `token` is a lws_token_indexes; empty = it is missing.
std::string answer_field(lws* wsi, int token);

}  // namespace fairlead::net
