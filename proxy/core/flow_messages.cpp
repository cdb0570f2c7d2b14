#include "core/flow_messages.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fairlead::core {

void FlowMessages::add(FlowMessage message) {
    if (message.awaits) ++awaited_;
    if (message.part) ++parts_;
    live_.push_back(std::move(message));
    index_.emplace(live_.back().id, std::prev(live_.end()));
}

void FlowMessages::clear() {
    index_.clear();
    live_.clear();
    expired_.clear();
    awaited_ = parts_ = 0;
}

void FlowMessages::erase(std::uint64_t id) {
    const auto found = index_.find(id);
    if (found == index_.end()) return;
    const auto message = found->second;
    index_.erase(found);
    if (message->expired) {
        expired_.erase(message);
        return;
    }
    uncount(*message);
    live_.erase(message);
}

FlowMessage* FlowMessages::with_id(std::uint64_t id) {
    const auto found = index_.find(id);
    return found == index_.end() ? nullptr : &*found->second;
}

FlowMessage* FlowMessages::expired_with(std::string_view topic) {
    const auto has_topic = [topic](const FlowMessage& message) {
        return std::find(message.open.begin(), message.open.end(), topic) != message.open.end();
    };
    const auto found = std::find_if(expired_.begin(), expired_.end(), has_topic);
    return found == expired_.end() ? nullptr : &*found;
}

FlowMessage* FlowMessages::oldest_awaited() {
    const auto found =
        std::find_if(live_.begin(), live_.end(), [](const FlowMessage& message) { return message.awaits; });
    if (found != live_.end()) return &*found;
    return expired_.empty() ? nullptr : &expired_.front();
}

FlowMessage* FlowMessages::due(SteadyTime now) {
    return !live_.empty() && live_.front().due <= now ? &live_.front() : nullptr;
}

void FlowMessages::expire(FlowMessage& message) {
    if (message.expired) return;
    uncount(message);
    message.expired = true;
    expired_.splice(expired_.end(), live_, index_.at(message.id));
    while (expired_.size() > kMaxExpired) {
        index_.erase(expired_.front().id);
        expired_.pop_front();
    }
}

std::optional<SteadyTime> FlowMessages::next_due() const {
    if (live_.empty()) return std::nullopt;
    return live_.front().due;
}

void FlowMessages::uncount(const FlowMessage& message) {
    if (message.awaits) --awaited_;
    if (message.part) --parts_;
}

}  // namespace fairlead::core
