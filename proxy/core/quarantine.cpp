#include "core/quarantine.hpp"

#include <algorithm>
#include <limits>

namespace fairlead::core {

SteadyTime Quarantine::refuse(const QuarantineSettings& settings, SteadyTime now) {
    const Duration longest = std::max(settings.first_retry, settings.max_retry);
    Duration wait = settings.first_retry;
    for (unsigned i = 0; i < refusals_ && wait < longest; ++i)
        wait = wait > longest / 2 ? longest : wait * 2;
    if (refusals_ < std::numeric_limits<unsigned>::max()) ++refusals_;
    const bool fits = now.time_since_epoch() <= Duration::max() - wait;
    return fits ? now + wait : SteadyTime::max();
}

}  // namespace fairlead::core
