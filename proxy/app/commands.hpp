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
// A venue's profile alone, with its examples.
int check_profile(const std::string& profile_file);
// Simulator, relay and a consumer in one process, with faults on the way and an explanation of each.
int demo(std::chrono::seconds duration);
// One connection of a config file on its own for so long: prints what its venue does, and fails unless that is in
// order.
int probe(const std::string& config_file, const std::string& connection, std::chrono::seconds length, bool json);
int version(bool json);
enum class Health {
    Ready,    // every connection is connected, and has what it should have
    Started,  // each has been tried
    Live,     // the relay's loop turns
};
// Asks the sidecar that serves HTTP at `http` (HOST:PORT), and prints its reasons.
int healthcheck(const std::string& http, Health wanted);

// libwebsockets' own warnings go to stderr only when asked for by FAIRLEAD_LWS_LOG=1: what they tell comes as causes.
void quiet_libwebsockets();

}  // namespace fairlead::app
