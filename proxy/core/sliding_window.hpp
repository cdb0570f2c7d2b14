// At most so many in any span of time, exactly: unlike a token bucket, which after a rest lets nearly twice as many
// through within one span.
#pragma once

#include "core/time.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>

namespace fairlead::core {

struct Rate {
    unsigned count = 0;  // 0 = no limit
    Duration per = std::chrono::seconds{1};
    bool operator==(const Rate&) const = default;
};

// `Time` is SteadyTime or WallTime. Remembers `rate.count` times at most. Not thread-safe.
template <class Time>
class SlidingWindow {
public:
    explicit SlidingWindow(const Rate& rate) : rate_(rate) {}

    // From when on the next one is allowed; may be in the past. Empty = at once, whatever the time.
    std::optional<Time> allowed_at() const { return allowed_at(rate_); }
    // The same under a stricter rate; its count is at most that of the window.
    std::optional<Time> allowed_at(const Rate& stricter) const {
        if (stricter.count == 0 || taken_.size() < stricter.count) return std::nullopt;
        const Time oldest = taken_[taken_.size() - stricter.count];
        const bool fits = oldest.time_since_epoch() <= Duration::max() - stricter.per;
        return fits ? oldest + stricter.per : Time::max();
    }

    // One has happened, allowed or not.
    void note(Time now) {
        if (rate_.count == 0) return;
        taken_.insert(std::upper_bound(taken_.begin(), taken_.end(), now), now);
        while (taken_.size() > rate_.count)
            taken_.pop_front();
    }
    // The one noted with this time has not happened after all.
    void give_back(Time at) {
        const auto found = std::lower_bound(taken_.begin(), taken_.end(), at);
        if (found != taken_.end() && *found == at) taken_.erase(found);
    }
    void clear() { taken_.clear(); }

    const Rate& rate() const { return rate_; }
    const std::deque<Time>& taken() const { return taken_; }  // in order of time

private:
    Rate rate_;
    std::deque<Time> taken_;
};

}  // namespace fairlead::core
