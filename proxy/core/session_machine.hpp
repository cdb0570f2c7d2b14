// When to connect, when to wait, when to give up: the whole life of one upstream connection as a pure rule. It takes an
// input, the time and chance, and returns what is to be done; whoever owns the socket does it.
//
// The machine has one deadline (next_deadline()): the owner calls step(Tick) when it has passed. A message never passes
// through here: the owner notes the time of the last one and hands it over with each Tick.
//
// A venue is never hammered: attempts that follow failures are spread by the backoff, which begins anew only after a
// connection was stable; attempts that follow commands are at least initial_delay apart. The graph of states is in
// README.md.
//
// Not thread-safe: one thread owns a machine. `now` must not go backwards.
#pragma once

#include "core/backoff.hpp"
#include "core/cause.hpp"
#include "core/connection_state.hpp"
#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace fairlead::core {

struct SessionSettings {
    BackoffSettings backoff;
    // Attempts after the first one, without a stable connection in between: with 3, the fourth failure gives up.
    // 0 = without end.
    unsigned max_retries = 10;
    Duration connection_timeout = std::chrono::seconds{30};  // above 0
    Duration ping_interval = std::chrono::seconds{30};       // 0 = no pings
    Duration pong_timeout = std::chrono::seconds{10};        // above 0
    Duration stale_after{0};                                 // silence of data that ends the connection; 0 = never
    Duration stable_after = std::chrono::seconds{10};  // held this long, the backoff and the failure count begin anew
    Duration failed_retry_interval{0};                 // Failed tries again after this; 0 = only by command
};

namespace input {
struct Start {};  // first start, or after Stop
struct Stop {     // pause, removal, end of the process
    Cause cause = Cause::Command;
    std::string detail;
};
// Forced by a command: a new connection as soon as initial_delay has passed since the last attempt began. Not a
// failure. It overrules a backoff and even a Retry-After that is being waited for: whoever commands is taken to know
// better. Without effect in Disconnected: start first.
struct Reconnect {
    std::string detail;
};
struct Opened {};  // the upgrade succeeded
struct Ended {     // the attempt failed or the connection ended
    Cause cause = Cause::ConnectionLost;
    std::string detail;
    std::optional<Duration> retry_after;  // from the venue, with 429, 418 or 503: wait at least this long
};
// The attempt that Open asked for was not made, because it must wait (a limit of attempts that others share): no
// failure, and what it was to be made for stands. Of Connecting only.
struct Deferred {
    Cause cause = Cause::Budget;
    std::string detail;
    Duration wait{0};  // above 0; until the next attempt
};
struct Pong {};                           // the answer to the ping last sent; ignored when none is awaited
struct Tick {                             // next_deadline() has passed
    std::optional<SteadyTime> last_data;  // of this session; empty = none yet
};
}  // namespace input

using SessionInput = std::variant<input::Start, input::Stop, input::Reconnect, input::Opened, input::Ended,
                                  input::Deferred, input::Pong, input::Tick>;

namespace action {
struct Open {};                 // begin an attempt; answer with Opened, Ended or Deferred
struct Close {                  // end the attempt or the connection; its later events are not to reach the machine
    std::uint16_t code = 1000;  // RFC 6455 7.4.1
    std::string reason;
};
struct Ping {};
struct Restore {};  // send the subscriptions
struct Announce {   // tell the change to consumers and log
    ConnectionState previous = ConnectionState::Disconnected;
    ConnectionState state = ConnectionState::Disconnected;
    Cause cause = Cause::Unspecified;
    std::string detail{};
    // Which retry since the last stable connection begins, waits or has led here; in Failed, how many were made. 0 =
    // none: the attempt that Start or a command began.
    unsigned attempt = 0;
    Duration retry_in{0};  // Reconnecting: the waiting time
};
}  // namespace action

using SessionAction = std::variant<action::Open, action::Close, action::Ping, action::Restore, action::Announce>;
// The change tells that an attempt failed: it was neither called off by a command nor put off by a limit.
bool is_failed_attempt(const action::Announce& change);

using SessionActions = std::vector<SessionAction>;  // in the order in which they are to be done

class SessionMachine {
public:
    explicit SessionMachine(const SessionSettings& settings);

    // `chance` is evenly distributed in [0, 1); used for jitter only. Inputs that mean nothing in the present state
    // return no action.
    SessionActions step(const SessionInput& input, SteadyTime now, double chance);

    ConnectionState state() const { return state_; }
    // When to call step(Tick) next; empty = no timer is running.
    std::optional<SteadyTime> next_deadline() const;
    // Attempts that failed, and connections that ended by themselves, without a stable connection in between. The end
    // of a stable connection is the first to count.
    unsigned consecutive_failures() const { return failures_; }
    // Changed settings apply to deadlines armed from now on.
    void configure(const SessionSettings& settings);

private:
    // Of Connected.
    struct LinkTimers {
        std::optional<SteadyTime> ping;    // send the next one; empty while a pong is awaited
        std::optional<SteadyTime> pong;    // the awaited one is late
        std::optional<SteadyTime> stale;   // look whether data came
        std::optional<SteadyTime> stable;  // empty = is stable
    };
    struct Step;  // the time and chance of one step, and the actions that it gathers

    void in_disconnected(const SessionInput& input, Step& step);
    void in_connecting(const SessionInput& input, Step& step);
    void in_connected(const SessionInput& input, Step& step);
    void in_reconnecting(const SessionInput& input, Step& step);
    void in_failed(const SessionInput& input, Step& step);

    void attempt(Cause cause, Step& step);
    void opened(Step& step);
    void check_link(const input::Tick& tick, Step& step);
    bool is_stale(const input::Tick& tick, SteadyTime now);
    void lost(const input::Ended& ended, Step& step);
    void failed(const input::Ended& ended, Step& step);
    void give_up(const input::Ended& ended, Step& step);
    void defer(const input::Deferred& deferred, Step& step);
    void reconnect_by_command(const std::string& detail, Step& step);
    void stop(const input::Stop& stop, Step& step);

    void enter(action::Announce change, Step& step);
    SteadyTime earliest_commanded_attempt(SteadyTime now) const;
    void forget_failures();

    SessionSettings settings_;
    Backoff backoff_;
    ConnectionState state_ = ConnectionState::Disconnected;
    unsigned failures_ = 0;
    // Connecting: the attempt has taken too long. Reconnecting, Failed: the next attempt. Else empty.
    std::optional<SteadyTime> deadline_;
    LinkTimers link_timers_;
    // Reconnecting, Failed: why the next attempt will begin. Connecting, Connected: why this one began.
    Cause attempt_cause_ = Cause::Unspecified;
    SteadyTime attempt_began_{};
    SteadyTime opened_at_{};     // Connected
    SteadyTime ping_sent_at_{};  // Connected, while link_timers_.pong runs
};

}  // namespace fairlead::core
