// What a Subscriber knows of one topic.
#pragma once

#include "fairlead/sequence_tracker.hpp"
#include "recovery.hpp"

#include <cstdint>
#include <string>

namespace fairlead::client {

struct Topic {
    Topic(const RecoveryLimits& limits, SubscriberCounters& counters) : recovery(limits, counters) {}

    std::string name;
    std::string connection;
    std::string channel;  // decoded
    bool is_state = false;
    SequenceTracker tracker;  // of the stream; the numbers of a replay do not pass through it
    Recovery recovery;
    bool ready = false;            // is in the Dispatcher's list of topics that have something to do
    std::uint64_t ticket = 0;      // Replays: its place among those that wait; 0 = does not
    bool active = false;           // Replays: has a turn
    std::uint64_t request_id = 0;  // Replays: of the replay that was asked for last; 0 = none is awaited
};

}  // namespace fairlead::client
