// A token bucket: `burst` at once, `per_second` in the long run.
#pragma once

#include "core/time.hpp"

#include <algorithm>

namespace fairlead::core {

class RateLimit {
public:
    RateLimit(double per_second, double burst, SteadyTime now)
        : per_second_(per_second), burst_(burst), tokens_(burst), filled_(now) {}

    // Takes a token if there is one.
    bool allow(SteadyTime now) {
        tokens_ = tokens_at(now);
        filled_ = std::max(filled_, now);
        if (tokens_ < 1.0) return false;
        tokens_ -= 1.0;
        return true;
    }

    // Nothing has been taken for so long that forgetting the bucket changes nothing.
    bool full(SteadyTime now) const { return tokens_at(now) >= burst_; }

private:
    double tokens_at(SteadyTime now) const {
        const double seconds = std::chrono::duration<double>(now - filled_).count();
        return std::min(burst_, tokens_ + std::max(seconds, 0.0) * per_second_);
    }

    double per_second_;
    double burst_;
    double tokens_;
    SteadyTime filled_;
};

}  // namespace fairlead::core
