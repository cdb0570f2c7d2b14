// What the service manager is told (sd_notify): that the sidecar serves, reloads or ends, how it fares, and that its
// loop still turns. Where there is none, which is everywhere but under systemd, nothing happens.
//
// libsystemd is loaded only there, with the libraries that it brings. Its call waits for as long as the service manager
// does not read, and systemd that has crashed never does again. So a thread of its own makes it, from a bounded queue.
#pragma once

#include "seam/clock.hpp"
#include "seam/timers.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace fairlead::app {

// Relay thread only. Nothing here blocks, but for the destructor.
class Notify {
public:
    // `describe` makes the line that `systemctl status` shows; it is called on the relay thread, from a timer. Throws
    // std::runtime_error where there is a service manager and no libsystemd.
    Notify(seam::Timers& timers, const seam::Clock& clock, std::function<std::string()> describe);
    // Sends what is queued, for kPatience at most.
    ~Notify();
    Notify(const Notify&) = delete;
    Notify& operator=(const Notify&) = delete;

    // The sidecar serves. From here on the watchdog is fed, where there is one, at half of its time or sooner.
    void ready();
    // The orderly end has begun.
    void stopping();

    // A reload, for as long as it lives.
    class Reloading {
    public:
        explicit Reloading(Notify& notify);
        ~Reloading();
        Reloading(const Reloading&) = delete;
        Reloading& operator=(const Reloading&) = delete;

    private:
        Notify& notify_;
    };

    static constexpr core::Duration kStatusInterval = std::chrono::seconds{5};
    static constexpr std::chrono::milliseconds kPatience{100};
    static constexpr std::size_t kQueuedMessages = 16;  // the oldest go first

private:
    struct Outbox;

    using Send = int (*)(int unset_environment, const char* state);

    static void send_all(const std::shared_ptr<Outbox>& outbox, Send send);
    void tell(std::string message);
    void beat();

    const seam::Clock& clock_;
    const std::function<std::string()> describe_;
    std::shared_ptr<Outbox> outbox_;  // null = there is no service manager; the thread's as well, which may outlive us
    std::thread sender_;
    std::unique_ptr<seam::Timer> timer_;
    core::Duration interval_ = kStatusInterval;
    bool watched_ = false;
    bool ready_ = false;
    std::string status_;  // that was told last
};

}  // namespace fairlead::app
