// The process on HTTP: takes a picture of the relay in each tick, which is what scrapes and probes read, and
// hands other requests to the relay thread.
#pragma once

#include "admin/admin.hpp"
#include "config/config.hpp"
#include "core/time.hpp"
#include "metrics/snapshot.hpp"
#include "net/loop.hpp"
#include "seam/clock.hpp"
#include "seam/log.hpp"
#include "seam/timers.hpp"

#include <functional>
#include <memory>
#include <string>

namespace fairlead::app {

// Relay thread only.
class HttpSurface {
public:
    // Both are called on the relay thread.
    using Describe = std::function<void(metrics::Snapshot& snapshot)>;
    using Handle = std::function<void(const std::string& request, std::function<void(std::string reply)> replied)>;

    // `interval` between pictures; they are taken at least once in kMaxInterval. The others outlive it.
    HttpSurface(core::Duration interval, net::Loop& loop, const seam::Clock& clock, Describe describe, Handle handle);

    // Listens, unless `config` says that it is off. Throws std::runtime_error when the address cannot be had, unless it
    // is the default that nobody has asked for: then it logs a warning, and there is no HTTP.
    void start(const config::HttpConfig& config, seam::Log& log);
    // What has just changed is told without waiting for the next tick.
    void renew();

    static constexpr core::Duration kMaxInterval = std::chrono::seconds{1};

private:
    void take_picture();

    const core::Duration interval_;
    net::Loop& loop_;
    const seam::Clock& clock_;
    const Describe describe_;
    const Handle handle_;
    metrics::SnapshotExchange snapshots_;
    std::unique_ptr<seam::Timer> timer_;
    std::unique_ptr<admin::Admin> admin_;
};

}  // namespace fairlead::app
