// What a scrape reads: a picture of the relay, made by the relay thread in each of its ticks. The lock is held for the
// exchange of a pointer, so a scrape never waits for the relay nor the relay for a scrape.
#pragma once

#include "core/time.hpp"
#include "fairlead/v1/control.pb.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace fairlead::metrics {

struct Snapshot {
    v1::Status status{};
    v1::Connections connections{};
    v1::AlertChannels alert_channels{};
    std::uint64_t alerts_raised = 0;  // since start
    core::SteadyTime taken_at{};
    core::WallTime taken{};
};

// Any thread.
class SnapshotExchange {
public:
    void put(Snapshot snapshot) {
        auto next = std::make_shared<const Snapshot>(std::move(snapshot));
        {
            const std::lock_guard lock(mutex_);
            latest_.swap(next);
        }
        // What was the latest goes here, outside the lock.
    }

    // Null before the first. Shared: whoever reads it may still do so when the next one has come.
    std::shared_ptr<const Snapshot> get() const {
        const std::lock_guard lock(mutex_);
        return latest_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Snapshot> latest_;
};

}  // namespace fairlead::metrics
