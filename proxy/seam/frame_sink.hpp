#pragma once

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
    // `head` and `payload` last for the call. With `owned`, payload views *owned, which the sink may move from.
    virtual SinkResult send(std::string_view head, std::string_view payload, std::string* owned) = 0;
};

}  // namespace fairlead::seam
