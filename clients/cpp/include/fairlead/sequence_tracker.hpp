// The consumer's half of the sequence rules in proto/README.md, for one topic, as a pure rule: what to do with a
// number.
//
//   first sight                  baseline: delivered, nothing is missing (a late joiner has no past)
//   as expected                  deliver
//   higher than expected         tell the hole, then deliver
//   lower than expected          duplicate; but the last value, sent again, where only heartbeats came and no hole
//                                was seen: deliver
//   greater epoch                numbering began anew: tell, then as above, expecting 1
//   smaller epoch                a leftover of an earlier life: ignore
//
// A heartbeat tells the number that comes next: higher than expected means that the tail is missing.
#pragma once

#include <cstdint>
#include <optional>

namespace fairlead::client {

// Numbers that did not arrive, both ends included.
struct Hole {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    friend bool operator==(const Hole&, const Hole&) = default;
};

enum class Sight { Deliver, Duplicate, OldEpoch };

struct Verdict {
    Sight sight = Sight::Deliver;
    bool new_epoch = false;      // the topic was known in a smaller epoch; whatever followed there is unknown
    std::optional<Hole> hole{};  // in the epoch of this message
    friend bool operator==(const Verdict&, const Verdict&) = default;
};

// What a message says of its place.
struct Stamp {
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;  // >= 1
    bool replayed = false;       // FLAG_REPLAYED
};

class SequenceTracker {
public:
    // A message that takes a number, whatever its kind.
    Verdict on_message(const Stamp& stamp);
    // A message that takes none but tells `next_sequence`: a heartbeat, the end of a topic. Deliver means: not of an
    // old epoch.
    Verdict on_heartbeat(std::uint64_t epoch, std::uint64_t next_sequence);

    // 0 = nothing seen yet.
    std::uint64_t expected() const { return expected_; }
    std::uint64_t epoch() const { return epoch_; }

private:
    // Of an old epoch: empty. Otherwise the verdict so far; expected_ is 0 at first sight.
    std::optional<Verdict> enter(std::uint64_t epoch);

    std::uint64_t epoch_ = 0;
    std::uint64_t expected_ = 0;
    // No message and no hole so far: the last value, sent again for a newcomer, lies below the baseline and is wanted.
    // Behind a hole it would be a number that is told or fetched already.
    bool only_baseline_ = true;
};

}  // namespace fairlead::client
