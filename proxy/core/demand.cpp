#include "core/demand.hpp"

#include "core/topic.hpp"

#include <iterator>
#include <utility>

namespace fairlead::core {

std::optional<DemandedTopic> demanded_topic(std::string_view prefix) {
    constexpr std::string_view kData = "data/";
    if (!prefix.starts_with(kData) || !prefix.ends_with('/')) return std::nullopt;
    const std::string_view names = prefix.substr(kData.size());
    const std::size_t slash = names.find('/');
    const std::string_view connection = names.substr(0, slash);
    if (connection.empty() || slash + 1 >= names.size()) return std::nullopt;
    const std::string_view encoded = names.substr(slash + 1, names.size() - slash - 2);
    if (encoded.find('/') != std::string_view::npos) return std::nullopt;
    if (encoded == kUnroutedChannel || encoded == kAnswersChannel) return std::nullopt;
    // In another spelling than ours it matches nothing that is ever published.
    std::string channel = decode_channel(encoded);
    if (encode_channel(channel) != encoded) return std::nullopt;
    return DemandedTopic{std::string(connection), std::move(channel)};
}

Demand::Changes Demand::subscribed(std::string_view channel, SteadyTime) {
    Changes changes;
    auto found = topics_.find(channel);
    if (found != topics_.end()) {
        Topic& topic = found->second;
        ++topic.consumers;
        if (topic.release_at) linger_.erase({*topic.release_at, found->first});
        topic.release_at.reset();
        return changes;
    }
    const bool must_evict = active_ >= settings_.max_topics && !linger_.empty();
    if (must_evict) release(topics_.find(linger_.begin()->second), changes);
    const bool has_room = active_ < settings_.max_topics;
    if (!has_room && waiting_.size() >= settings_.max_topics) {
        ++refused_;
        return changes;
    }
    found = topics_.emplace(std::string(channel), Topic{}).first;
    found->second.consumers = 1;
    if (has_room) {
        activate(found, changes);
    } else {
        waiting_.push_back(found->first);
        found->second.queued = std::prev(waiting_.end());
    }
    return changes;
}

Demand::Changes Demand::unsubscribed(std::string_view channel, SteadyTime now) {
    Changes changes;
    const auto found = topics_.find(channel);
    if (found == topics_.end() || found->second.consumers == 0) return changes;
    Topic& topic = found->second;
    if (--topic.consumers > 0) return changes;
    if (!topic.active) {
        waiting_.erase(*topic.queued);
        topics_.erase(found);
        return changes;
    }
    const bool has_successor = !waiting_.empty();  // who waits does not wait for a linger
    if (settings_.linger <= Duration::zero() || has_successor) {
        release(found, changes);
        fill(changes);
        return changes;
    }
    topic.release_at = now + settings_.linger;
    linger_.emplace(*topic.release_at, found->first);
    return changes;
}

Demand::Changes Demand::tick(SteadyTime now) {
    Changes changes;
    while (!linger_.empty() && linger_.begin()->first <= now)
        release(topics_.find(linger_.begin()->second), changes);
    fill(changes);
    return changes;
}

void Demand::activate(Topics::iterator topic, Changes& changes) {
    topic->second.active = true;
    ++active_;
    changes.push_back({topic->first, true});
}

void Demand::release(Topics::iterator topic, Changes& changes) {
    changes.push_back({topic->first, false});
    if (topic->second.release_at) linger_.erase({*topic->second.release_at, topic->first});
    --active_;
    topics_.erase(topic);
}

void Demand::fill(Changes& changes) {
    while (!waiting_.empty() && active_ < settings_.max_topics) {
        const auto topic = topics_.find(waiting_.front());
        waiting_.pop_front();
        topic->second.queued.reset();
        activate(topic, changes);
    }
}

std::optional<SteadyTime> Demand::next_deadline() const {
    if (linger_.empty()) return std::nullopt;
    return linger_.begin()->first;
}

bool Demand::wants(std::string_view channel) const {
    const auto found = topics_.find(channel);
    return found != topics_.end() && found->second.active;
}

std::uint64_t Demand::consumers(std::string_view channel) const {
    const auto found = topics_.find(channel);
    return found == topics_.end() ? 0 : found->second.consumers;
}

}  // namespace fairlead::core
