// How often a venue's host may be connected to: at most `count` attempts in any span of `per`, whoever makes them. The
// attempts are remembered as times, not as a level, so that callers with different limits can share one memory, and so
// that it can be kept in a file and be read by the next process.
//
// Times are durations since an epoch that is the same for every call: steady time within one process, wall time between
// several. A wall clock that is set back leaves attempts in the future; they count as made now, which waits too long
// rather than too short. One that is set forward makes them older than they are: nothing in the memory could tell.
#pragma once

#include "core/sliding_window.hpp"
#include "core/time.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::core {

// Of one host. Not thread-safe.
class ConnectionBudget {
public:
    // Empty = an attempt may be made now: take() it. Else how long to wait; at least 1 ns, at most `per`. A rate
    // without a count is no limit; one above kMaxKept counts as that.
    std::optional<Duration> wait(const Rate& rate, Duration now) const;
    // One is made now.
    void take(Duration now);
    // Attempts in the future become attempts now, and those of more than kLongest ago are forgotten. To be called
    // before wait(). True = something has changed, and is worth keeping.
    bool settle(Duration now);

    const std::vector<Duration>& attempts() const { return attempts_; }  // in order of time

    // A text with a check sum; what follows it in a file is ignored by parse().
    std::string text() const;
    // Empty = not such a text, or not a whole one.
    static std::optional<ConnectionBudget> parse(std::string_view text);

    static constexpr std::size_t kMaxKept = 2'000;  // the latest are kept
    static constexpr Duration kLongest = std::chrono::hours{24};
    static constexpr std::size_t kMaxText = std::size_t{64} * 1024;  // longer than any text()

private:
    std::vector<Duration> attempts_;
};

}  // namespace fairlead::core
