// When a socket is replaced by a new one while it still works, and when the new one takes over: make before break.
//
//                request, age, ...             Opened                     Caught up, or `overlap` has passed
//   Resting ------------------------> Opening ---------> Overlapping -----------------------------------------> Resting
//      ^                                 |                    |                                      (the new socket is
//      +---- Ended, `open_timeout`: abandoned; tried again after a wait, if the reason still holds      the only one)
//
// The old socket is closed only by TakeOver. If it dies first, the new one takes over at once if it is open.
#pragma once

#include "core/backoff.hpp"
#include "core/cause.hpp"
#include "core/time.hpp"

#include <optional>
#include <string>

namespace fairlead::core {

struct RotationSettings {
    Duration max_age{0};  // of a socket, after which it is replaced; 0 = never
    double jitter_factor =
        0.05;  // max_age is shortened by up to this part of it: sockets of one age do not go together
    // Hour of the day, UTC, in which a rotation for age should fall if one lies in the last quarter of max_age.
    std::optional<unsigned> preferred_hour{};
    Duration overlap = std::chrono::seconds{30};       // at most, from Opened to TakeOver
    Duration open_timeout = std::chrono::seconds{60};  // at most, from Open to Opened
    BackoffSettings retry{};                           // waits between attempts that were abandoned
};

class Rotation {
public:
    enum class Phase { Resting, Opening, Overlapping };

    struct Action {
        enum class Kind {
            None,
            Open,      // open a socket beside the old one
            TakeOver,  // the new one is the socket from here on; close the old one
            Abandon,   // close the new one
        };
        Kind kind = Kind::None;
        Cause cause = Cause::Unspecified;  // why it was begun
        std::string detail{};
        bool caught_up = false;  // TakeOver: everything that flows has been seen on the new socket
    };

    explicit Rotation(const RotationSettings& settings);

    // The socket that is in use has opened: its age counts from here. `wall` is now, for preferred_hour. Not needed
    // after TakeOver, where the age begins anew by itself. `chance`, here and below: evenly distributed in [0, 1).
    void connected(SteadyTime now, WallTime wall, double chance);
    // The socket in use is gone, by itself or by command. While Overlapping the new one takes over; while Opening it is
    // abandoned, because the old one's own reconnect does the same.
    Action lost(SteadyTime now);
    // An operator, a drain notice, changed settings ... Without effect (None) while one is under way or nothing is
    // connected, and for a drain notice that is repeated while the next attempt waits.
    Action request(Cause cause, std::string detail, SteadyTime now);
    // Of the new socket.
    Action opened(SteadyTime now);
    Action failed(std::string detail, SteadyTime now, double chance);
    // Everything that flows has been seen on the new socket.
    Action caught_up(SteadyTime now);
    // next_deadline() has passed.
    Action tick(SteadyTime now, double chance);

    Phase phase() const { return phase_; }
    // Empty = nothing is to come by itself. In the past only until tick().
    std::optional<SteadyTime> next_deadline() const;
    // Of what comes from here on; a wait or an attempt that is under way ends as it began.
    void configure(const RotationSettings& settings);

private:
    struct Reason {
        Cause cause = Cause::Unspecified;
        std::string detail{};
    };
    // The socket in use.
    struct Current {
        SteadyTime since{};
        WallTime since_wall{};
        double chance = 0.0;
    };

    std::optional<SteadyTime> end_of_age(const Current& current) const;
    Action begin(Reason reason, SteadyTime now);
    Action abandon(std::string detail, SteadyTime now, double chance);
    Action take_over(bool caught_up, SteadyTime now);
    void forget_reasons();

    RotationSettings settings_;
    Phase phase_ = Phase::Resting;
    Backoff retry_;
    std::optional<Current> current_;      // empty = nothing is connected
    std::optional<SteadyTime> age_at_;    // when the socket in use is to be replaced for its age
    Reason reason_{};                     // of what is under way
    std::optional<Reason> unmet_;         // a reason that still holds, until a new socket is in use
    std::optional<SteadyTime> retry_at_;  // Resting: when unmet_ is tried again
    SteadyTime deadline_{};               // of Opening or Overlapping
};

}  // namespace fairlead::core
