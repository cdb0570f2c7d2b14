// What sockets have counted, added up. Those that are gone are part of it: totals never shrink.
#pragma once

#include "relay/session.hpp"

#include <algorithm>
#include <cstdint>

namespace fairlead::relay {

struct SocketTotals {
    std::uint64_t reconnects = 0;  // attempts but the first of each socket
    std::uint64_t failed_attempts = 0;
    std::uint64_t opens = 0;
    core::Inflation inflation{};

    void add(const SessionFacts& socket) {
        reconnects += std::max<std::uint64_t>(socket.attempts, 1) - 1;
        failed_attempts += socket.failed_attempts;
        opens += socket.opens;
        inflation += socket.inflation;
    }
    void add(const SocketTotals& other) {
        reconnects += other.reconnects;
        failed_attempts += other.failed_attempts;
        opens += other.opens;
        inflation += other.inflation;
    }
};

}  // namespace fairlead::relay
