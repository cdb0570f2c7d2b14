// Which topics of a connection are wanted because a consumer subscribes to them: reference counts, a linger before the
// last one's going takes effect (a consumer that restarts must not cost an unsubscription and a subscription upstream),
// and a bound.
//
// Not thread-safe. `now` must not go backwards.
#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::core {

struct DemandedTopic {
    std::string connection;
    std::string channel;  // as the venue writes it
};

// What a consumer's subscription asks for. Empty = nothing in particular: only data/<connection>/<channel>/, whole, is
// one topic; a shorter prefix is for whatever there is, a longer one matches nothing, and `unrouted` and
// `control` are no venue's.
std::optional<DemandedTopic> demanded_topic(std::string_view prefix);

struct DemandSettings {
    Duration linger = std::chrono::minutes{1};  // between the last consumer's going and the release
    std::size_t max_topics = 1'000;             // at once; as many again may wait
};

struct DemandChange {
    std::string channel;
    bool wanted = false;  // false = released
};

// Of one connection.
class Demand {
public:
    using Changes = std::vector<DemandChange>;  // in the order in which they are to be done

    explicit Demand(const DemandSettings& settings) : settings_(settings) {}

    // A consumer has subscribed, or has gone. When there is no room, topics that only linger are released for it, the
    // one that has lingered longest first; else the topic waits until there is. O(log topics).
    Changes subscribed(std::string_view channel, SteadyTime now);
    Changes unsubscribed(std::string_view channel, SteadyTime now);  // without effect if nobody has subscribed
    // Releases what has lingered long enough.
    Changes tick(SteadyTime now);
    // When to call tick(); empty = no timer is running.
    std::optional<SteadyTime> next_deadline() const;

    bool wants(std::string_view channel) const;   // lingering ones as well
    std::size_t size() const { return active_; }  // wanted
    std::size_t lingering() const { return linger_.size(); }
    std::size_t waiting() const { return waiting_.size(); }  // for room
    std::uint64_t refused() const { return refused_; }       // subscriptions for which not even that was possible
    std::uint64_t consumers(std::string_view channel) const;

    // A linger holds for what is left from now on; a smaller bound takes nothing away.
    void configure(const DemandSettings& settings) { settings_ = settings; }

private:
    struct Topic {
        std::uint64_t consumers = 0;
        bool active = false;
        std::optional<SteadyTime> release_at;                    // active, without consumers
        std::optional<std::list<std::string>::iterator> queued;  // not active: in waiting_
    };
    using Topics = std::map<std::string, Topic, std::less<>>;

    void activate(Topics::iterator topic, Changes& changes);
    void release(Topics::iterator topic, Changes& changes);
    void fill(Changes& changes);

    DemandSettings settings_;
    Topics topics_;
    std::set<std::pair<SteadyTime, std::string>> linger_;
    std::list<std::string> waiting_;  // first come, first served
    std::size_t active_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace fairlead::core
