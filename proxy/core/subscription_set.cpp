#include "core/subscription_set.hpp"

#include <iterator>

namespace fairlead::core {

std::string_view to_string(SubscriptionState state) {
    switch (state) {
        case SubscriptionState::Pending:
            return "pending";
        case SubscriptionState::Sent:
            return "sent";
        case SubscriptionState::Acknowledged:
            return "acknowledged";
        case SubscriptionState::Flowing:
            return "flowing";
        case SubscriptionState::Stale:
            return "stale";
        case SubscriptionState::Rejected:
            return "rejected";
    }
    return "unknown";
}

SubscriptionSet::SubscriptionSet(std::size_t max_subscriptions) : max_subscriptions_(max_subscriptions) {}

SubscriptionSet::AddResult SubscriptionSet::add(std::string_view name) {
    if (index_.contains(name)) return AddResult::AlreadyThere;
    if (entries_.size() >= max_subscriptions_) return AddResult::Full;
    entries_.push_back(Subscription{std::string{name}, SubscriptionState::Pending, 0});
    const auto added = std::prev(entries_.end());
    index_.emplace(added->name, added);
    ++pending_;
    return AddResult::Added;
}

bool SubscriptionSet::remove(std::string_view name) {
    const auto found = index_.find(name);
    if (found == index_.end()) return false;
    const auto entry = found->second;
    if (entry->state == SubscriptionState::Pending) --pending_;
    index_.erase(found);
    entries_.erase(entry);
    return true;
}

void SubscriptionSet::begin_session() {
    make_all_pending();
    in_session_ = true;
}

void SubscriptionSet::end_session() {
    make_all_pending();
    in_session_ = false;
}

std::vector<std::string> SubscriptionSet::take_pending() {
    std::vector<std::string> taken;
    if (!in_session_ || pending_ == 0) return taken;
    taken.reserve(pending_);
    for (Subscription& entry : entries_) {
        if (entry.state != SubscriptionState::Pending) continue;
        entry.state = SubscriptionState::Sent;
        ++entry.times_sent;
        taken.push_back(entry.name);
    }
    pending_ = 0;
    return taken;
}

void SubscriptionSet::put_back(std::string_view name) {
    const auto found = index_.find(name);
    if (found == index_.end() || found->second->state == SubscriptionState::Pending) return;
    found->second->state = SubscriptionState::Pending;
    --found->second->times_sent;
    ++pending_;
}

bool SubscriptionSet::mark_flowing(std::string_view name) {
    const auto found = index_.find(name);
    if (found == index_.end() || found->second->state == SubscriptionState::Pending) return false;
    found->second->state = SubscriptionState::Flowing;
    return true;
}

const Subscription* SubscriptionSet::find(std::string_view name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &*found->second;
}

void SubscriptionSet::make_all_pending() {
    for (Subscription& entry : entries_)
        entry.state = SubscriptionState::Pending;
    pending_ = entries_.size();
}

}  // namespace fairlead::core
