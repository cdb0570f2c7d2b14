#pragma once

#include "fairlead/v1/stream.pb.h"

#include <cstdint>
#include <optional>
#include <string>

namespace fairlead::publish {

// An upstream outage that a topic has not yet told: the Gap goes out just before the first message after it.
struct Outage {
    std::uint64_t from_ns = 0;  // the last moment at which the topic was whole
    v1::Cause reason = v1::CAUSE_UNSPECIFIED;
    std::string detail{};
};

// Where the numbering of a topic begins, or goes on.
struct Numbering {
    std::uint64_t next_sequence = 1;
    std::optional<Outage> outage;
};

// The numbering of one topic. Owned by its TopicGroup; its address does not change. Relay thread only.
struct Topic {
    Topic(std::string topic_name, Numbering start);

    std::string name;
    std::string head;  // name, NUL and room for the header, which is encoded in place
    std::uint64_t next_sequence;
    std::optional<Outage> outage;
    bool is_unrouted = false;

    // Heartbeats: how far the numbering was at the last tick, and in how many ticks the next one is due.
    std::uint64_t sequence_at_tick = 0;
    std::uint32_t beat_wait = 1;
    std::uint32_t beat_in = 1;
};

}  // namespace fairlead::publish
