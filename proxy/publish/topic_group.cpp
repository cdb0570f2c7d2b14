#include "publish/topic_group.hpp"

#include "core/topic.hpp"
#include "publish/header.hpp"
#include "publish/publisher.hpp"

namespace fairlead::publish {

Topic::Topic(std::string topic_name, Numbering start)
    : name(std::move(topic_name)),
      next_sequence(start.next_sequence),
      outage(std::move(start.outage)),
      sequence_at_tick(next_sequence) {
    head.reserve(name.size() + 1 + kMaxHeaderBytes);
    head = name;
    head.append(1 + kMaxHeaderBytes, '\0');
}

TopicGroup::TopicGroup(Publisher& publisher, std::string connection, std::size_t max_topics)
    : publisher_(publisher),
      connection_(std::move(connection)),
      max_topics_(max_topics),
      state_(core::state_topic(connection_), publisher.claim(core::state_topic(connection_))) {}

Topic& TopicGroup::data_topic(std::string_view channel) {
    if (const auto found = topics_.find(channel); found != topics_.end()) return *found->second;
    const bool has_room = topics_.size() < max_topics_ && publisher_.may_open_topic();
    if (has_room && channel != core::kUnroutedChannel) {
        if (Topic* topic = open(channel)) return *topic;
    }
    if (const auto found = topics_.find(core::kUnroutedChannel); found != topics_.end()) return *found->second;
    return *open(core::kUnroutedChannel);
}

Topic* TopicGroup::open(std::string_view channel) {
    auto name = core::data_topic(connection_, channel);
    if (!name) return nullptr;
    auto start = publisher_.claim(*name);
    auto topic = std::make_unique<Topic>(std::move(*name), std::move(start));
    topic->is_unrouted = channel == core::kUnroutedChannel;
    return topics_.emplace(std::string(channel), std::move(topic)).first->second.get();
}

void TopicGroup::announce(const v1::ConnectionEvent& event, bool in_band, std::uint32_t session) {
    if (in_band) {
        for (auto& [channel, topic] : topics_)
            publisher_.state(*topic, event, session);
    }
    publisher_.state(state_, event, session);
}

void TopicGroup::begin_outage(const Outage& outage) {
    for (auto& [channel, topic] : topics_) {
        // An outage inside an untold one: the topic has been incomplete since the first.
        if (!topic->outage) topic->outage = outage;
    }
}

void TopicGroup::end(v1::EndCode code) {
    for (auto& [channel, topic] : topics_)
        publisher_.end(*topic, code);
    publisher_.end(state_, code);
}

Topic* TopicGroup::find(std::string_view channel) {
    const auto found = topics_.find(channel);
    return found == topics_.end() ? nullptr : found->second.get();
}

void TopicGroup::for_each_data_topic(const std::function<void(Topic&)>& visit) {
    for (auto& [channel, topic] : topics_)
        visit(*topic);
}

}  // namespace fairlead::publish
