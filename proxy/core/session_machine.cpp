#include "core/session_machine.hpp"

#include "core/close_code.hpp"
#include "core/duration_text.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace fairlead::core {

struct SessionMachine::Step {
    SteadyTime now;
    double chance;
    SessionActions actions;
};

namespace {

// Bounded, because a setting or a venue may ask for more time than the clock can count.
SteadyTime after(SteadyTime begin, Duration wait) {
    if (wait <= Duration::zero()) return begin;
    const bool fits = begin.time_since_epoch() <= Duration::max() - wait;
    return fits ? begin + wait : SteadyTime::max();
}

bool has_passed(std::optional<SteadyTime> deadline, SteadyTime now) {
    return deadline && *deadline <= now;
}

std::optional<SteadyTime> armed_if_set(SteadyTime now, Duration wait) {
    if (wait <= Duration::zero()) return std::nullopt;
    return after(now, wait);
}

}  // namespace

bool is_failed_attempt(const action::Announce& change) {
    const bool has_ended = change.state == ConnectionState::Reconnecting || change.state == ConnectionState::Failed;
    return change.previous == ConnectionState::Connecting && has_ended && change.cause != Cause::Command &&
           change.cause != Cause::Budget;
}

SessionMachine::SessionMachine(const SessionSettings& settings) : settings_(settings), backoff_(settings.backoff) {}

SessionActions SessionMachine::step(const SessionInput& input, SteadyTime now, double chance) {
    Step step{now, chance, {}};
    switch (state_) {
        case ConnectionState::Disconnected:
            in_disconnected(input, step);
            break;
        case ConnectionState::Connecting:
            in_connecting(input, step);
            break;
        case ConnectionState::Connected:
            in_connected(input, step);
            break;
        case ConnectionState::Reconnecting:
            in_reconnecting(input, step);
            break;
        case ConnectionState::Failed:
            in_failed(input, step);
            break;
    }
    return std::move(step.actions);
}

std::optional<SteadyTime> SessionMachine::next_deadline() const {
    std::optional<SteadyTime> earliest;
    for (const auto& timer :
         {deadline_, link_timers_.ping, link_timers_.pong, link_timers_.stale, link_timers_.stable}) {
        if (timer && (!earliest || *timer < *earliest)) earliest = timer;
    }
    return earliest;
}

void SessionMachine::configure(const SessionSettings& settings) {
    settings_ = settings;
    backoff_.configure(settings.backoff);
}

void SessionMachine::in_disconnected(const SessionInput& input, Step& step) {
    if (!std::holds_alternative<input::Start>(input)) return;
    // Stop and start in turns must not become a storm either.
    if (earliest_commanded_attempt(step.now) > step.now) {
        reconnect_by_command("started again", step);
    } else {
        attempt(Cause::Start, step);
    }
}

void SessionMachine::in_connecting(const SessionInput& input, Step& step) {
    if (std::holds_alternative<input::Opened>(input)) {
        opened(step);
    } else if (const auto* ended = std::get_if<input::Ended>(&input)) {
        failed(*ended, step);
    } else if (const auto* deferred = std::get_if<input::Deferred>(&input)) {
        defer(*deferred, step);
    } else if (const auto* command = std::get_if<input::Reconnect>(&input)) {
        step.actions.emplace_back(action::Close{kCloseNormal, "reconnect"});
        reconnect_by_command(command->detail, step);
    } else if (const auto* command = std::get_if<input::Stop>(&input)) {
        stop(*command, step);
    } else if (std::holds_alternative<input::Tick>(input) && has_passed(deadline_, step.now)) {
        step.actions.emplace_back(action::Close{kCloseNormal, "timeout"});
        const std::string detail = "no connection within " + duration_text(*deadline_ - attempt_began_);
        failed({Cause::Timeout, detail, std::nullopt}, step);
    }
}

void SessionMachine::in_connected(const SessionInput& input, Step& step) {
    // With every input, because the tick may come after that which ends the connection.
    if (has_passed(link_timers_.stable, step.now)) {
        link_timers_.stable.reset();
        forget_failures();
    }
    if (const auto* ended = std::get_if<input::Ended>(&input)) {
        lost(*ended, step);
    } else if (const auto* command = std::get_if<input::Reconnect>(&input)) {
        step.actions.emplace_back(action::Close{kCloseNormal, "reconnect"});
        enter({.state = ConnectionState::Disconnected, .cause = Cause::Command, .detail = command->detail}, step);
        reconnect_by_command(command->detail, step);
    } else if (const auto* command = std::get_if<input::Stop>(&input)) {
        stop(*command, step);
    } else if (const auto* tick = std::get_if<input::Tick>(&input)) {
        check_link(*tick, step);
    } else if (std::holds_alternative<input::Pong>(input) && link_timers_.pong) {
        link_timers_.pong.reset();
        if (settings_.ping_interval > Duration::zero()) {
            link_timers_.ping = std::max(step.now, after(ping_sent_at_, settings_.ping_interval));
        }
    }
}

void SessionMachine::in_reconnecting(const SessionInput& input, Step& step) {
    if (const auto* command = std::get_if<input::Reconnect>(&input)) {
        if (earliest_commanded_attempt(step.now) < deadline_) reconnect_by_command(command->detail, step);
    } else if (const auto* command = std::get_if<input::Stop>(&input)) {
        stop(*command, step);
    } else if (std::holds_alternative<input::Tick>(input) && has_passed(deadline_, step.now)) {
        attempt(attempt_cause_, step);
    }
}

void SessionMachine::in_failed(const SessionInput& input, Step& step) {
    if (const auto* command = std::get_if<input::Reconnect>(&input)) {
        forget_failures();
        reconnect_by_command(command->detail, step);
    } else if (const auto* command = std::get_if<input::Stop>(&input)) {
        stop(*command, step);
    } else if (std::holds_alternative<input::Tick>(input) && has_passed(deadline_, step.now)) {
        attempt(attempt_cause_, step);
    }
}

void SessionMachine::attempt(Cause cause, Step& step) {
    enter({.state = ConnectionState::Connecting, .cause = cause, .attempt = failures_}, step);
    attempt_cause_ = cause;
    attempt_began_ = step.now;
    deadline_ = after(step.now, settings_.connection_timeout);
    step.actions.emplace_back(action::Open{});
}

void SessionMachine::opened(Step& step) {
    enter({.state = ConnectionState::Connected, .cause = attempt_cause_, .attempt = failures_}, step);
    opened_at_ = step.now;
    link_timers_.ping = armed_if_set(step.now, settings_.ping_interval);
    link_timers_.stale = armed_if_set(step.now, settings_.stale_after);
    link_timers_.stable = after(step.now, settings_.stable_after);
    step.actions.emplace_back(action::Restore{});
}

void SessionMachine::check_link(const input::Tick& tick, Step& step) {
    if (has_passed(link_timers_.pong, step.now)) {
        step.actions.emplace_back(action::Close{kCloseInternalError, "no pong"});
        const std::string detail = "no pong within " + duration_text(*link_timers_.pong - ping_sent_at_);
        lost({Cause::PongTimeout, detail, std::nullopt}, step);
        return;
    }
    if (is_stale(tick, step.now)) {
        step.actions.emplace_back(action::Close{kCloseNormal, "no data"});
        lost({Cause::Stale, "no data for " + duration_text(settings_.stale_after), std::nullopt}, step);
        return;
    }
    if (has_passed(link_timers_.ping, step.now)) {
        step.actions.emplace_back(action::Ping{});
        ping_sent_at_ = step.now;
        link_timers_.ping.reset();
        link_timers_.pong = after(step.now, settings_.pong_timeout);
    }
}

// The timer is not moved with every message, only looked after when it fires.
bool SessionMachine::is_stale(const input::Tick& tick, SteadyTime now) {
    if (!has_passed(link_timers_.stale, now)) return false;
    const SteadyTime last_sign = std::max(opened_at_, tick.last_data.value_or(opened_at_));
    link_timers_.stale = armed_if_set(last_sign, settings_.stale_after);
    return has_passed(link_timers_.stale, now);
}

// An open connection ended. Consumers are told so before they are told what comes next.
void SessionMachine::lost(const input::Ended& ended, Step& step) {
    enter({.state = ConnectionState::Disconnected, .cause = ended.cause, .detail = ended.detail, .attempt = failures_},
          step);
    failed(ended, step);
}

void SessionMachine::failed(const input::Ended& ended, Step& step) {
    if (failures_ < std::numeric_limits<unsigned>::max()) ++failures_;
    if (settings_.max_retries > 0 && failures_ > settings_.max_retries) {
        give_up(ended, step);
        return;
    }
    const Duration delay = std::max(backoff_.next(step.chance), ended.retry_after.value_or(Duration::zero()));
    enter({.state = ConnectionState::Reconnecting,
           .cause = ended.cause,
           .detail = ended.detail,
           .attempt = failures_,
           .retry_in = delay},
          step);
    attempt_cause_ = Cause::BackoffOver;
    deadline_ = after(step.now, delay);
}

void SessionMachine::give_up(const input::Ended& ended, Step& step) {
    const unsigned retries = failures_ - 1;
    std::string detail = "gave up after " + std::to_string(retries) + (retries == 1 ? " retry: " : " retries: ");
    detail += explain(ended.cause, ended.detail);
    enter(
        {.state = ConnectionState::Failed, .cause = Cause::MaxRetries, .detail = std::move(detail), .attempt = retries},
        step);
    attempt_cause_ = Cause::BackoffOver;
    const Duration asked = ended.retry_after.value_or(Duration::zero());
    if (settings_.failed_retry_interval > Duration::zero()) {
        deadline_ = after(step.now, std::max(settings_.failed_retry_interval, asked));
    }
}

// attempt_cause_ stays: the next attempt begins for the same reason.
void SessionMachine::defer(const input::Deferred& deferred, Step& step) {
    const Duration wait = std::max(deferred.wait, Duration::zero());
    enter({.state = ConnectionState::Reconnecting,
           .cause = deferred.cause,
           .detail = deferred.detail,
           .attempt = failures_,
           .retry_in = wait},
          step);
    deadline_ = after(step.now, wait);
}

void SessionMachine::reconnect_by_command(const std::string& detail, Step& step) {
    const SteadyTime due = earliest_commanded_attempt(step.now);
    enter({.state = ConnectionState::Reconnecting,
           .cause = Cause::Command,
           .detail = detail,
           .attempt = failures_,
           .retry_in = due - step.now},
          step);
    attempt_cause_ = Cause::Command;
    deadline_ = due;
}

void SessionMachine::stop(const input::Stop& stop, Step& step) {
    const bool has_socket = state_ == ConnectionState::Connecting || state_ == ConnectionState::Connected;
    if (has_socket && stop.cause == Cause::Shutdown) {
        step.actions.emplace_back(action::Close{kCloseGoingAway, "shutdown"});
    } else if (has_socket) {
        step.actions.emplace_back(action::Close{kCloseNormal, "stopped"});
    }
    forget_failures();
    enter({.state = ConnectionState::Disconnected, .cause = stop.cause, .detail = stop.detail}, step);
}

// Every timer belongs to a state and ends with it; the caller arms those of the new one.
void SessionMachine::enter(action::Announce change, Step& step) {
    change.previous = state_;
    state_ = change.state;
    deadline_.reset();
    link_timers_ = LinkTimers{};
    step.actions.emplace_back(std::move(change));
}

// A command that is repeated without pause must not become a storm of attempts.
SteadyTime SessionMachine::earliest_commanded_attempt(SteadyTime now) const {
    return std::max(now, after(attempt_began_, settings_.backoff.initial_delay));
}

void SessionMachine::forget_failures() {
    failures_ = 0;
    backoff_.reset();
}

}  // namespace fairlead::core
