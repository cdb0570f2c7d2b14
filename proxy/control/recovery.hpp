// What was lost, fetched again: Replay and Snapshot in pages or as streams, and the list of gaps.
#pragma once

#include "control/replay_source.hpp"
#include "control/replay_streams.hpp"
#include "fairlead/v1/control.pb.h"
#include "publish/publisher.hpp"
#include "relay/outcome.hpp"
#include "seam/clock.hpp"
#include "seam/timers.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace fairlead::control {

// Relay thread only. What it is made of outlives it.
class Recovery {
public:
    Recovery(const publish::Publisher& publisher, const seam::Clock& clock, seam::Timers& timers);

    // Pages. `request_id` stands in the headers of the messages.
    relay::Outcome page(const v1::Replay& command, std::uint64_t request_id, v1::ReplayResult& result);
    relay::Outcome page(const v1::Snapshot& command, std::uint64_t request_id, v1::SnapshotResult& result);

    relay::Outcome list(const v1::ListGaps& command, v1::Gaps& gaps) const;

    static bool wants_stream(const v1::Request& request);
    // Makes the Reply's bytes once its result is known.
    using Encode = std::function<std::string(v1::Reply& reply)>;
    // Begins a stream and sends its Reply there; unless the code is OK nothing was begun and nothing was sent. For a
    // request that wants one.
    relay::Outcome stream(const v1::Request& request, ReplayStreams::Asker asker, const Encode& encode);
    // To be called once in each turn of the loop. Returns has_runnable().
    bool advance() { return streams_.advance(); }
    // There is more to do at once: the loop must not wait.
    bool has_runnable() const { return streams_.has_runnable(); }
    // Ends every stream, with END where its client has room for it.
    void shut_down() { streams_.shut_down(); }

    void describe(v1::Status& status) const;

    static constexpr std::size_t kMaxPageMessages = 1'000;
    static constexpr std::size_t kMaxPageBytes = std::size_t{1} << 20;
    static constexpr int kMaxPrefixes = 10'000;

private:
    relay::Outcome check(const v1::Replay& command) const;
    static relay::Outcome check(const v1::Snapshot& command);
    std::unique_ptr<ReplaySource> source(const v1::Replay& command, std::uint64_t request_id, v1::ReplayResult& result);
    bool is_other_epoch(const v1::Replay& command) const;

    const Past past_;
    ReplayStreams streams_;
    std::uint64_t asked_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t paged_messages_ = 0;
};

}  // namespace fairlead::control
