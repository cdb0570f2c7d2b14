#include "core/failover.hpp"

#include <algorithm>

namespace fairlead::core {

namespace {

FailoverSettings in_range(FailoverSettings settings) {
    settings.endpoints = std::max<std::size_t>(settings.endpoints, 1);
    settings.preferred %= settings.endpoints;
    return settings;
}

}  // namespace

Failover::Failover(const FailoverSettings& settings)
    : settings_(in_range(settings)), current_(settings_.preferred), next_(settings_.preferred) {}

std::size_t Failover::attempt() {
    current_ = next_;
    if (settings_.order == EndpointOrder::RoundRobin) next_ = after(current_);
    return current_;
}

void Failover::failed() {
    if (settings_.order == EndpointOrder::RoundRobin) return;
    if (going_back_) {
        current_ = next_ = *going_back_;
        going_back_.reset();
        return;
    }
    if (++failures_ < settings_.max_consecutive_failures) return;
    failures_ = 0;
    next_ = after(current_);
}

void Failover::stable(SteadyTime now) {
    failures_ = 0;
    going_back_.reset();
    counted_from_ = now;
    plan_fail_back(current_);
}

void Failover::ended() {
    counted_from_.reset();
    fail_back_at_.reset();
}

void Failover::begin_fail_back(SteadyTime now) {
    if (settings_.order == EndpointOrder::RoundRobin || current_ == settings_.preferred) return;
    going_back_ = current_;
    next_ = settings_.preferred;
    failures_ = 0;
    counted_from_ = now;
    plan_fail_back(current_);
}

void Failover::configure(const FailoverSettings& settings) {
    settings_ = in_range(settings);
    const auto replaced = [this](std::size_t endpoint) {
        return endpoint < settings_.endpoints ? endpoint : settings_.preferred;
    };
    current_ = replaced(current_);
    next_ = replaced(next_);
    if (going_back_) going_back_ = replaced(*going_back_);
    plan_fail_back(going_back_.value_or(current_));
}

void Failover::plan_fail_back(std::size_t in_use) {
    const bool goes_back = settings_.order == EndpointOrder::Priority && in_use != settings_.preferred &&
                           settings_.fail_back_after > Duration::zero();
    fail_back_at_.reset();
    if (goes_back && counted_from_) fail_back_at_ = *counted_from_ + settings_.fail_back_after;
}

}  // namespace fairlead::core
