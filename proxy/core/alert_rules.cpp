#include "core/alert_rules.hpp"

#include <algorithm>

namespace fairlead::core {
namespace {

AlertLevel level_of(const AlertInput& input) {
    if (input.failures >= input.thresholds.critical) return AlertLevel::Critical;
    return input.failures >= input.thresholds.warning ? AlertLevel::Warning : AlertLevel::Info;
}

// "text: detail", or what of it there is.
std::string joined(std::string text, const std::string& detail) {
    if (!detail.empty()) text += ": " + detail;
    return text;
}

std::string on_socket(const std::string& socket, const std::string& text) {
    return socket.empty() ? text : "socket " + socket + ": " + text;
}

}  // namespace

std::string_view to_string(AlertType type) {
    switch (type) {
        case AlertType::ReconnectAttempt:
            return "reconnect_attempt";
        case AlertType::ReconnectSuccess:
            return "reconnect_success";
        case AlertType::ReconnectFailure:
            return "reconnect_failure";
        case AlertType::MaxRetriesExceeded:
            return "max_retries_exceeded";
        case AlertType::ConnectionLost:
            return "connection_lost";
        case AlertType::StaleData:
            return "stale_data";
        case AlertType::SubscriptionRejected:
            return "subscription_rejected";
        case AlertType::UpstreamGap:
            return "upstream_gap";
    }
    return "";
}

std::string_view to_string(AlertLevel level) {
    switch (level) {
        case AlertLevel::Info:
            return "info";
        case AlertLevel::Warning:
            return "warning";
        case AlertLevel::Critical:
            return "critical";
    }
    return "";
}

AlertActions AlertRules::step(const AlertInput& input, SteadyTime now) {
    Step step{.now = now};
    switch (input.edge) {
        case AlertEdge::AttemptBegins:
            attempt_begins(input);
            break;
        case AlertEdge::AttemptFailed:
            attempt_failed(input);
            break;
        case AlertEdge::GaveUp:
            gave_up(input, step);
            break;
        case AlertEdge::Connected:
            connected(input, step);
            break;
        case AlertEdge::Stopped:
            stopped(input, step);
            break;
        case AlertEdge::Lost:
            lost_ = true;
            clear(AlertType::StaleData, "", step);
            set(AlertType::ConnectionLost, "", level_of(input), joined("connection lost", input.detail));
            break;
        case AlertEdge::Closed:
            closed(step);
            break;
        case AlertEdge::StaleBegins:
            set(AlertType::StaleData, "", std::max(level_of(input), AlertLevel::Warning),
                joined("connected, but no data", input.detail));
            break;
        case AlertEdge::StaleEnds:
            clear(AlertType::StaleData, "", step);
            break;
        case AlertEdge::Rejected:
            rejected(input, step);
            break;
        case AlertEdge::Accepted:
            clear(AlertType::SubscriptionRejected, input.subject, step);
            break;
        case AlertEdge::Gap:
            event(AlertType::UpstreamGap, AlertLevel::Warning, input.subject,
                  joined("gap in " + input.subject, input.detail), step);
            break;
    }
    tell_what_stands(step);
    return std::move(step.actions);
}

// Attempts that nothing has preceded are no attempts to come back; those after the last one were announced by it.
void AlertRules::attempt_begins(const AlertInput& input) {
    if (!lost_ && failing_.empty()) return;
    if (given_up_.contains(input.subject)) return;
    set(AlertType::ReconnectAttempt, "", level_of(input),
        on_socket(input.subject, "attempt " + std::to_string(std::max(input.attempt, 1U)) + " to connect again"));
}

void AlertRules::attempt_failed(const AlertInput& input) {
    failing_[input.subject] = input.failures;
    const std::string row = input.failures > 1 ? ", " + std::to_string(input.failures) + " failures in a row" : "";
    set(AlertType::ReconnectFailure, "", level_of(input),
        on_socket(input.subject, joined("could not connect" + row, input.detail)));
}

void AlertRules::gave_up(const AlertInput& input, Step& step) {
    failing_[input.subject] = input.failures;
    given_up_.insert(input.subject);
    if (given_up_.size() == failing_.size()) clear(AlertType::ReconnectAttempt, "", step);
    set(AlertType::MaxRetriesExceeded, "", AlertLevel::Critical,
        on_socket(input.subject, input.detail.empty() ? "gave up" : input.detail));
}

void AlertRules::connected(const AlertInput& input, Step& step) {
    const bool was_failing = failing_.contains(input.subject);
    const bool was_lost = std::exchange(lost_, false);
    clear(AlertType::ConnectionLost, "", step);
    forget_socket(input.subject, step);
    if (was_lost || (was_failing && failing_.empty()))
        event(AlertType::ReconnectSuccess, AlertLevel::Info, "", joined("connected again", input.detail), step);
}

void AlertRules::stopped(const AlertInput& input, Step& step) {
    forget_socket(input.subject, step);
}

void AlertRules::closed(Step& step) {
    failing_.clear();
    given_up_.clear();
    lost_ = false;
    while (!conditions_.empty()) {
        const Key key = conditions_.begin()->first;
        clear(key.first, key.second, step);
    }
}

void AlertRules::rejected(const AlertInput& input, Step& step) {
    const bool is_known = conditions_.contains({AlertType::SubscriptionRejected, input.subject});
    if (!is_known && conditions_.size() >= kMaxSubjects) {
        ++limit(AlertType::SubscriptionRejected, AlertLevel::Warning, step.now).untold;
        return;
    }
    set(AlertType::SubscriptionRejected, input.subject, std::max(level_of(input), AlertLevel::Warning),
        joined(input.subject + " is not subscribed", input.detail));
}

void AlertRules::forget_socket(const std::string& socket, Step& step) {
    failing_.erase(socket);
    given_up_.erase(socket);
    if (given_up_.empty()) clear(AlertType::MaxRetriesExceeded, "", step);
    if (!failing_.empty() || lost_) return;
    clear(AlertType::ReconnectAttempt, "", step);
    clear(AlertType::ReconnectFailure, "", step);
}

// What stands keeps its text until it is told again: the text belongs to the level.
void AlertRules::set(AlertType type, const std::string& subject, AlertLevel level, std::string text) {
    Condition& condition = conditions_[{type, subject}];
    const bool may_grow = type == AlertType::ReconnectFailure || !condition.told;
    if (condition.told && (!may_grow || level <= *condition.told)) return;
    condition.level = std::max(condition.level, level);
    condition.text = std::move(text);
}

void AlertRules::clear(AlertType type, const std::string& subject, Step& step) {
    const auto found = conditions_.find({type, subject});
    if (found == conditions_.end()) return;
    if (found->second.told)
        step.actions.push_back({.what = AlertAction::What::Resolve, .type = type, .subject = subject});
    else
        ++limit(type, found->second.level, step.now).untold;
    conditions_.erase(found);
}

void AlertRules::event(AlertType type, AlertLevel level, const std::string& subject, const std::string& text,
                       Step& step) {
    Limit& limited = limit(type, level, step.now);
    if (!limited.bucket.allow(step.now)) {
        ++limited.untold;
        return;
    }
    step.actions.push_back({AlertAction::What::Event, type, level, subject, told_text(text, limited)});
}

void AlertRules::tell_what_stands(Step& step) {
    for (auto& [key, condition] : conditions_) {
        if (condition.told && condition.level <= *condition.told) continue;
        Limit& limited = limit(key.first, condition.level, step.now);
        if (!limited.bucket.allow(step.now)) continue;
        condition.told = condition.level;
        step.actions.push_back(
            {AlertAction::What::Raise, key.first, condition.level, key.second, told_text(condition.text, limited)});
    }
}

AlertRules::Limit& AlertRules::limit(AlertType type, AlertLevel level, SteadyTime now) {
    return limits_.try_emplace({type, level}, Limit{RateLimit(kPerMinute / 60, kBurst, now)}).first->second;
}

std::string AlertRules::told_text(const std::string& text, Limit& limit) {
    const auto untold = std::exchange(limit.untold, 0);
    return untold == 0 ? text : text + " (" + std::to_string(untold) + " more of these before were not told)";
}

}  // namespace fairlead::core
