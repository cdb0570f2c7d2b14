#include "core/backoff.hpp"

#include <algorithm>

namespace fairlead::core {

namespace {

double as_double(Duration duration) {
    return static_cast<double>(duration.count());
}

// The conversion back is undefined outside of the range of the integer, hence the bounds.
Duration from_double(double nanoseconds) {
    const double beyond = as_double(Duration::max());  // rounds up to 2^63, the first value that does not fit
    if (!(nanoseconds > 0.0)) return Duration::zero();
    if (nanoseconds >= beyond) return Duration::max();
    return Duration{static_cast<Duration::rep>(nanoseconds)};
}

Duration first_base(const BackoffSettings& settings) {
    return std::max(Duration::zero(), std::min(settings.initial_delay, settings.max_delay));
}

}  // namespace

Backoff::Backoff(const BackoffSettings& settings) : settings_(settings), base_(first_base(settings)) {}

Duration Backoff::next(double chance) {
    const double spread = settings_.jitter_factor * (2.0 * chance - 1.0);
    const Duration delay = from_double(as_double(base_) * (1.0 + spread));
    const Duration grown = from_double(as_double(base_) * settings_.multiplier);
    base_ = std::max(base_, std::min(grown, settings_.max_delay));
    return delay;
}

void Backoff::reset() {
    base_ = first_base(settings_);
}

void Backoff::configure(const BackoffSettings& settings) {
    const bool has_grown = base_ > first_base(settings_);
    settings_ = settings;
    const Duration first = first_base(settings_);
    base_ = has_grown ? std::max(first, std::min(base_, settings_.max_delay)) : first;
}

}  // namespace fairlead::core
