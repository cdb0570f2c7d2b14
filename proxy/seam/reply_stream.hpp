// The way back to one client of the control socket that asked for more than one message.
#pragma once

#include "seam/kept_frame.hpp"

#include <string>
#include <string_view>

namespace fairlead::seam {

enum class ReplyResult {
    Sent,
    Full,  // the client's queue has no room now; nothing was sent
    Gone,  // the client is not connected any more; nothing was sent
};

// Never blocks. Relay thread only; after the socket has gone everything is Gone.
class ReplyStream {
public:
    virtual ~ReplyStream() = default;
    // Tells the ZeroMQ connections of clients apart. Lasts as long as this.
    virtual std::string_view connection() const = 0;
    virtual ReplyResult reply(std::string_view body) = 0;
    // As two frames.
    virtual ReplyResult message(std::string_view head, std::string_view payload) = 0;
    // Without a copy, where the payload was kept by this process' stream socket.
    virtual ReplyResult message(std::string_view head, const KeptFrame& payload) = 0;
};

}  // namespace fairlead::seam
