// One WebSocket client connection as the rest of fairlead sees it: opened, messages, one end. Which library carries it,
// and the many ways in which that library can end a connection, stay behind this line.
#pragma once

#include "core/cause.hpp"
#include "core/inflation.hpp"
#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::seam {

// Which of the implementations carries a connection.
enum class Protocol {
    Native,  // RFC 6455 by the codec of the websocket room, on libwebsockets as TCP, TLS, proxy and HTTP
    Lws,     // libwebsockets' own WebSocket role
};

struct ConnectRequest {
    std::string url;  // ws:// or wss://, secrets resolved; never logged
    std::vector<std::pair<std::string, std::string>> headers;
    std::string shown_host{};  // what a text for people calls the host; empty = the host itself, which is no secret
    std::string subprotocol;   // Sec-WebSocket-Protocol, empty = none offered
    std::string ca_file;       // PEM; empty = the system's store
    std::string cert_file;     // client certificate chain, PEM; empty = none
    std::string key_file;      // its key, PEM; empty = in cert_file
    std::string server_name;   // SNI and certificate name when they differ from the URL's host
    std::string proxy;         // http://user:password@host:port; empty = direct
    core::Duration timeout{};  // for one attempt: lookup, TCP, TLS and upgrade together
    std::uint64_t max_message_bytes = 0;
    Protocol protocol = Protocol::Lws;
    bool compression = false;  // offer permessage-deflate; Native only
    // At least this long between two pongs, where the venue counts them: the newest ping is answered (RFC 6455 5.5.3).
    // Native only.
    core::Duration pong_interval{};
};

struct OpenInfo {
    std::string endpoint{};                               // address and port in use
    std::string tls{};                                    // protocol and cipher; empty on ws://
    std::optional<core::WallTime> certificate_expires{};  // the venue's; empty on ws://
};

struct EndInfo {
    core::Cause cause = core::Cause::ConnectionLost;
    std::string detail{};           // one line; never a secret
    std::uint16_t close_code = 0;   // as received; 0 = none
    std::uint16_t http_status = 0;  // of the upgrade; 0 = none
    std::optional<core::Duration> retry_after{};
};

// A whole message. `bytes` last for the call. Where the transport had to assemble it from pieces it is in `*assembled`
// as well, which the receiver may move from instead of copying.
struct InboundMessage {
    std::string_view bytes;
    bool binary = false;
    std::string* assembled = nullptr;
};

// Calls come on the relay thread: on_open at most once, then any number of on_message and on_pong, on_end exactly once
// and last, unless the link was destroyed before. The handler may destroy its own link inside any of them, and must
// outlive it.
class LinkHandler {
public:
    virtual ~LinkHandler() = default;
    virtual void on_open(const OpenInfo& info) = 0;
    // Around the messages that came with one read of the socket: they have arrived at the same time.
    virtual void on_read_begin() {}
    virtual void on_read_end() {}
    virtual void on_message(const InboundMessage& message) = 0;
    // Of what came with the read, before its end or that of the link is told. Not called where nothing was compressed.
    virtual void on_inflated(const core::Inflation&) {}
    virtual void on_pong(std::string_view payload) = 0;
    // Of the venue; it is answered without the handler. Native only.
    virtual void on_ping() {}
    // Every message accepted by send() has been handed to the socket.
    virtual void on_drained() = 0;
    virtual void on_end(const EndInfo& info) = 0;
};

enum class SendResult { Accepted, NotOpen, QueueFull };

// Destroying an open link is close(1000, ""). Relay thread only.
class Link {
public:
    virtual ~Link() = default;
    // Queued in order and bounded (kMaxQueuedMessages, kMaxQueuedBytes); on_drained tells when the queue is empty
    // again.
    virtual SendResult send(std::string_view payload, bool binary) = 0;
    // At most 125 bytes; goes before queued messages.
    virtual void ping(std::string_view payload) = 0;
    // That wait for the socket, pings among them.
    virtual std::size_t queued_messages() const = 0;
    // Ends the connection: with a close frame of this code if it is open, in the background and bounded in time. No
    // call reaches the handler from then on.
    virtual void close(std::uint16_t code, std::string_view reason) = 0;

    static constexpr std::size_t kMaxQueuedMessages = 65536;
    static constexpr std::size_t kMaxQueuedBytes = std::size_t{16} << 20;
};

class Transport {
public:
    virtual ~Transport() = default;
    // Never fails at once: every failure arrives by on_end, in a later turn of the loop.
    virtual std::unique_ptr<Link> open(const ConnectRequest& request, LinkHandler& handler) = 0;
};

}  // namespace fairlead::seam
