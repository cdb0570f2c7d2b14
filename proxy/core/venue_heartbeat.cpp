#include "core/venue_heartbeat.hpp"

#include "core/duration_text.hpp"

#include <algorithm>

namespace fairlead::core {

namespace {

// Bounded, because a setting may ask for more time than the clock can count.
SteadyTime after(SteadyTime begin, Duration wait) {
    const bool fits = begin.time_since_epoch() <= Duration::max() - wait;
    return fits ? begin + wait : SteadyTime::max();
}

bool has_passed(std::optional<SteadyTime> deadline, SteadyTime now) {
    return deadline && *deadline <= now;
}

}  // namespace

void VenueHeartbeat::begin_session(SteadyTime now) {
    end_session();
    began_ = now;
    if (settings_.interval > Duration::zero()) send_ = after(now, settings_.interval);
    if (settings_.silence > Duration::zero()) silence_ = after(now, settings_.silence);
}

void VenueHeartbeat::end_session() {
    send_.reset();
    reply_.reset();
    silence_.reset();
    round_trip_.reset();
}

std::optional<VenueHeartbeat::Action> VenueHeartbeat::tick(SteadyTime now, std::optional<SteadyTime> last_heard) {
    if (has_passed(reply_, now)) {
        const std::string reason = "no reply to our heartbeat within " + duration_text(*reply_ - sent_at_);
        end_session();
        return Dead{reason};
    }
    if (has_passed(silence_, now)) {
        // The timer is not moved with every message, only looked after when it fires.
        const SteadyTime last_sign = std::max(began_, last_heard.value_or(began_));
        const Duration allowed = settings_.silence;
        silence_.reset();
        if (allowed > Duration::zero()) silence_ = after(last_sign, allowed);
        if (has_passed(silence_, now)) {
            end_session();
            return Dead{"no sign of life for " + duration_text(allowed)};
        }
    }
    if (has_passed(send_, now)) {
        send_ = after(now, kRetry);
        return Send{};
    }
    return std::nullopt;
}

void VenueHeartbeat::sent(SteadyTime now) {
    if (!send_) return;
    sent_at_ = now;
    send_.reset();
    if (settings_.timeout > Duration::zero())
        reply_ = after(now, settings_.timeout);
    else if (settings_.interval > Duration::zero())
        send_ = after(now, settings_.interval);
}

void VenueHeartbeat::replied(SteadyTime now) {
    if (!reply_) return;
    reply_.reset();
    round_trip_ = now - sent_at_;
    if (settings_.interval > Duration::zero()) send_ = std::max(now, after(sent_at_, settings_.interval));
}

std::optional<SteadyTime> VenueHeartbeat::next_deadline() const {
    std::optional<SteadyTime> earliest;
    for (const auto& timer : {send_, reply_, silence_}) {
        if (timer && (!earliest || *timer < *earliest)) earliest = timer;
    }
    return earliest;
}

}  // namespace fairlead::core
