#include "core/repair.hpp"

namespace fairlead::core {

namespace {

bool within(const std::optional<SteadyTime>& time, Duration duration, SteadyTime now) {
    return time && now - *time < duration;
}

}  // namespace

RepairStep Repair::on_gap(const RepairSettings& settings, SteadyTime now) {
    if (settings.highest == RepairStep::Tell) return RepairStep::Tell;
    const bool did_not_help =
        within(resubscribed_, settings.again_within, now) || within(rotated_, settings.again_within, now);
    if (did_not_help && settings.highest == RepairStep::Rotate && !within(rotated_, settings.rotate_interval, now)) {
        rotated_ = now;
        return RepairStep::Rotate;
    }
    if (within(resubscribed_, settings.resubscribe_interval, now)) return RepairStep::Tell;
    resubscribed_ = now;
    return RepairStep::Resubscribe;
}

}  // namespace fairlead::core
