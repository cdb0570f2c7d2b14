#include "core/message_budget.hpp"

#include <algorithm>

namespace fairlead::core {

namespace {

constexpr Duration kLongestMargin = std::chrono::milliseconds{100};

Rate with_margin(Rate rate) {
    rate.per += MessageBudget::delivery_margin(rate);
    return rate;
}

Rate halved(Rate rate) {
    if (rate.count > 1)
        rate.count /= 2;
    else
        rate.per *= 2;
    return rate;
}

std::optional<SteadyTime> later(std::optional<SteadyTime> a, std::optional<SteadyTime> b) {
    if (!a) return b;
    if (!b) return a;
    return std::max(*a, *b);
}

}  // namespace

Duration MessageBudget::delivery_margin(const Rate& rate) {
    return std::min(rate.per / 10, kLongestMargin);
}

MessageBudget::MessageBudget(const Rate& messages, const Rate& requests)
    : messages_(with_margin(messages)), requests_(with_margin(requests)) {}

bool MessageBudget::may_send(MessageKind kind, SteadyTime now) const {
    const auto allowed = allowed_at(kind);
    return !allowed || *allowed <= now;
}

std::optional<SteadyTime> MessageBudget::allowed_at(MessageKind kind) const {
    auto allowed = allowed_by(messages_);
    if (kind == MessageKind::Other) return allowed;
    allowed = later(later(allowed, allowed_by(requests_)), paused_until_);
    // When the slow time is over, so is its own limit.
    if (const auto slow = slow_.allowed_at(); slow && slow_until_)
        allowed = later(allowed, std::min(*slow, *slow_until_));
    return allowed;
}

std::optional<SteadyTime> MessageBudget::allowed_by(const SlidingWindow<SteadyTime>& window) const {
    const auto allowed = window.allowed_at();
    if (!slow_until_) return allowed;
    const auto slowly = window.allowed_at(halved(window.rate()));
    if (!slowly) return allowed;
    return later(allowed, std::min(*slowly, *slow_until_));
}

void MessageBudget::spend(MessageKind kind, SteadyTime now) {
    messages_.note(now);
    if (kind == MessageKind::Other) return;
    requests_.note(now);
    slow_.note(now);
}

void MessageBudget::give_back(MessageKind kind, SteadyTime at) {
    messages_.give_back(at);
    if (kind == MessageKind::Other) return;
    requests_.give_back(at);
    slow_.give_back(at);
}

void MessageBudget::too_fast(SteadyTime now) {
    const bool is_over = !slow_until_ || *slow_until_ <= now;
    // Answers to what was under way already say nothing new.
    if (paused_until_ && now < *paused_until_) return;
    pause_ = is_over ? kFirstPause : std::min(pause_ * 2, kMaxPause);
    paused_until_ = now + pause_;
    slow_until_ = *paused_until_ + kSlowFor;
}

void MessageBudget::begin_session(const Rate& messages, const Rate& requests) {
    messages_ = SlidingWindow<SteadyTime>(with_margin(messages));
    requests_ = SlidingWindow<SteadyTime>(with_margin(requests));
    slow_.clear();
}

}  // namespace fairlead::core
