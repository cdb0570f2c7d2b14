// Signs of life in the venue's own words, where ping and pong frames say nothing or are not understood: what we have to
// send, how soon the venue has to reply, and how long it may be silent altogether. Deadline-driven: the owner calls
// tick() when next_deadline() has passed, and tells no message one by one but the last time of each kind.
//
// Not thread-safe. `now` must not go backwards.
#pragma once

#include "core/time.hpp"

#include <optional>
#include <string>
#include <variant>

namespace fairlead::core {

struct VenueHeartbeatSettings {
    Duration interval{0};  // between two that we send; 0 = we send none
    Duration timeout{0};   // for the reply to one; 0 = none comes
    Duration silence{0};   // of everything that counts as a sign of life; 0 = never too long
};

class VenueHeartbeat {
public:
    struct Send {};  // our heartbeat; answer with sent()
    struct Dead {    // the connection is to be ended
        std::string reason;
    };
    using Action = std::variant<Send, Dead>;

    explicit VenueHeartbeat(const VenueHeartbeatSettings& settings) : settings_(settings) {}

    // The socket is open, and texts may be sent.
    void begin_session(SteadyTime now);
    void end_session();

    // Empty = nothing to do (yet). `last_heard` = the last message of any kind that is a sign of life (data, the
    // venue's own heartbeat, a reply) in this session. At most one action for each call; after Dead nothing until the
    // next session.
    std::optional<Action> tick(SteadyTime now, std::optional<SteadyTime> last_heard);
    // The heartbeat has been handed to the socket. If it could not be sent, nothing is to be called: it is asked for
    // again after kRetry.
    void sent(SteadyTime now);
    // The venue's reply to ours.
    void replied(SteadyTime now);
    // The reply to the last heartbeat took so long; empty = none yet in this session.
    std::optional<Duration> round_trip() const { return round_trip_; }

    // When to call tick(); empty = no timer is running.
    std::optional<SteadyTime> next_deadline() const;
    // Changed settings apply to deadlines armed from now on.
    void configure(const VenueHeartbeatSettings& settings) { settings_ = settings; }

    static constexpr Duration kRetry = std::chrono::seconds{1};

private:
    VenueHeartbeatSettings settings_;
    std::optional<SteadyTime> send_;     // the next one; empty while a reply is awaited
    std::optional<SteadyTime> reply_;    // the awaited one is late
    std::optional<SteadyTime> silence_;  // look whether anything came
    SteadyTime began_{};
    SteadyTime sent_at_{};
    std::optional<Duration> round_trip_;
};

}  // namespace fairlead::core
