// Simulated time for stories about a connection: the machine, an owner that does what it says, and a venue.
#pragma once

#include "core/session_machine.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <variant>
#include <vector>

namespace fairlead::test {

// No pings and no end of retries, unless a story is about them.
inline core::SessionSettings story_settings() {
    core::SessionSettings settings;
    settings.backoff = {.initial_delay = std::chrono::seconds{1},
                        .max_delay = std::chrono::minutes{5},
                        .multiplier = 2.0,
                        .jitter_factor = 0.1};
    settings.max_retries = 0;
    settings.ping_interval = core::Duration{0};
    return settings;
}

// The owner of a socket in simulated time. What the venue does is scheduled by `on_open` and `on_ping`, and lost when
// the machine closes the socket.
class World {
public:
    explicit World(const core::SessionSettings& settings) : machine(settings) {}

    void input(const core::SessionInput& input) {
        const core::SessionActions actions = machine.step(input, now, chance_(random_));
        for (const core::SessionAction& action : actions)
            perform(action);
    }

    void in(core::Duration wait, const core::SessionInput& event) { venue_.emplace(now + wait, event); }

    void run(core::Duration span) {
        const core::SteadyTime end = now + span;
        for (;;) {
            const std::optional<core::SteadyTime> deadline = machine.next_deadline();
            const bool venue_is_next = !venue_.empty() && (!deadline || venue_.begin()->first <= *deadline);
            const std::optional<core::SteadyTime> next = venue_is_next ? venue_.begin()->first : deadline;
            if (!next || *next > end) break;
            now = std::max(now, *next);
            if (venue_is_next) {
                const core::SessionInput event = venue_.begin()->second;
                venue_.erase(venue_.begin());
                input(event);
            } else {
                input(core::input::Tick{last_data ? last_data() : std::nullopt});
            }
        }
        now = end;
    }

    const core::action::Announce& last() const { return told.back(); }

    core::SessionMachine machine;
    core::SteadyTime now{std::chrono::seconds{1000}};
    std::function<void()> on_open = [] {};
    std::function<void()> on_ping = [] {};
    std::function<std::optional<core::SteadyTime>()> last_data;
    std::vector<core::SteadyTime> opens;
    std::vector<core::action::Announce> told;
    std::vector<core::SteadyTime> told_at;
    int restores = 0;
    int pings = 0;

private:
    void perform(const core::SessionAction& action) {
        if (std::holds_alternative<core::action::Open>(action)) {
            opens.push_back(now);
            on_open();
        } else if (std::holds_alternative<core::action::Close>(action)) {
            venue_.clear();
        } else if (std::holds_alternative<core::action::Ping>(action)) {
            ++pings;
            on_ping();
        } else if (std::holds_alternative<core::action::Restore>(action)) {
            ++restores;
        } else {
            told.push_back(std::get<core::action::Announce>(action));
            told_at.push_back(now);
        }
    }

    std::multimap<core::SteadyTime, core::SessionInput> venue_;
    std::mt19937_64 random_{5};
    std::uniform_real_distribution<double> chance_{0.0, 1.0};
};

}  // namespace fairlead::test
