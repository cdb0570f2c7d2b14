#include "core/rotation.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::core {

namespace {

constexpr Duration kShortest = std::chrono::milliseconds{1};  // a deadline lies ahead, whatever the settings

SteadyTime later(SteadyTime now, Duration duration) {
    return now + std::min(duration, SteadyTime::max() - now);
}

Duration part_of(Duration duration, double part) {
    return Duration{static_cast<Duration::rep>(static_cast<double>(duration.count()) * part)};
}

// Only what is still true after an attempt that failed. Failover asks again by itself; an operator sees the failure.
bool still_holds(Cause cause) {
    return cause == Cause::Age || cause == Cause::Drain || cause == Cause::Reload;
}

// A time in the preferred hour, counted from `wall`, if a part of that hour lies in the last quarter of max_age.
std::optional<Duration> in_preferred_hour(const RotationSettings& settings, WallTime wall, double chance) {
    if (!settings.preferred_hour || settings.max_age > WallTime::max() - wall) return std::nullopt;
    const WallTime latest = wall + settings.max_age;
    const WallTime earliest = latest - settings.max_age / 4;
    WallTime hour = std::chrono::floor<std::chrono::days>(latest) + std::chrono::hours{*settings.preferred_hour};
    if (hour >= latest) hour -= std::chrono::days{1};
    const WallTime first = std::max(hour, earliest);
    const WallTime last = std::min(hour + std::chrono::hours{1}, latest);
    if (first >= last) return std::nullopt;
    return first - wall + part_of(last - first, chance);
}

}  // namespace

Rotation::Rotation(const RotationSettings& settings) : settings_(settings), retry_(settings.retry) {}

void Rotation::connected(SteadyTime now, WallTime wall, double chance) {
    current_ = {.since = now, .since_wall = wall, .chance = chance};
    age_at_ = end_of_age(*current_);
    forget_reasons();
}

std::optional<SteadyTime> Rotation::end_of_age(const Current& current) const {
    if (settings_.max_age <= Duration::zero()) return std::nullopt;
    const std::optional<Duration> in_hour = in_preferred_hour(settings_, current.since_wall, current.chance);
    if (in_hour) return current.since + *in_hour;
    const Duration jitter = part_of(settings_.max_age, settings_.jitter_factor * current.chance);
    return later(current.since, std::max(settings_.max_age - jitter, kShortest));
}

Rotation::Action Rotation::lost(SteadyTime now) {
    if (phase_ == Phase::Overlapping) return take_over(false, now);
    current_.reset();
    age_at_.reset();
    forget_reasons();
    if (phase_ == Phase::Resting) return {};
    phase_ = Phase::Resting;
    return {.kind = Action::Kind::Abandon, .cause = reason_.cause, .detail = "the socket to be replaced is gone"};
}

Rotation::Action Rotation::request(Cause cause, std::string detail, SteadyTime now) {
    if (phase_ != Phase::Resting || !current_) return {};
    const bool is_repeated = retry_at_ && unmet_->cause == cause;
    if (cause == Cause::Drain && is_repeated) return {};
    return begin({.cause = cause, .detail = std::move(detail)}, now);
}

Rotation::Action Rotation::begin(Reason reason, SteadyTime now) {
    if (still_holds(reason.cause)) unmet_ = reason;
    reason_ = std::move(reason);
    retry_at_.reset();
    phase_ = Phase::Opening;
    deadline_ = later(now, std::max(settings_.open_timeout, kShortest));
    return {.kind = Action::Kind::Open, .cause = reason_.cause, .detail = reason_.detail};
}

Rotation::Action Rotation::opened(SteadyTime now) {
    if (phase_ != Phase::Opening) return {};
    if (settings_.overlap <= Duration::zero()) return take_over(false, now);
    phase_ = Phase::Overlapping;
    deadline_ = later(now, settings_.overlap);
    return {};
}

Rotation::Action Rotation::failed(std::string detail, SteadyTime now, double chance) {
    if (phase_ == Phase::Resting) return {};
    return abandon(std::move(detail), now, chance);
}

Rotation::Action Rotation::caught_up(SteadyTime now) {
    if (phase_ != Phase::Overlapping) return {};
    return take_over(true, now);
}

Rotation::Action Rotation::tick(SteadyTime now, double chance) {
    const std::optional<SteadyTime> deadline = next_deadline();
    if (!deadline || now < *deadline) return {};
    switch (phase_) {
        case Phase::Resting:
            if (retry_at_) return begin(*unmet_, now);
            return begin({.cause = Cause::Age, .detail = "max_age"}, now);
        case Phase::Opening:
            return abandon("did not open in time", now, chance);
        case Phase::Overlapping:
            return take_over(false, now);
    }
    return {};
}

Rotation::Action Rotation::abandon(std::string detail, SteadyTime now, double chance) {
    phase_ = Phase::Resting;
    const bool is_too_old = age_at_ && *age_at_ <= now;
    if (!unmet_ && is_too_old) unmet_ = {.cause = Cause::Age, .detail = "max_age"};
    if (unmet_) retry_at_ = later(now, std::max(retry_.next(chance), kShortest));
    return {.kind = Action::Kind::Abandon, .cause = reason_.cause, .detail = std::move(detail)};
}

Rotation::Action Rotation::take_over(bool caught_up, SteadyTime now) {
    phase_ = Phase::Resting;
    forget_reasons();
    const Duration held = now - current_->since;
    current_ = {.since = now, .since_wall = current_->since_wall + held, .chance = current_->chance};
    age_at_ = end_of_age(*current_);
    return {.kind = Action::Kind::TakeOver, .cause = reason_.cause, .detail = reason_.detail, .caught_up = caught_up};
}

void Rotation::forget_reasons() {
    unmet_.reset();
    retry_at_.reset();
    retry_.reset();
}

std::optional<SteadyTime> Rotation::next_deadline() const {
    if (phase_ != Phase::Resting) return deadline_;
    return retry_at_ ? retry_at_ : age_at_;
}

void Rotation::configure(const RotationSettings& settings) {
    settings_ = settings;
    retry_.configure(settings.retry);
    if (!current_) return;
    const std::optional<SteadyTime> before = std::exchange(age_at_, end_of_age(*current_));
    if (phase_ == Phase::Resting && unmet_ && unmet_->cause == Cause::Age && age_at_ != before) forget_reasons();
}

}  // namespace fairlead::core
