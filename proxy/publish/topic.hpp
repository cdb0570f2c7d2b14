#pragma once

#include "fairlead/v1/stream.pb.h"
#include "publish/journal.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace fairlead::publish {

class TopicGroup;

// An upstream outage that a topic has not yet told: the Gap goes out just before the first message after it.
struct Outage {
    std::uint64_t from_ns = 0;  // the last moment at which the topic was whole
    v1::Cause reason = v1::CAUSE_UNSPECIFIED;
    std::string detail{};
    std::uint64_t venue_sequence_before = 0;  // the venue's own number of the last message; 0 = as the topic knows it
};

// Where the numbering of a topic begins, or goes on.
struct Numbering {
    std::uint64_t next_sequence = 1;
    std::optional<Outage> outage;
};

// Of a topic that more than one shard has brought data for.
inline constexpr std::uint32_t kEveryShard = 0xffff'ffff;

// The numbering of one topic. Owned by its TopicGroup; its address does not change. Relay thread only.
struct Topic {
    Topic(TopicGroup& owner, std::string topic_name, Numbering start);

    TopicGroup& group;
    std::string name;
    std::string head;  // name, NUL and room for the header, which is encoded in place
    std::uint64_t next_sequence;
    std::optional<Outage> outage;
    bool is_unrouted = false;
    bool is_answers = false;         // what the venue answers to one socket; the owner's
    bool is_proved = false;          // that its subscription flows, since the last socket was opened; the owner's
    std::uint32_t shard = 0;         // which of the connection's sockets carries it, or kEveryShard
    std::uint64_t last_data_ns = 0;  // receive time of the last DATA; 0 = none yet
    std::uint64_t last_venue_sequence = 0;  // the venue's own number of the last message; 0 = none known
    Journal::Past* past = nullptr;          // what is held of it; null = the journal is off

    // Heartbeats: how far the numbering was at the last tick, and in how many ticks the next one is due.
    std::uint64_t sequence_at_tick = 0;
    std::uint32_t beat_wait = 1;
    std::uint32_t beat_in = 1;
};

}  // namespace fairlead::publish
