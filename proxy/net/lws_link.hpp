// A link on libwebsockets: looks the name up, tries every address, keeps what is to be sent, puts pieces of messages
// together. The socket itself is a Dial's.
#pragma once

#include "core/url.hpp"
#include "net/dial.hpp"
#include "net/resolver.hpp"
#include "seam/timers.hpp"
#include "seam/transport.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net {

class LwsTransport;

// A frame that waits to be sent, with the room that libwebsockets wants in front of it.
struct OutboundFrame {
    enum class Kind { Text, Binary, Ping };
    Kind kind = Kind::Text;
    std::string buffer;  // frame_room() bytes, then the payload
};
std::size_t frame_room();

class LwsLink final : public seam::Link {
public:
    LwsLink(LwsTransport& transport, seam::ConnectRequest request, seam::LinkHandler& handler);
    ~LwsLink() override;

    seam::SendResult send(std::string_view payload, bool binary) override;
    void ping(std::string_view payload) override;
    void close(std::uint16_t code, std::string_view reason) override;

    // From the Dial. Each may destroy this link.
    void on_open(const seam::OpenInfo& info);
    enum class PieceResult { Taken, TooBig, NotUtf8 };
    // One piece of a message; `remaining` bytes of its frame are still to come.
    PieceResult on_piece(std::string_view piece, bool first, bool last, bool binary, std::size_t remaining);
    void on_pong(std::string_view payload);
    // Empty optional = nothing to send.
    std::optional<OutboundFrame> next_frame();
    void on_all_sent();
    void on_ended(Dial& dial, bool tcp_up, seam::EndInfo info);

    const seam::ConnectRequest& request() const { return request_; }

private:
    void begin();
    void on_resolved(const Resolved& resolved);
    void dial_next();
    void on_address_timeout();
    void on_deadline();
    std::string refused_by() const;
    void finish(const seam::EndInfo& info);
    PieceResult deliver(const seam::InboundMessage& message);

    enum class Phase { Resolving, Connecting, Open, Ended };

    LwsTransport& transport_;
    const seam::ConnectRequest request_;
    seam::LinkHandler* handler_;  // null once ended
    core::Url url_;
    std::string proxy_;  // "user:password@address:port", empty = direct
    std::string proxy_address_;
    Phase phase_ = Phase::Resolving;
    std::vector<std::string> addresses_;
    std::size_t next_address_ = 0;
    Dial* dial_ = nullptr;
    std::unique_ptr<seam::Timer> next_turn_;
    std::unique_ptr<seam::Timer> address_timer_;
    std::unique_ptr<seam::Timer> deadline_;
    std::deque<OutboundFrame> queue_;
    std::size_t queued_bytes_ = 0;
    bool unacknowledged_sends_ = false;  // on_drained is owed
    std::string assembly_;
    std::shared_ptr<bool> self_;  // whoever answers this link later watches it
};

}  // namespace fairlead::net
