// Waiting for a condition with a deadline, instead of sleeping.
#pragma once

#include "net/loop.hpp"

#include <chrono>
#include <functional>

namespace fairlead::support {

// Turns the loop until `done`; false when that takes too long.
inline bool turn_until(net::Loop& loop, const std::function<bool()>& done,
                       std::chrono::milliseconds patience = std::chrono::seconds{10}) {
    bool overdue = false;
    const auto timer = loop.create([&overdue] { overdue = true; });
    timer->arm(std::chrono::steady_clock::now() + patience);
    while (!done()) {
        if (overdue) return false;
        loop.turn();
    }
    return true;
}

}  // namespace fairlead::support
