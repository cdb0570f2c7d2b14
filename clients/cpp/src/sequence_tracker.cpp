#include "fairlead/sequence_tracker.hpp"

namespace fairlead::client {

std::optional<Verdict> SequenceTracker::enter(std::uint64_t epoch) {
    if (expected_ != 0 && epoch < epoch_) return std::nullopt;
    Verdict verdict;
    if (expected_ != 0 && epoch > epoch_) {
        verdict.new_epoch = true;
        expected_ = 1;
    }
    epoch_ = epoch;
    return verdict;
}

Verdict SequenceTracker::on_message(const Stamp& stamp) {
    std::optional<Verdict> verdict = enter(stamp.epoch);
    if (!verdict) return Verdict{.sight = Sight::OldEpoch};
    if (expected_ == 0) expected_ = stamp.sequence;

    if (stamp.sequence < expected_) {
        const bool last_value = stamp.replayed && only_baseline_;
        verdict->sight = last_value ? Sight::Deliver : Sight::Duplicate;
        if (last_value) only_baseline_ = false;
        return *verdict;
    }
    if (stamp.sequence > expected_) verdict->hole = Hole{expected_, stamp.sequence - 1};
    expected_ = stamp.sequence + 1;
    only_baseline_ = false;
    return *verdict;
}

Verdict SequenceTracker::on_heartbeat(std::uint64_t epoch, std::uint64_t next_sequence) {
    std::optional<Verdict> verdict = enter(epoch);
    if (!verdict) return Verdict{.sight = Sight::OldEpoch};
    if (expected_ == 0) {
        expected_ = next_sequence;
    } else if (next_sequence > expected_) {
        verdict->hole = Hole{expected_, next_sequence - 1};
        expected_ = next_sequence;
        only_baseline_ = false;
    }
    return *verdict;
}

}  // namespace fairlead::client
