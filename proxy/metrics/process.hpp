// What the system says of this process.
#pragma once

#include <cstdint>

namespace fairlead::metrics {

struct ProcessNumbers {
    double cpu_seconds = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t open_fds = 0;
    double start_time_seconds = 0;    // since the Unix epoch
    double first_waited_seconds = 0;  // the first thread, which relays: ready to run, without a processor
};

// Reads /proc: for a thread that may wait. What cannot be read stays 0.
ProcessNumbers read_process();

}  // namespace fairlead::metrics
