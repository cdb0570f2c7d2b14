#include "core/flow_queue.hpp"

#include "core/subscription_flow.hpp"

namespace fairlead::core {

bool FlowQueue::BySerial::operator()(const FlowTopic* a, const FlowTopic* b) const {
    return a->serial_ < b->serial_;
}

FlowQueue::Kind FlowQueue::kind_of(const FlowTopic& topic) {
    return {topic.quarantine_.is_suspect() || topic.unanswered_ > 0, topic.group_};
}

void FlowQueue::insert(FlowTopic& topic) {
    by_age_.insert(&topic);
    by_kind_[kind_of(topic)].insert(&topic);
}

void FlowQueue::erase(FlowTopic& topic) {
    by_age_.erase(&topic);
    const auto kind = by_kind_.find(kind_of(topic));
    if (kind == by_kind_.end()) return;
    kind->second.erase(&topic);
    if (kind->second.empty()) by_kind_.erase(kind);
}

void FlowQueue::clear() {
    by_age_.clear();
    by_kind_.clear();
}

std::vector<FlowTopic*> FlowQueue::batch(const BatchLimits& limits) const {
    std::vector<FlowTopic*> taken;
    if (by_age_.empty()) return taken;
    std::uint64_t bytes = limits.overhead;
    for (FlowTopic* topic : by_kind_.at(kind_of(**by_age_.begin()))) {
        bytes += topic->bytes_ + 1;  // and a comma
        const bool is_full = taken.size() >= limits.topics || (limits.bytes > 0 && bytes > limits.bytes);
        if (is_full && !taken.empty()) break;
        taken.push_back(topic);
    }
    return taken;
}

}  // namespace fairlead::core
