// ZeroMQ's thread, which writes to the consumers, and how it shares the processors with the relay thread.
//
// As a batch thread (sched(7)) it does not take the processor from the relay thread for each message, but goes when
// that has handed over all that it has read. That halves the latency of single messages at 20,000 a second and saves a
// tenth of the time of both threads (tests/bench/README.md). On a crowded machine it goes behind everybody else, too:
// while the relay thread's own waiting shows one, it is an ordinary thread. So it is where the system does not tell how
// long threads wait. Another policy, which somebody has given it, stays.
#pragma once

#include "core/crowding.hpp"
#include "core/time.hpp"

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace fairlead::net {

// Of one thread: how often it has run, and how long it has waited for that, in all.
struct Waits {
    std::uint64_t runs = 0;
    core::Duration waited{};
};

// Of the calling thread; nothing = the system does not tell.
std::optional<Waits> own_waits();

// Relay thread only.
class WriterThread {
public:
    // `waits` tells of the relay thread.
    explicit WriterThread(std::function<std::optional<Waits>()> waits = &own_waits) : waits_(std::move(waits)) {}

    // To be called now and then while messages flow: looks once in kLookInterval, for the first time at once.
    void look(core::SteadyTime now);

    static constexpr core::Duration kLookInterval = std::chrono::seconds{1};

private:
    void set_batch(bool batch);

    const std::function<std::optional<Waits>()> waits_;
    std::optional<std::vector<pid_t>> threads_;  // once looked for; none of them = nothing is done
    core::Crowding crowding_;
    core::SteadyTime next_look_{};
    bool batch_ = false;
};

}  // namespace fairlead::net
