// Whether the processors are too few for those who want them, as a thread sees by how long it waits for one each time
// that it could run.
//
// The bounds are measured (two processors, kernel 6.18): 6 to 25 µs where there is room, also with the relay and its
// consumers at their limit; 80 µs to 2 ms beside as many busy processes as there are processors. Between the two
// nothing changes.
#pragma once

#include "core/time.hpp"

#include <chrono>
#include <cstdint>

namespace fairlead::core {

class Crowding {
public:
    // What the thread has done so far in all. True = it is crowded. To be asked about once a second: fewer than
    // kLeastRuns since the last answer tell nothing.
    bool observe(std::uint64_t runs, Duration waited) {
        const auto more_runs = runs - runs_;
        if (more_runs < kLeastRuns) return crowded_;
        const auto mean = (waited - waited_) / static_cast<std::int64_t>(more_runs);
        runs_ = runs;
        waited_ = waited;
        if (mean > kCrowded) crowded_ = true;
        if (mean < kRoomy) crowded_ = false;
        return crowded_;
    }

    static constexpr std::uint64_t kLeastRuns = 50;
    static constexpr Duration kCrowded = std::chrono::microseconds{100};
    static constexpr Duration kRoomy = std::chrono::microseconds{40};

private:
    std::uint64_t runs_ = 0;
    Duration waited_{};
    bool crowded_ = false;
};

}  // namespace fairlead::core
