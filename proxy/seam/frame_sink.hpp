#pragma once

#include "seam/kept_frame.hpp"

#include <string>
#include <string_view>

namespace fairlead::seam {

enum class SinkResult {
    Sent,
    // Sent, but the queue of at least one consumer has just become full: it misses messages from this one on. Reported
    // once for each such episode.
    SlowConsumer,
};

// Where stream messages leave. Never blocks, never fails: what a consumer cannot take is lost to that consumer alone.
// Relay thread only.
class FrameSink {
public:
    virtual ~FrameSink() = default;
    // `head` and `payload` last for the call. With `owned`, payload views *owned, which the sink may move from. With
    // `keep`, the sink leaves a reference to the payload there, which lasts as long as its owner wants, also beyond the
    // sink; it costs no copy of the bytes.
    virtual SinkResult send(std::string_view head, std::string_view payload, std::string* owned, KeptFrame* keep) = 0;
    // A payload that this sink has kept, once more.
    virtual SinkResult send_again(std::string_view head, const KeptFrame& payload) = 0;
};

}  // namespace fairlead::seam
