// What becomes of a topic that the venue refuses: left alone, and tried again at growing intervals, because venues
// refuse for reasons that pass, and because nobody should have to restart anything when they have passed.
#pragma once

#include "core/time.hpp"

namespace fairlead::core {

struct QuarantineSettings {
    Duration first_retry = std::chrono::minutes{1};  // above 0; each refusal in a row doubles the interval
    Duration max_retry = std::chrono::hours{1};
};

// Of one topic.
class Quarantine {
public:
    // Refused once more: when to try again.
    SteadyTime refuse(const QuarantineSettings& settings, SteadyTime now);
    // Accepted: the next refusal is the first.
    void forgive() { refusals_ = 0; }
    // Refused, and not accepted since.
    bool is_suspect() const { return refusals_ > 0; }
    unsigned refusals() const { return refusals_; }

private:
    unsigned refusals_ = 0;
};

}  // namespace fairlead::core
