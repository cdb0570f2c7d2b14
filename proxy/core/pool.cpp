#include "core/pool.hpp"

#include <algorithm>
#include <iterator>

namespace fairlead::core {

Pool::Pool(const PoolSettings& settings) : settings_(settings) {
    set_load(0, 0);
}

Pool::Placement Pool::place(std::string_view subscription) {
    const auto found = places_.find(subscription);
    if (found != places_.end()) return {.shard = found->second};
    const auto [load, least] = *by_load_.begin();
    if (settings_.per_socket == 0 || load < settings_.per_socket) return put(subscription, least);
    if (loads_.size() >= settings_.max_sockets) return {.full = true};
    const Shard added = released_.empty() ? loads_.size() : *released_.begin();
    released_.erase(added);
    set_load(added, 0);
    Placement placement = put(subscription, added);
    placement.new_socket = true;
    return placement;
}

Pool::Placement Pool::put(std::string_view subscription, Shard shard) {
    places_.emplace(subscription, shard);
    set_load(shard, load(shard) + 1);
    return {.shard = shard, .added = true};
}

Pool::Removal Pool::remove(std::string_view subscription) {
    const auto found = places_.find(subscription);
    if (found == places_.end()) return {};
    const Shard shard = found->second;
    places_.erase(found);
    set_load(shard, load(shard) - 1);
    return {.shard = shard, .removed = true, .socket_empty = shard != 0 && load(shard) == 0};
}

void Pool::release(Shard shard) {
    const auto found = loads_.find(shard);
    if (shard == 0 || found == loads_.end() || found->second > 0) return;
    by_load_.erase({0, shard});
    loads_.erase(found);
    released_.insert(shard);
}

void Pool::set_load(Shard shard, std::size_t load) {
    const auto [entry, is_new] = loads_.try_emplace(shard, load);
    if (!is_new) by_load_.erase({entry->second, shard});
    entry->second = load;
    by_load_.insert({load, shard});
}

std::size_t Pool::load(Shard shard) const {
    const auto found = loads_.find(shard);
    return found == loads_.end() ? 0 : found->second;
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
