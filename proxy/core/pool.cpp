#include "core/pool.hpp"

#include <algorithm>
#include <iterator>

namespace fairlead::core {

Pool::Pool(const PoolSettings& settings) : settings_(settings) {
    set_load(0, {});
}

bool Pool::has_room(const Load& load, std::uint64_t bytes) const {
    if (settings_.per_socket > 0 && load.count >= settings_.per_socket) return false;
    return settings_.bytes_per_socket == 0 || load.bytes + bytes <= settings_.bytes_per_socket;
}

Pool::Placement Pool::place(std::string_view subscription) {
    const auto found = places_.find(subscription);
    if (found != places_.end()) return {.shard = found->second};
    if (settings_.bytes_per_socket > 0 && subscription.size() > settings_.bytes_per_socket) return {.too_long = true};
    for (const auto& [count, shard] : by_load_) {
        if (settings_.per_socket > 0 && count >= settings_.per_socket) break;
        if (has_room(loads_.at(shard), subscription.size())) return put(subscription, shard);
    }
    if (loads_.size() >= settings_.max_sockets) return {.full = true};
    const Shard added = released_.empty() ? loads_.size() : *released_.begin();
    released_.erase(added);
    set_load(added, {});
    Placement placement = put(subscription, added);
    placement.new_socket = true;
    return placement;
}

Pool::Placements Pool::place_all(std::span<const std::string> subscriptions) {
    Placements result;
    result.placed.reserve(subscriptions.size());
    for (const std::string& subscription : subscriptions) {
        const Placement placement = place(subscription);
        if (!placement.full && !placement.too_long) {
            result.placed.push_back(placement);
            continue;
        }
        result.refused = result.placed.size();
        result.too_long = placement.too_long;
        break;
    }
    if (!result.refused) return result;
    for (std::size_t i = result.placed.size(); i-- > 0;) {
        if (result.placed[i].added) remove(subscriptions[i]);
        if (result.placed[i].new_socket) release(result.placed[i].shard);
    }
    result.placed.clear();
    return result;
}

Pool::Placement Pool::put(std::string_view subscription, Shard shard) {
    places_.emplace(subscription, shard);
    Load load = loads_.at(shard);
    ++load.count;
    load.bytes += subscription.size();
    set_load(shard, load);
    return {.shard = shard, .added = true};
}

Pool::Removal Pool::remove(std::string_view subscription) {
    const auto found = places_.find(subscription);
    if (found == places_.end()) return {};
    const Shard shard = found->second;
    Load load = loads_.at(shard);
    --load.count;
    load.bytes -= found->first.size();
    places_.erase(found);
    set_load(shard, load);
    return {.shard = shard, .removed = true, .socket_empty = shard != 0 && load.count == 0};
}

void Pool::release(Shard shard) {
    const auto found = loads_.find(shard);
    if (shard == 0 || found == loads_.end() || found->second.count > 0) return;
    by_load_.erase({0, shard});
    loads_.erase(found);
    released_.insert(shard);
}

void Pool::set_load(Shard shard, const Load& load) {
    const auto [entry, is_new] = loads_.try_emplace(shard, load);
    if (!is_new) by_load_.erase({entry->second.count, shard});
    entry->second = load;
    by_load_.insert({load.count, shard});
}

std::size_t Pool::load(Shard shard) const {
    const auto found = loads_.find(shard);
    return found == loads_.end() ? 0 : found->second.count;
}

std::uint64_t Pool::bytes(Shard shard) const {
    const auto found = loads_.find(shard);
    return found == loads_.end() ? 0 : found->second.bytes;
}

std::vector<Pool::Shard> Pool::shards() const {
    std::vector<Shard> result;
    result.reserve(loads_.size());
    std::transform(loads_.begin(), loads_.end(), std::back_inserter(result), [](const auto& one) { return one.first; });
    return result;
}

std::size_t Pool::size() const {
    return places_.size();
}

void Pool::configure(const PoolSettings& settings) {
    settings_ = settings;
}

}  // namespace fairlead::core
