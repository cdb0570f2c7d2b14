// What a link has accepted and its socket has not taken yet: in order, pings first, bounded.
#pragma once

#include "seam/transport.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::net {

// A frame that waits to be sent, with the room that libwebsockets wants in front of it.
struct OutboundFrame {
    enum class Kind { Text, Binary, Ping };
    Kind kind = Kind::Text;
    std::string buffer;  // frame_room() bytes, then the payload

    std::string_view payload() const;
};

std::size_t frame_room();

class Outbox {
public:
    // False = it is full (seam::Link::kMaxQueuedMessages, kMaxQueuedBytes).
    bool push(std::string_view payload, bool binary);
    // Goes before messages; cut to the 125 bytes of a control frame.
    void push_ping(std::string_view payload);
    // Nothing = it is empty.
    std::optional<OutboundFrame> pop();
    bool empty() const { return frames_.empty(); }
    std::size_t size() const { return frames_.size(); }
    // True, once, when there were messages since it was asked last.
    bool take_drained();

private:
    std::deque<OutboundFrame> frames_;
    std::size_t bytes_ = 0;
    bool drained_owed_ = false;
};

}  // namespace fairlead::net
