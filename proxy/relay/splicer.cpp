#include "relay/splicer.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace fairlead::relay {

Splicer::Splicer(const core::SpliceSettings& settings, publish::TopicGroup& group, std::uint32_t shard, Leave leave)
    : settings_(settings), group_(group), shard_(shard), leave_(std::move(leave)) {}

void Splicer::begin() {
    active_ = true;
}

void Splicer::end() {
    active_ = false;
    splices_.clear();
    legs_ = {};
    running_ = {};
}

void Splicer::attempt(unsigned slot) {
    if (!active_ || running_[slot]) return;
    running_[slot] = true;
    legs_.begin(slot);
}

void Splicer::open(unsigned slot) {
    if (!active_) return;
    attempt(slot);
    legs_.open(slot);
}

void Splicer::close(unsigned slot, core::SteadyTime now, const Owes& owes) {
    if (!active_ || !running_[slot]) return;
    const bool was_open = legs_.is_open(slot);
    std::vector<unsigned> left;
    for (unsigned other = 0; other < core::SpliceLegs::kMaxLegs; ++other)
        if (other != slot && legs_.is_open(other)) left.push_back(other);
    if (was_open && !left.empty()) {
        group_.for_each_data_topic([&](publish::Topic& topic) {
            if (!carries(topic)) return;
            const auto found = splices_.find(&topic);
            const core::Splice* splice = found == splices_.end() ? nullptr : found->second.get();
            if (std::ranges::none_of(left, [&](unsigned other) { return is_proved(splice, other); })) owes(topic);
        });
    }
    running_[slot] = false;
    legs_.end(slot);
    release(now);
}

// Where nothing came on any socket, one that has settled is believed; where something came, it must have brought some.
bool Splicer::is_proved(const core::Splice* splice, unsigned slot) const {
    if (!splice) return legs_.is_settled(slot);
    if (!splice->is_aligned(slot)) return false;
    return !splice->has_flowed_since(slot) || splice->has_brought(slot);
}

void Splicer::settle_unproved(unsigned slot, core::SteadyTime now, const Owes& owes) {
    if (!active_ || !legs_.is_open(slot)) return;
    for (auto& [topic, splice] : splices_)
        if (carries(*topic) && !topic->is_unrouted && splice->has_flowed_since(slot) && !splice->is_aligned(slot))
            owes(*topic);
    settle(slot, now);
}

void Splicer::settle(unsigned slot, core::SteadyTime now) {
    if (!active_ || !legs_.is_open(slot)) return;
    legs_.settle(slot);
    release(now);
}

core::SpliceResult Splicer::offer(publish::Topic& topic, const core::SpliceMessage& message) {
    auto result = splice_of(topic).offer(message);
    if (result.verdict == core::SpliceVerdict::Held) waiting_ = splices_.size();
    return result;
}

bool Splicer::has_caught_up(unsigned slot, std::optional<std::uint64_t> active_since_ns) const {
    bool caught_up = true;
    group_.for_each_data_topic([&](publish::Topic& topic) {
        if (!caught_up || topic.is_unrouted || !carries(topic)) return;
        const auto found = splices_.find(&topic);
        const bool aligned = found != splices_.end() && found->second->is_aligned(slot);
        if (aligned) return;
        const bool flows = found != splices_.end() && found->second->has_flowed_since(slot);
        const bool was_active = active_since_ns && topic.last_data_ns >= *active_since_ns;
        if (flows || was_active) caught_up = false;
    });
    return caught_up;
}

bool Splicer::brings_anything(unsigned slot) const {
    bool flows = false;
    for (const auto& entry : splices_) {
        if (entry.second->has_brought(slot)) return true;
        flows = flows || entry.second->has_flowed_since(slot);
    }
    return !flows;
}

void Splicer::release(core::SteadyTime now) {
    if (waiting_ == 0) return;
    waiting_ = 0;
    for (auto& [topic, splice] : splices_) {
        for (const auto& held : splice->release(now))
            leave_(*topic, held);
        if (splice->next_release()) ++waiting_;
    }
}

std::optional<core::SteadyTime> Splicer::next_release() const {
    std::optional<core::SteadyTime> earliest;
    if (waiting_ == 0) return earliest;
    for (const auto& entry : splices_) {
        const auto when = entry.second->next_release();
        if (when && (!earliest || *when < *earliest)) earliest = when;
    }
    return earliest;
}

core::Splice& Splicer::splice_of(publish::Topic& topic) {
    auto& splice = splices_[&topic];
    if (!splice) splice = std::make_unique<core::Splice>(settings_, legs_);
    return *splice;
}

bool Splicer::carries(const publish::Topic& topic) const {
    return !topic.is_answers && (topic.shard == shard_ || topic.shard == publish::kEveryShard);
}

}  // namespace fairlead::relay
