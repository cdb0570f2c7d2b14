// The bodies of the commands of `fairlead`. Each returns the exit code of the process.
#pragma once

#include <chrono>
#include <string>

namespace fairlead::app {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitConfig = 78;  // EX_CONFIG of sysexits.h

// Relays until SIGINT or SIGTERM.
int run(const std::string& config_file);
// Prints every problem of a config file, or that there is none; with `print` the whole configuration as it is in force.
int check(const std::string& config_file, bool print);
// Simulator, relay and a consumer in one process, with faults on the way and an explanation of each.
int demo(std::chrono::seconds duration);
int version(bool json);

// libwebsockets' own warnings go to stderr only when asked for by FAIRLEAD_LWS_LOG=1: what they tell comes as causes.
void quiet_libwebsockets();

}  // namespace fairlead::app
