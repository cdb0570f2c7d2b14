// What the venue's answers, its silence and its data say of each topic.
#include "core/duration_text.hpp"
#include "core/subscription_flow.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::core {

using State = SubscriptionState;

namespace {

constexpr unsigned kMaxUnanswered = 2;  // messages about a topic, before it is left alone

std::string_view or_else(std::string_view text, std::string_view otherwise) {
    return text.empty() ? otherwise : text;
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

SubscriptionFlow::Changes SubscriptionFlow::acknowledged(const FlowAnswer& answer, SteadyTime now) {
    Changes changes;
    apply(answer, Verdict::Accepted, now, changes);
    return changes;
}

SubscriptionFlow::Changes SubscriptionFlow::rejected(const FlowAnswer& answer, RejectKind kind, SteadyTime now) {
    Changes changes;
    switch (kind) {
        case RejectKind::Permanent:
            apply(answer, Verdict::Refused, now, changes);
            break;
        case RejectKind::Retryable:
            apply(answer, Verdict::Later, now, changes);
            break;
        case RejectKind::Rate:
            budget_.too_fast(now);
            apply(answer, Verdict::TooFast, now, changes);
            break;
        case RejectKind::Duplicate:
            apply(answer, Verdict::Accepted, now, changes);
            break;
    }
    return changes;
}

FlowMessage* SubscriptionFlow::match(const FlowAnswer& answer) {
    if (answer.id) return messages_.with_id(*answer.id);
    if (!answer.topic) return messages_.oldest_awaited();
    const FlowTopic* topic = lookup(*answer.topic);
    if (topic && topic->message_) return messages_.with_id(*topic->message_);
    return messages_.expired_with(*answer.topic);
}

void SubscriptionFlow::apply(const FlowAnswer& answer, Verdict verdict, SteadyTime now, Changes& changes) {
    confirm_handed(now);
    FlowMessage* message = match(answer);
    if (!message) {
        ++unmatched_;
        if (!answer.id) apply_without_message(answer, verdict, now, changes);
        return;
    }
    const FlowTopic* named = answer.topic ? lookup(*answer.topic) : nullptr;
    if (answer.topic && contains(message->open, *answer.topic)) {
        decide_named(*message, answer, verdict, now, changes);
    } else if (named && named->last_message_ == message->id) {
        // Answered before: the venue repeats itself, or has changed its mind.
        apply_without_message(answer, verdict, now, changes);
    } else {
        // Without a topic, or with one in a spelling that is not ours: all that is certain is the message.
        decide_all(*message, answer, verdict, now, changes);
    }
}

void SubscriptionFlow::decide_named(FlowMessage& message, const FlowAnswer& answer, Verdict verdict, SteadyTime now,
                                    Changes& changes) {
    const std::string name = *answer.topic;
    if (verdict == Verdict::Refused) message.refused_in_part = true;
    message.open.erase(std::find(message.open.begin(), message.open.end(), name));
    decide(message, name, verdict, answer.reason, now, changes);
    if (message.part && verdict == Verdict::TooFast) queue_part({name}, true);
    if (message.open.empty()) messages_.erase(message.id);
}

// Of the topic alone: a late yes, or a yes that is taken back. Data speaks louder than either.
void SubscriptionFlow::apply_without_message(const FlowAnswer& answer, Verdict verdict, SteadyTime now,
                                             Changes& changes) {
    FlowTopic* topic = answer.topic ? wanted(*answer.topic) : nullptr;
    if (!topic || !topic->on_ || topic->renewed_ || topic->message_) return;
    if (verdict == Verdict::Accepted) {
        if (is_undecided(*topic)) settle(*topic, State::Acknowledged, now, changes);
        return;
    }
    if (topic->state_ == State::Flowing || topic->state_ == State::Rejected) return;
    if (verdict == Verdict::Refused) refuse(*topic, answer.reason, true, now, changes);
    if (verdict == Verdict::Later) again_later(*topic, answer.reason, now, changes);
}

void SubscriptionFlow::decide_all(FlowMessage& message, const FlowAnswer& answer, Verdict verdict, SteadyTime now,
                                  Changes& changes) {
    if (verdict == Verdict::Refused && !answer.names_accepted && message.size > 1 && !message.unsubscribe) {
        halve(message, answer.reason, now, changes);
        return;
    }
    const FlowMessage whole = message;
    messages_.erase(message.id);
    for (const std::string& name : whole.open) {
        if (!answer.names_accepted || whole.unsubscribe) {
            decide(whole, name, verdict, answer.reason, now, changes);
        } else if (contains(answer.accepted, name)) {
            decide(whole, name, Verdict::Accepted, answer.reason, now, changes);
        } else {
            const bool is_missing = verdict == Verdict::Accepted;
            decide(whole, name, is_missing ? Verdict::Refused : verdict,
                   is_missing ? or_else(answer.reason, "not among the accepted") : answer.reason, now, changes);
        }
    }
    if (whole.part && verdict == Verdict::TooFast) queue_part(whole.open, true);
}

// The venue does not say which one it was: one half first, then the other. What flows was not refused.
void SubscriptionFlow::halve(FlowMessage& message, std::string_view reason, SteadyTime now, Changes& changes) {
    const FlowMessage whole = message;
    messages_.erase(message.id);
    std::vector<std::string> undecided;
    for (const std::string& name : whole.open) {
        FlowTopic* topic = wanted(name);
        const bool is_meant = topic && topic->last_message_ == whole.id && is_undecided(*topic);
        if (!is_meant) {
            decide(whole, name, Verdict::Refused, reason, now, changes);
            continue;
        }
        topic->message_.reset();
        topic->on_ = false;
        set_retry(*topic, std::nullopt);
        set_state(*topic, State::Pending, or_else(reason, "refused in a batch"), now, &changes);
        undecided.push_back(name);
    }
    const auto middle = undecided.begin() + static_cast<std::ptrdiff_t>((undecided.size() + 1) / 2);
    queue_part({middle, undecided.end()}, true);
    queue_part({undecided.begin(), middle}, true);
}

// One topic of a message that has been answered. May forget the topic.
void SubscriptionFlow::decide(const FlowMessage& message, const std::string& name, Verdict verdict,
                              std::string_view reason, SteadyTime now, Changes& changes) {
    FlowTopic* topic = lookup(name);
    if (!topic) return;
    const bool is_current = topic->message_ == message.id;
    if (is_current) topic->message_.reset();
    if (message.unsubscribe) {
        if (is_current) decide_unsubscription(*topic, verdict, now);
        return;
    }
    if (!topic->wanted_) {
        if (is_current) decide_unwanted(*topic, verdict);
        return;
    }
    // A late answer may still say yes; a late no is followed by the answer to what was sent since.
    const bool is_last = topic->last_message_ == message.id;
    const bool counts = is_last || (verdict == Verdict::Accepted && topic->on_);
    if (counts && !topic->renewed_ && !topic->unsubscribing_)
        decide_wanted(message, *topic, verdict, reason, now, changes);
}

void SubscriptionFlow::decide_unsubscription(FlowTopic& topic, Verdict verdict, SteadyTime now) {
    topic.unsubscribing_ = false;
    if (verdict == Verdict::TooFast) {
        plan(topic);
        return;
    }
    if (verdict == Verdict::Later && ++topic.retries_ <= kRetries) {
        set_retry(topic, now + kFirstRetry * (1U << (topic.retries_ - 1)));
        return;
    }
    unsubscribed(topic, now);  // a venue that refuses does not carry it
}

void SubscriptionFlow::decide_unwanted(FlowTopic& topic, Verdict verdict) {
    topic.on_ = verdict == Verdict::Accepted;
    if (topic.on_ && topic.state_ == State::Sent) topic.state_ = State::Acknowledged;
    plan(topic);
}

void SubscriptionFlow::decide_wanted(const FlowMessage& message, FlowTopic& topic, Verdict verdict,
                                     std::string_view reason, SteadyTime now, Changes& changes) {
    if (!is_undecided(topic)) return;
    switch (verdict) {
        case Verdict::Accepted:
            settle(topic, State::Acknowledged, now, changes);
            break;
        case Verdict::Refused:
            refuse(topic, reason, true, now, changes);
            break;
        case Verdict::Later:
            again_later(topic, reason, now, changes);
            break;
        case Verdict::TooFast:
            topic.on_ = false;
            set_state(topic, State::Pending, or_else(reason, "too fast"), now, &changes);
            if (!message.part) plan(topic);  // a part stays together
            break;
    }
}

// Neither by an answer nor by data: what the venue left unanswered is undecided still. Silence after a yes or after
// data is no matter of answers.
bool SubscriptionFlow::is_undecided(const FlowTopic& topic) {
    return topic.state_ == State::Sent || (topic.state_ == State::Pending && topic.on_) ||
           (topic.state_ == State::Rejected && !topic.refused_);
}

void SubscriptionFlow::settle(FlowTopic& topic, State state, SteadyTime now, Changes& changes) {
    unqueue(topic);
    set_retry(topic, std::nullopt);
    topic.unanswered_ = topic.retries_ = 0;
    topic.refused_ = false;
    topic.quarantine_.forgive();
    set_state(topic, state, {}, now, &changes);
}

void SubscriptionFlow::refuse(FlowTopic& topic, std::string_view reason, bool by_word, SteadyTime now,
                              Changes& changes) {
    unqueue(topic);
    if (by_word) topic.on_ = false;
    topic.refused_ = by_word;
    topic.unanswered_ = topic.retries_ = 0;
    set_retry(topic, topic.quarantine_.refuse(settings_.quarantine, now));
    set_state(topic, State::Rejected, or_else(reason, "refused"), now, &changes);
}

void SubscriptionFlow::again_later(FlowTopic& topic, std::string_view reason, SteadyTime now, Changes& changes) {
    if (++topic.retries_ > kRetries) {
        refuse(topic, reason, true, now, changes);
        return;
    }
    unqueue(topic);
    topic.on_ = false;
    set_retry(topic, now + kFirstRetry * (1U << (topic.retries_ - 1)));
    set_state(topic, State::Pending, or_else(reason, "not now"), now, &changes);
}

void SubscriptionFlow::unsubscribed(FlowTopic& topic, SteadyTime now) {
    topic.on_ = topic.renewed_ = topic.unsubscribing_ = false;
    topic.unanswered_ = topic.retries_ = 0;
    if (topic.wanted_ && topic.state_ != State::Pending) set_state(topic, State::Pending, {}, now, nullptr);
    plan(topic);
}

SubscriptionFlow::Changes SubscriptionFlow::tick(SteadyTime now) {
    Changes changes;
    if (!in_session_) return changes;
    confirm_handed(now);
    while (FlowMessage* message = messages_.due(now))
        expire(*message, now, changes);
    while (!timers_.empty() && timers_.begin()->first <= now) {
        FlowTopic& topic = *timers_.begin()->second;
        set_retry(topic, std::nullopt);
        if (topic.state_ == State::Rejected && topic.wanted_)
            set_state(topic, State::Pending, topic.detail_, now, &changes);
        plan(topic);
    }
    return changes;
}

void SubscriptionFlow::expire(FlowMessage& message, SteadyTime now, Changes& changes) {
    if (!message.awaits) {
        messages_.erase(message.id);
        return;
    }
    const FlowMessage whole = message;
    messages_.expire(message);
    for (const std::string& name : whole.open) {
        FlowTopic* topic = lookup(name);
        if (!topic || topic->message_ != whole.id) continue;
        topic->message_.reset();
        leave_unanswered(whole, *topic, now, changes);
    }
    if (whole.part) queue_part(whole.open, false);
}

void SubscriptionFlow::leave_unanswered(const FlowMessage& message, FlowTopic& topic, SteadyTime now,
                                        Changes& changes) {
    const std::string reason = "no answer within " + duration_text(message.due - message.sent);
    // A venue that names one culprit and drops the whole message has answered.
    if (!message.refused_in_part) ++topic.unanswered_;
    if (message.unsubscribe) {
        topic.unsubscribing_ = false;
        if (topic.wanted_ && !topic.renewed_) topic.unanswered_ = 0;  // wanted again: the next is a subscription
        if (topic.unanswered_ >= kMaxUnanswered)
            unsubscribed(topic, now);
        else
            plan(topic);
        return;
    }
    if (!topic.wanted_) {
        topic.state_ = State::Pending;
        plan(topic);
        return;
    }
    if (topic.state_ != State::Sent) {
        topic.unanswered_ = 0;
        return;
    }
    if (topic.unanswered_ >= kMaxUnanswered) {
        refuse(topic, reason, false, now, changes);
        return;
    }
    set_state(topic, State::Pending, reason, now, &changes);
    if (!message.part) plan(topic);
}

SubscriptionFlow::Changes SubscriptionFlow::flowing(std::string_view name, SteadyTime now) {
    FlowTopic* topic = wanted(name);
    Changes changes;
    if (!topic || topic->state_ == State::Flowing || !topic->on_ || topic->renewed_ || topic->unsubscribing_)
        return changes;
    settle(*topic, State::Flowing, now, changes);
    return changes;
}

SubscriptionFlow::Changes SubscriptionFlow::stale(std::string_view name, const std::string& detail, SteadyTime now) {
    FlowTopic* topic = wanted(name);
    Changes changes;
    if (!topic || !topic->on_ || topic->renewed_ || topic->unsubscribing_) return changes;
    if (topic->state_ == State::Pending || topic->state_ == State::Rejected || topic->state_ == State::Stale)
        return changes;
    set_state(*topic, State::Stale, detail, now, &changes);
    return changes;
}

}  // namespace fairlead::core
