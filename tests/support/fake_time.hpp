// A clock and timers that move when told.
#pragma once

#include "seam/clock.hpp"
#include "seam/timers.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>

namespace fairlead::support {

class FakeClock final : public seam::Clock {
public:
    core::SteadyTime now() const override { return now_; }
    core::WallTime wall() const override { return wall_; }
    void advance(core::Duration by) {
        now_ += by;
        wall_ += by;
    }

private:
    core::SteadyTime now_{std::chrono::hours{1}};
    core::WallTime wall_{std::chrono::hours{24 * 365 * 56}};
};

class FakeTimers final : public seam::Timers {
public:
    explicit FakeTimers(FakeClock& clock) : clock_(clock) {}

    std::unique_ptr<seam::Timer> create(std::function<void()> fired) override {
        return std::make_unique<Entry>(*this, std::move(fired));
    }

    // Moves the clock, firing what falls due on the way at its own time.
    void advance(core::Duration by) {
        const auto end = clock_.now() + by;
        while (!armed_.empty() && armed_.begin()->first <= end) {
            auto* entry = armed_.begin()->second;
            if (entry->when() > clock_.now()) clock_.advance(entry->when() - clock_.now());
            entry->fire();
        }
        clock_.advance(end - clock_.now());
    }
    std::size_t armed() const { return armed_.size(); }

private:
    class Entry final : public seam::Timer {
    public:
        Entry(FakeTimers& timers, std::function<void()> fired)
            : timers_(timers), fired_(std::make_shared<std::function<void()>>(std::move(fired))) {}
        ~Entry() override { cancel(); }
        void arm(core::SteadyTime when) override {
            cancel();
            when_ = when;
            timers_.armed_.emplace(when, this);
        }
        void cancel() override {
            if (when_) timers_.armed_.erase({*when_, this});
            when_.reset();
        }
        core::SteadyTime when() const { return *when_; }
        void fire() {
            cancel();
            const auto fired = fired_;
            (*fired)();
        }

    private:
        FakeTimers& timers_;
        std::shared_ptr<std::function<void()>> fired_;
        std::optional<core::SteadyTime> when_;
    };

    FakeClock& clock_;
    std::set<std::pair<core::SteadyTime, Entry*>> armed_;
};

}  // namespace fairlead::support
