// The venue's own numbers, topic by topic: what each says about the one before it, and how often something was wrong.
#pragma once

#include "config/config.hpp"
#include "core/sequence_tracker.hpp"
#include "publish/topic.hpp"
#include "relay/shard.hpp"
#include "venue/venue.hpp"

#include <cstdint>
#include <unordered_map>

namespace fairlead::relay {

struct SequenceCounters {
    std::uint64_t gaps = 0;
    std::uint64_t repeats = 0;
    std::uint64_t resets = 0;
    std::uint64_t out_of_order = 0;
};

// Relay thread only.
class SequenceWatch {
public:
    struct Sight {
        core::SequenceVerdict verdict{};
        // The number belongs before what has left, and another socket brought that: it has left, or a gap that was told
        // stands in its place.
        bool has_passed = false;
    };
    // Of a message with a number.
    Sight observe(const config::ConnectionConfig& config, publish::Topic& topic, const venue::Facts& facts,
                  const Arrival& arrival);
    // After an outage that is told anyway: what comes next is the first.
    void forget(publish::Topic& topic);
    const SequenceCounters& counters() const { return counters_; }

private:
    struct State {
        core::SequenceTracker tracker;
        std::uint32_t session = 0;  // which brought the highest number
    };
    std::unordered_map<publish::Topic*, State> topics_;
    SequenceCounters counters_;
};

}  // namespace fairlead::relay
