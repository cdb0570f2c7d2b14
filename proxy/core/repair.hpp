// What is done about a hole in the venue's own numbers: the cheapest that works, each step limited in rate.
#pragma once

#include "core/time.hpp"

#include <optional>

namespace fairlead::core {

enum class RepairStep { Tell, Resubscribe, Rotate };

struct RepairSettings {
    RepairStep highest = RepairStep::Tell;
    Duration again_within = std::chrono::minutes{1};           // a hole this soon after a repair asks for the next step
    Duration resubscribe_interval = std::chrono::seconds{10};  // at least, between two
    Duration rotate_interval = std::chrono::minutes{5};        // at least, between two
};

// Of one topic, or of one socket.
class Repair {
public:
    // A hole was seen: it is told in any case; the result is what is done besides.
    RepairStep on_gap(const RepairSettings& settings, SteadyTime now);
    // Another one has asked for a rotation, which is for all.
    void note_rotation(SteadyTime now) { rotated_ = now; }

private:
    std::optional<SteadyTime> resubscribed_;
    std::optional<SteadyTime> rotated_;
};

}  // namespace fairlead::core
