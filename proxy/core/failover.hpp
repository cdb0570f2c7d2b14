// Which of several endpoints the next attempt goes to, and when it is time to go back to the preferred one.
#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <optional>

namespace fairlead::core {

enum class EndpointOrder {
    Priority,    // the first that works: on to the next after max_consecutive_failures, back after fail_back_after
    RoundRobin,  // each attempt goes to the next
};

struct FailoverSettings {
    std::size_t endpoints = 1;  // at least 1
    EndpointOrder order = EndpointOrder::Priority;
    unsigned max_consecutive_failures = 5;               // of one endpoint; at least 1
    Duration fail_back_after = std::chrono::minutes{5};  // stable on a lesser endpoint for this long; 0 = never
    std::size_t preferred = 0;                           // below `endpoints`; redundant legs prefer different ones
};

class Failover {
public:
    explicit Failover(const FailoverSettings& settings);

    // For the attempt that begins now.
    std::size_t attempt();
    // Of the last attempt.
    std::size_t current() const { return current_; }
    // The attempt did not open, or the connection ended by itself before it was stable. An attempt to go back that
    // fails leads back to the endpoint before it at once. While a stable connection is in use beside the attempt, it
    // still is: its end is told by ended().
    void failed();
    // The connection has held for the stable time, on current().
    void stable(SteadyTime now);
    // The connection in use is gone, whichever way; after failed(), where both hold. The next attempt stays with its
    // endpoint, unless failed() said otherwise.
    void ended();
    // When to try the preferred endpoint again; empty = it is in use, or nothing is stable, or never.
    std::optional<SteadyTime> fail_back_at() const { return fail_back_at_; }
    // The attempt to go back begins now: attempt() gives the preferred endpoint, and the next fail_back_at() counts
    // from here if it fails.
    void begin_fail_back(SteadyTime now);
    // An endpoint that is not there any more is replaced by the preferred one.
    void configure(const FailoverSettings& settings);

private:
    std::size_t after(std::size_t endpoint) const { return (endpoint + 1) % settings_.endpoints; }
    void plan_fail_back(std::size_t in_use);

    FailoverSettings settings_;
    std::size_t current_;
    std::size_t next_;
    unsigned failures_ = 0;                   // of current_, in a row
    std::optional<std::size_t> going_back_;   // from which endpoint; empty = not going back
    std::optional<SteadyTime> counted_from_;  // fail_back_after counts from here; empty = nothing is stable
    std::optional<SteadyTime> fail_back_at_;
};

}  // namespace fairlead::core
