// Which socket of a pool carries which subscription, when a venue allows only so many on one, or only so long ones: the
// one with the fewest that has room, a new socket when none has. A subscription never moves while its socket lives:
// moving would interrupt it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fairlead::core {

struct PoolSettings {
    std::size_t per_socket = 0;          // subscriptions on one socket; 0 = no limit
    std::uint64_t bytes_per_socket = 0;  // of their texts; 0 = no limit
    std::size_t max_sockets = 64;        // without either limit one socket carries all
    bool operator==(const PoolSettings&) const = default;
};

class Pool {
public:
    using Shard = std::size_t;  // numbered from 0; a number that was released is used again, the lowest first

    explicit Pool(const PoolSettings& settings);

    struct Placement {
        Shard shard = 0;
        bool added = false;       // false = it was there already
        bool new_socket = false;  // the pool has grown by this shard
        bool full = false;        // no room on any socket, and no more sockets: not placed
        bool too_long = false;    // it has more bytes than a socket may carry, by itself: not placed
    };
    // Also on a socket that is empty and has not been released yet. O(shards).
    Placement place(std::string_view subscription);

    struct Placements {
        std::vector<Placement> placed{};       // of each, in order; empty if one was refused
        std::optional<std::size_t> refused{};  // which one, the first that there is no place for
        bool too_long = false;                 // it, by itself; else the pool is full
    };
    // All of them, or none: a refusal leaves the pool as it was.
    Placements place_all(std::span<const std::string> subscriptions);

    struct Removal {
        Shard shard = 0;
        bool removed = false;       // false = was not there
        bool socket_empty = false;  // its socket carries nothing any more: to be closed; never of shard 0
    };
    Removal remove(std::string_view subscription);
    // The empty shard's socket has been closed. Without effect on shard 0, which always exists, and on one that carries
    // something.
    void release(Shard shard);

    // 0 for a shard that is not in use.
    std::size_t load(Shard shard) const;
    std::uint64_t bytes(Shard shard) const;
    std::vector<Shard> shards() const;  // in use, in order
    std::size_t size() const;           // subscriptions
    bool contains(std::string_view subscription) const { return places_.contains(subscription); }
    // How many subscriptions all sockets together can carry, if they are short enough.
    std::size_t capacity() const {
        return settings_.per_socket == 0 ? std::numeric_limits<std::size_t>::max()
                                         : settings_.per_socket * settings_.max_sockets;
    }
    const PoolSettings& settings() const { return settings_; }
    // Changed limits hold for what is placed from now on.
    void configure(const PoolSettings& settings);

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    struct Load {
        std::size_t count = 0;
        std::uint64_t bytes = 0;
    };

    bool has_room(const Load& load, std::uint64_t bytes) const;
    Placement put(std::string_view subscription, Shard shard);
    void set_load(Shard shard, const Load& load);

    PoolSettings settings_;
    std::unordered_map<std::string, Shard, Hash, std::equal_to<>> places_;
    std::map<Shard, Load> loads_;
    std::set<std::pair<std::size_t, Shard>> by_load_;  // by count, the least loaded first
    std::set<Shard> released_;                         // numbers below the highest that was ever in use
};

}  // namespace fairlead::core
