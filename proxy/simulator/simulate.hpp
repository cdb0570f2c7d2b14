// The body of `fairlead simulate`: a venue in the foreground.
#pragma once

#include <string>

namespace fairlead::simulator {

struct SimulateOptions {
    std::string listen = "127.0.0.1:9801";  // HOST:PORT, [HOST]:PORT for IPv6; port 0 = any
    std::string scenario_file;              // empty = the defaults of a Scenario
    std::string profile;                    // whose dialect; empty = what the scenario says
};

// Prints where it listens and one line for each event, and runs until SIGINT or SIGTERM; to be called before the
// process has other threads, so that the signals reach it. Returns 0, 1 (cannot listen) or 78 (the scenario, the
// profile or the address is wrong); the reasons are printed to stderr.
int simulate(const SimulateOptions& options);

}  // namespace fairlead::simulator
