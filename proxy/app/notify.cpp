#include "app/notify.hpp"

#include "net/shared_library.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace fairlead::app {
namespace {

constexpr const char* kLibrary = "libsystemd.so.0";

}  // namespace

struct Notify::Outbox {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::string> waiting;  // guarded by mutex, as is what follows
    bool closed = false;
    bool done = false;
};

Notify::Notify(seam::Timers& timers, const seam::Clock& clock, std::function<std::string()> describe)
    : clock_(clock), describe_(std::move(describe)) {
    const char* socket = std::getenv("NOTIFY_SOCKET");
    if (!socket || !*socket) return;
    net::SharedLibrary systemd(kLibrary);
    decltype(&sd_notify) send = nullptr;
    decltype(&sd_watchdog_enabled) watchdog_enabled = nullptr;
    systemd.find("sd_notify", send);
    systemd.find("sd_watchdog_enabled", watchdog_enabled);
    if (!systemd.problem().empty())
        throw std::runtime_error(
            fmt::format("NOTIFY_SOCKET is set, but {}: install libsystemd0, or unset it", systemd.problem()));
    std::uint64_t watchdog_us = 0;
    watched_ = watchdog_enabled(/*unset_environment=*/0, &watchdog_us) > 0;
    if (watched_) interval_ = std::min<core::Duration>(interval_, std::chrono::microseconds{watchdog_us / 2});
    outbox_ = std::make_shared<Outbox>();
    sender_ = std::thread([outbox = outbox_, send] { send_all(outbox, send); });
    timer_ = timers.create([this] { beat(); });
}

Notify::~Notify() {
    if (!outbox_) return;
    std::unique_lock lock(outbox_->mutex);
    outbox_->closed = true;
    outbox_->changed.notify_all();
    const bool done = outbox_->changed.wait_for(lock, kPatience, [this] { return outbox_->done; });
    lock.unlock();
    if (done)
        sender_.join();
    else
        sender_.detach();
}

void Notify::ready() {
    ready_ = true;
    tell("READY=1");
    beat();
}

void Notify::stopping() {
    ready_ = false;
    tell("STOPPING=1\nSTATUS=ending");
}

Notify::Reloading::Reloading(Notify& notify) : notify_(notify) {
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(notify_.clock_.now().time_since_epoch());
    if (notify_.ready_) notify_.tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
}

Notify::Reloading::~Reloading() {
    if (notify_.ready_) notify_.ready();
}

// Goes on while the sidecar ends: its last second is watched, too.
void Notify::beat() {
    if (!outbox_) return;
    if (watched_) tell("WATCHDOG=1");
    if (auto status = describe_(); ready_ && status != status_) {
        tell("STATUS=" + status);
        status_ = std::move(status);
    }
    timer_->arm(clock_.now() + interval_);
}

void Notify::tell(std::string message) {
    if (!outbox_) return;
    const std::lock_guard lock(outbox_->mutex);
    if (outbox_->waiting.size() == kQueuedMessages) outbox_->waiting.pop_front();
    outbox_->waiting.push_back(std::move(message));
    outbox_->changed.notify_all();
}

void Notify::send_all(const std::shared_ptr<Outbox>& outbox, Send send) {
    std::unique_lock lock(outbox->mutex);
    for (;;) {
        outbox->changed.wait(lock, [&outbox] { return outbox->closed || !outbox->waiting.empty(); });
        if (outbox->waiting.empty()) break;
        const std::string message = std::move(outbox->waiting.front());
        outbox->waiting.pop_front();
        lock.unlock();
        send(/*unset_environment=*/0, message.c_str());
        lock.lock();
    }
    outbox->done = true;
    outbox->changed.notify_all();
}

}  // namespace fairlead::app
