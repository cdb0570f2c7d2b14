// The topics of one connection: its data topics by channel, and its state topic. State is told in-band, on each of
// them, so that a consumer of one topic sees in one sequence both the data and what interrupted it.
#pragma once

#include "core/topic.hpp"
#include "fairlead/v1/stream.pb.h"
#include "publish/topic.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::publish {

class Publisher;

struct GroupOptions {
    std::size_t max_topics = 10'000;  // further channels go to `unrouted`
    bool last_value = false;          // a newcomer gets the last DATA of each topic again, as far as it is held
    // By how much the venue's own numbers grow from one message of a topic to the next; 0 = that is not known, so how
    // many were lost in an outage cannot be proved.
    std::uint64_t venue_step = 0;
};

// On which data topics an event is told, beside the state topic.
struct InBand {
    bool tell = false;
    std::optional<std::uint32_t> shard{};  // empty = on those of every shard
};

// Made and owned by the Publisher; ended by Publisher::close_group. Relay thread only.
class TopicGroup {
public:
    TopicGroup(Publisher& publisher, std::string connection, const GroupOptions& options);
    TopicGroup(const TopicGroup&) = delete;
    TopicGroup& operator=(const TopicGroup&) = delete;

    // The topic of a channel, made at its first use. A channel that cannot be a topic, or is one too many, gives the
    // topic of the channel `unrouted`.
    Topic& data_topic(std::string_view channel);
    Topic& unrouted() { return data_topic(core::kUnroutedChannel); }

    // On state/<connection>/, and as `in_band` says on the data topics.
    void announce(const v1::ConnectionEvent& event, InBand in_band, std::uint32_t session);
    // Every data topic, or those of one shard, owe their consumers a Gap before their next message.
    void begin_outage(const Outage& outage, std::optional<std::uint32_t> shard = std::nullopt);
    static void begin_outage(Topic& topic, const Outage& outage);
    void end(v1::EndCode code);

    std::size_t size() const { return topics_.size(); }
    const std::string& connection() const { return connection_; }
    Topic& state_topic() { return state_; }
    bool is_state_topic(const Topic& topic) const { return &topic == &state_; }
    // The channel of one of its data topics.
    std::string channel_of(const Topic& topic) const;
    // Null = it has not been used.
    Topic* find(std::string_view channel);
    void for_each_data_topic(const std::function<void(Topic&)>& visit);

    // Told by the heartbeats: a data topic tells that of its shard, the state topic the best of all.
    void set_liveness(std::uint32_t shard, v1::Liveness liveness);
    v1::Liveness liveness(std::uint32_t shard) const;  // DOWN until it was set
    v1::Liveness overall() const;
    v1::Liveness liveness_of(const Topic& topic) const;

    const GroupOptions& options() const { return options_; }

    // GAP messages told, by v1::GapCause.
    using GapCounts = std::array<std::uint64_t, v1::GapCause_ARRAYSIZE>;
    void count_gap(v1::GapCause cause) { ++gaps_[v1::GapCause_IsValid(cause) ? static_cast<std::size_t>(cause) : 0]; }
    const GapCounts& gaps() const { return gaps_; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    Topic* open(std::string_view channel);

    Publisher& publisher_;
    const std::string connection_;
    const GroupOptions options_;
    GapCounts gaps_{};
    std::vector<v1::Liveness> liveness_;  // by shard
    Topic state_;
    std::unordered_map<std::string, std::unique_ptr<Topic>, Hash, std::equal_to<>> topics_;  // by channel
};

}  // namespace fairlead::publish
