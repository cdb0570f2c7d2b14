// The real program as a child process, with three connections to two simulated venues.
#pragma once

#include "fairlead/control.hpp"
#include "fault_log.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::soak {

// One socket to venue A, quotes; two legs, to A and to B, trades; three sockets of two subscriptions each to B, quotes.
inline constexpr Connections kSingle = 1;
inline constexpr Connections kRedundant = 2;
inline constexpr Connections kSharded = 4;
inline constexpr Connections kOnA = kSingle | kRedundant;
inline constexpr Connections kOnB = kRedundant | kSharded;
// 0 = none of them.
Connections connection_of(std::string_view id);
std::string_view name_of(Connections one);

inline const std::vector<std::string>& symbols() {
    static const std::vector<std::string> kSymbols = {"aaa", "bbb", "ccc", "ddd", "eee", "fff"};
    return kSymbols;
}

// Of which nothing is subscribed at the beginning.
inline const std::vector<std::string>& late_symbols() {
    static const std::vector<std::string> kSymbols = {"xxx", "yyy", "zzz"};
    return kSymbols;
}

class Sidecar {
public:
    // Makes a temporary directory; nothing runs yet. Throws std::runtime_error.
    Sidecar(std::string program, std::uint16_t port_a, std::uint16_t port_b);
    // Kills the process and removes the directory.
    ~Sidecar();
    Sidecar(const Sidecar&) = delete;
    Sidecar& operator=(const Sidecar&) = delete;

    void start();
    void kill();  // SIGKILL
    // SIGTERM; the exit code, or 128 and the signal that ended it.
    int stop();
    bool is_running();
    // Another configuration, for Reload.
    void write_config(std::chrono::milliseconds ping_interval, bool extra_connection) const;

    client::Control& control() { return *control_; }
    // Every socket of every connection is connected and has its subscriptions.
    bool is_whole();
    std::string stream() const { return "ipc://" + directory_ + "/stream.sock"; }
    std::string log() const;
    std::string log_path() const { return directory_ + "/fairlead.log"; }

private:
    std::string program_;
    std::uint16_t port_a_;
    std::uint16_t port_b_;
    std::string directory_;
    std::unique_ptr<client::Control> control_;
    pid_t pid_ = -1;
};

// Looks until it is true; false when that takes too long.
bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds patience);

}  // namespace fairlead::soak
