#include "publish/topic_group.hpp"

#include "core/topic.hpp"
#include "publish/header.hpp"
#include "publish/publisher.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::publish {

Topic::Topic(TopicGroup& owner, std::string topic_name, Numbering start)
    : group(owner),
      name(std::move(topic_name)),
      next_sequence(start.next_sequence),
      outage(std::move(start.outage)),
      sequence_at_tick(next_sequence) {
    head.reserve(name.size() + 1 + kMaxHeaderBytes);
    head = name;
    head.append(1 + kMaxHeaderBytes, '\0');
}

TopicGroup::TopicGroup(Publisher& publisher, std::string connection, const GroupOptions& options)
    : publisher_(publisher),
      connection_(std::move(connection)),
      options_(options),
      state_(*this, core::state_topic(connection_), publisher.claim(core::state_topic(connection_))) {
    publisher_.opened(state_);
}

Topic& TopicGroup::data_topic(std::string_view channel) {
    if (const auto found = topics_.find(channel); found != topics_.end()) return *found->second;
    const bool has_room = topics_.size() < options_.max_topics && publisher_.may_open_topic();
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
    auto topic = std::make_unique<Topic>(*this, std::move(*name), std::move(start));
    topic->is_unrouted = channel == core::kUnroutedChannel;
    publisher_.opened(*topic);
    return topics_.emplace(std::string(channel), std::move(topic)).first->second.get();
}

void TopicGroup::announce(const v1::ConnectionEvent& event, InBand in_band, std::uint32_t session) {
    if (in_band.tell) {
        for (auto& [channel, topic] : topics_)
            if (!in_band.shard || *in_band.shard == topic->shard) publisher_.state(*topic, event, session);
    }
    publisher_.state(state_, event, session);
}

void TopicGroup::begin_outage(const Outage& outage, std::optional<std::uint32_t> shard) {
    for (auto& [channel, topic] : topics_)
        if (!shard || *shard == topic->shard) begin_outage(*topic, outage);
}

void TopicGroup::begin_outage(Topic& topic, const Outage& outage) {
    // An outage inside an untold one: the topic has been incomplete since the first.
    if (topic.outage) return;
    topic.outage = outage;
    if (topic.outage->venue_sequence_before == 0) topic.outage->venue_sequence_before = topic.last_venue_sequence;
}

void TopicGroup::set_liveness(std::uint32_t shard, v1::Liveness liveness) {
    if (shard >= liveness_.size()) liveness_.resize(std::size_t{shard} + 1, v1::LIVENESS_DOWN);
    liveness_[shard] = liveness;
}

v1::Liveness TopicGroup::liveness(std::uint32_t shard) const {
    if (shard == kEveryShard) return overall();
    return shard < liveness_.size() ? liveness_[shard] : v1::LIVENESS_DOWN;
}

v1::Liveness TopicGroup::overall() const {
    // In the contract the better one has the smaller number.
    v1::Liveness best = v1::LIVENESS_DOWN;
    for (const v1::Liveness one : liveness_)
        best = std::min(best, one);
    return best;
}

v1::Liveness TopicGroup::liveness_of(const Topic& topic) const {
    return is_state_topic(topic) ? overall() : liveness(topic.shard);
}

void TopicGroup::end(v1::EndCode code) {
    for (auto& [channel, topic] : topics_)
        publisher_.end(*topic, code);
    publisher_.end(state_, code);
}

std::string TopicGroup::channel_of(const Topic& topic) const {
    const std::size_t begin = std::string_view("data//").size() + connection_.size();
    return core::decode_channel(std::string_view(topic.name).substr(begin, topic.name.size() - begin - 1));
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
