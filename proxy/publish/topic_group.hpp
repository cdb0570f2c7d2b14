// The topics of one connection: its data topics by channel, and its state topic. State is told in-band, on each of
// them, so that a consumer of one topic sees in one sequence both the data and what interrupted it.
#pragma once

#include "core/topic.hpp"
#include "fairlead/v1/stream.pb.h"
#include "publish/topic.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fairlead::publish {

class Publisher;

// Made and owned by the Publisher; ended by Publisher::close_group. Relay thread only.
class TopicGroup {
public:
    TopicGroup(Publisher& publisher, std::string connection, std::size_t max_topics);

    // The topic of a channel, made at its first use. A channel that cannot be a topic, or is one too many, gives the
    // topic of the channel `unrouted`.
    Topic& data_topic(std::string_view channel);
    Topic& unrouted() { return data_topic(core::kUnroutedChannel); }

    // On state/<connection>/, and with `in_band` on every data topic.
    void announce(const v1::ConnectionEvent& event, bool in_band, std::uint32_t session);
    // Every data topic owes its consumers a Gap before its next message.
    void begin_outage(const Outage& outage);
    void end(v1::EndCode code);

    std::size_t size() const { return topics_.size(); }
    const std::string& connection() const { return connection_; }
    Topic& state_topic() { return state_; }
    // Null = it has not been used.
    Topic* find(std::string_view channel);
    void for_each_data_topic(const std::function<void(Topic&)>& visit);

    v1::Liveness liveness = v1::LIVENESS_DOWN;  // told by the heartbeats of these topics

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    Topic* open(std::string_view channel);

    Publisher& publisher_;
    const std::string connection_;
    const std::size_t max_topics_;
    Topic state_;
    std::unordered_map<std::string, std::unique_ptr<Topic>, Hash, std::equal_to<>> topics_;  // by channel
};

}  // namespace fairlead::publish
