#include "core/subscription_flow.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace fairlead::core {

using State = SubscriptionState;

SubscriptionFlow::SubscriptionFlow(const FlowSettings& settings, std::size_t max_topics)
    : settings_(settings), max_topics_(max_topics), budget_(settings.messages, settings.requests) {}

void SubscriptionFlow::configure(const FlowSettings& settings) {
    settings_ = settings;
    if (!in_session_) budget_.begin_session(settings_.messages, settings_.requests);
}

// --- the wish

bool SubscriptionFlow::add(std::string name, std::string group, std::size_t bytes) {
    FlowTopic* known = lookup(name);
    if (known && known->wanted_) return false;
    if (topics_.size() >= max_topics_) return false;
    if (known) {
        want_again(*known, std::move(group), bytes);
        return true;
    }
    topics_.emplace_back();
    FlowTopic& topic = topics_.back();
    topic.name_ = std::move(name);
    topic.group_ = std::move(group);
    topic.bytes_ = bytes;
    topic.serial_ = next_serial_++;
    index_.emplace(topic.name_, std::prev(topics_.end()));
    ++counts_[static_cast<std::size_t>(State::Pending)];
    plan(topic);
    return true;
}

// What is being unsubscribed has to be subscribed anew; what only waited for that goes on as it was.
void SubscriptionFlow::want_again(FlowTopic& topic, std::string group, std::size_t bytes) {
    unqueue(topic);
    set_retry(topic, std::nullopt);
    topics_.splice(topics_.end(), leaving_, index_.at(topic.name_));
    topic.wanted_ = true;
    topic.group_ = std::move(group);
    topic.bytes_ = bytes;
    topic.serial_ = next_serial_++;
    topic.retries_ = topic.unanswered_ = 0;
    const bool is_going = topic.message_ && topic.unsubscribing_;
    if (is_going || topic.state_ == State::Rejected) topic.state_ = State::Pending;
    ++counts_[static_cast<std::size_t>(topic.state_)];
    plan(topic);
}

bool SubscriptionFlow::remove(std::string_view name) {
    FlowTopic* topic = wanted(name);
    if (!topic) return false;
    unqueue(*topic);
    set_retry(*topic, std::nullopt);
    topic->wanted_ = false;
    --counts_[static_cast<std::size_t>(topic->state_)];
    leaving_.splice(leaving_.end(), topics_, index_.at(topic->name_));
    const bool is_carried = in_session_ && (topic->on_ || topic->message_);
    if (!is_carried) {
        forget(*topic);
        return false;
    }
    topic->retries_ = topic->unanswered_ = 0;
    plan(*topic);
    trim_leaving();
    return !settings_.can_unsubscribe;
}

void SubscriptionFlow::forget(FlowTopic& topic) {
    unqueue(topic);
    set_retry(topic, std::nullopt);
    const auto found = index_.find(topic.name_);
    const auto entry = found->second;
    index_.erase(found);
    leaving_.erase(entry);
}

void SubscriptionFlow::trim_leaving() {
    while (leaving_.size() > kMaxLeaving)
        forget(leaving_.front());
}

void SubscriptionFlow::adopt(const SubscriptionFlow& other) {
    for (const FlowTopic& theirs : other.topics_) {
        if (theirs.state_ != State::Rejected || !theirs.refused_) continue;
        FlowTopic* mine = wanted(theirs.name_);
        if (!mine || mine->state_ != State::Pending || mine->on_ || mine->message_) continue;
        unqueue(*mine);
        mine->quarantine_ = theirs.quarantine_;
        mine->refused_ = true;
        set_state(*mine, State::Rejected, theirs.detail_, theirs.since_, nullptr);
        set_retry(*mine, theirs.retry_at_);
    }
}

FlowTopic* SubscriptionFlow::lookup(std::string_view name) {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &*found->second;
}

FlowTopic* SubscriptionFlow::wanted(std::string_view name) {
    FlowTopic* topic = lookup(name);
    return topic && topic->wanted_ ? topic : nullptr;
}

const FlowTopic* SubscriptionFlow::find(std::string_view name) const {
    const auto found = index_.find(name);
    return found == index_.end() || !found->second->wanted_ ? nullptr : &*found->second;
}

// --- the session

// A login may have been sent on this socket already: the limits began anew when the last one ended.
void SubscriptionFlow::begin_session(SteadyTime now) {
    if (in_session_) end_session(now);
    reset_topics(now);
    in_session_ = true;
    for (FlowTopic& topic : topics_)
        plan(topic);
}

void SubscriptionFlow::end_session(SteadyTime now) {
    reset_topics(now);
    budget_.begin_session(settings_.messages, settings_.requests);
    in_session_ = false;
}

// The silence of a socket says nothing about the next one: only a refusal by word goes on.
void SubscriptionFlow::reset_topics(SteadyTime now) {
    subscribe_.clear();
    unsubscribe_.clear();
    parts_.clear();
    messages_.clear();
    handed_.reset();
    waits_for_room_ = false;
    while (!leaving_.empty()) {
        leaving_.front().place_ = FlowTopic::Place::Nowhere;
        forget(leaving_.front());
    }
    for (FlowTopic& topic : topics_) {
        topic.place_ = FlowTopic::Place::Nowhere;
        topic.on_ = topic.was_on_ = topic.renewed_ = topic.unsubscribing_ = false;
        topic.message_.reset();
        topic.unanswered_ = topic.retries_ = 0;
        if (topic.state_ == State::Rejected && topic.refused_) continue;
        set_retry(topic, std::nullopt);
        set_state(topic, State::Pending, {}, now, nullptr);
    }
}

// Where the topic has to wait for its next message, if it has to. May forget a topic that is no longer wanted.
void SubscriptionFlow::plan(FlowTopic& topic) {
    unqueue(topic);
    if (!in_session_ || topic.message_ || topic.retry_at_) return;
    const bool must_go = !topic.wanted_ || topic.renewed_;
    if (must_go && topic.on_ && settings_.can_unsubscribe) {
        topic.place_ = FlowTopic::Place::Unsubscribing;
        unsubscribe_.insert(topic);
        return;
    }
    if (!topic.wanted_) {
        if (!topic.on_) forget(topic);
        return;
    }
    if (topic.renewed_) topic.renewed_ = topic.on_ = false;
    if (topic.state_ != State::Pending) return;
    if (topic.refused_) {
        queue_part({topic.name_}, false);
        return;
    }
    topic.place_ = FlowTopic::Place::Subscribing;
    subscribe_.insert(topic);
}

void SubscriptionFlow::unqueue(FlowTopic& topic) {
    if (topic.place_ == FlowTopic::Place::Subscribing) subscribe_.erase(topic);
    if (topic.place_ == FlowTopic::Place::Unsubscribing) unsubscribe_.erase(topic);
    topic.place_ = FlowTopic::Place::Nowhere;
}

void SubscriptionFlow::queue_part(const std::vector<std::string>& names, bool first) {
    std::vector<std::string> part;
    for (const std::string& name : names) {
        FlowTopic* topic = wanted(name);
        if (!topic || topic->state_ != State::Pending || topic->message_ || topic->retry_at_ || topic->renewed_)
            continue;
        unqueue(*topic);
        topic->place_ = FlowTopic::Place::Part;
        part.push_back(name);
    }
    if (part.empty()) return;
    if (first)
        parts_.push_front(std::move(part));
    else
        parts_.push_back(std::move(part));
}

void SubscriptionFlow::set_retry(FlowTopic& topic, std::optional<SteadyTime> at) {
    if (topic.retry_at_) timers_.erase({*topic.retry_at_, &topic});
    topic.retry_at_ = at;
    if (at) timers_.emplace(*at, &topic);
}

void SubscriptionFlow::set_state(FlowTopic& topic, State state, std::string_view detail, SteadyTime now,
                                 Changes* changes) {
    const State before = topic.state_;
    const bool has_changed = before != state || topic.detail_ != detail;
    if (before != state) topic.since_ = now;
    topic.state_ = state;
    topic.detail_ = detail;
    if (!topic.wanted_) return;
    --counts_[static_cast<std::size_t>(before)];
    ++counts_[static_cast<std::size_t>(state)];
    if (!changes || !has_changed) return;
    changes->push_back({topic.name_, before, state, topic.detail_});
    last_change_ = changes->back();
}

SubscriptionFlow::Changes SubscriptionFlow::resubscribe(std::string_view name, SteadyTime now) {
    Changes changes;
    FlowTopic* topic = in_session_ ? wanted(name) : nullptr;
    if (topic) renew(*topic, now, changes);
    return changes;
}

SubscriptionFlow::Changes SubscriptionFlow::resubscribe_all(SteadyTime now) {
    Changes changes;
    if (!in_session_) return changes;
    for (FlowTopic& topic : topics_) {
        if (topic.state_ != State::Rejected) renew(topic, now, changes);
    }
    return changes;
}

// What is under way, or waits for its turn, is about to be subscribed anyway.
void SubscriptionFlow::renew(FlowTopic& topic, SteadyTime now, Changes& changes) {
    if (topic.message_) return;
    set_retry(topic, std::nullopt);
    if (topic.state_ != State::Pending && topic.state_ != State::Rejected) topic.renewed_ = true;
    if (topic.state_ != State::Pending) set_state(topic, State::Pending, topic.detail_, now, &changes);
    if (topic.place_ == FlowTopic::Place::Nowhere) plan(topic);
}

// --- sending

std::optional<SubscriptionFlow::Send> SubscriptionFlow::next(SteadyTime now) {
    if (!in_session_) return std::nullopt;
    confirm_handed(now);
    waits_for_room_ = false;
    if (!has_slot() || !budget_.may_send(MessageKind::Request, now)) return std::nullopt;
    if (!messages_.has_part()) {
        const auto part = take_part();
        if (!part.empty()) return hand_out(part, false, true, now);
    }
    const BatchLimits limits{settings_.topics_per_message, settings_.bytes_per_message, settings_.overhead_bytes};
    if (!unsubscribe_.empty()) return hand_out(unsubscribe_.batch(limits), true, false, now);
    if (!subscribe_.empty()) return hand_out(subscribe_.batch(limits), false, false, now);
    return std::nullopt;
}

std::vector<FlowTopic*> SubscriptionFlow::take_part() {
    std::vector<FlowTopic*> topics;
    while (topics.empty() && !parts_.empty()) {
        for (const std::string& name : parts_.front()) {
            FlowTopic* topic = wanted(name);
            if (topic && topic->place_ == FlowTopic::Place::Part) topics.push_back(topic);
        }
        parts_.pop_front();
    }
    return topics;
}

SubscriptionFlow::Send SubscriptionFlow::hand_out(const std::vector<FlowTopic*>& batch, bool unsubscribe, bool part,
                                                  SteadyTime now) {
    Send send{next_id_++, unsubscribe, {}};
    for (FlowTopic* topic : batch) {
        unqueue(*topic);
        send.topics.push_back(topic->name_);
        topic->last_message_ = send.id;
        topic->was_on_ = topic->on_;
        topic->unsubscribing_ = unsubscribe;
        if (settings_.acknowledged || unsubscribe) topic->message_ = send.id;
        if (unsubscribe) continue;
        topic->on_ = true;
        ++topic->times_sent_;
        set_state(*topic, State::Sent, topic->detail_, now, nullptr);
    }
    if (unsubscribe && !settings_.acknowledged) handed_ = send.id;
    FlowMessage message;
    message.id = send.id;
    message.unsubscribe = unsubscribe;
    message.part = part;
    message.awaits = settings_.acknowledged;
    message.sent = now;
    message.due = now + settings_.ack_timeout;
    message.size = send.topics.size();
    message.open = send.topics;
    messages_.add(std::move(message));
    budget_.spend(MessageKind::Request, now);
    return send;
}

void SubscriptionFlow::confirm_handed(SteadyTime now) {
    if (!handed_) return;
    const auto id = *std::exchange(handed_, std::nullopt);
    FlowMessage* message = messages_.with_id(id);
    if (!message) return;
    const std::vector<std::string> names = message->open;
    messages_.erase(id);
    for (const std::string& name : names) {
        FlowTopic* topic = lookup(name);
        if (!topic || topic->message_ != id) continue;
        topic->message_.reset();
        unsubscribed(*topic, now);
    }
}

// The topics of a message that was not sent, as they were before it.
std::vector<FlowTopic*> SubscriptionFlow::take_back(const Send& send) {
    std::vector<FlowTopic*> topics;
    FlowMessage* message = messages_.with_id(send.id);
    if (!message) return topics;
    if (handed_ == send.id) handed_.reset();
    budget_.give_back(MessageKind::Request, message->sent);
    messages_.erase(send.id);
    for (const std::string& name : send.topics) {
        FlowTopic* topic = lookup(name);
        if (!topic || topic->last_message_ != send.id) continue;
        topic->message_.reset();
        topic->unsubscribing_ = false;
        topic->on_ = topic->was_on_;
        if (!send.unsubscribe) --topic->times_sent_;
        topics.push_back(topic);
    }
    return topics;
}

void SubscriptionFlow::not_sent(const Send& send, SteadyTime now) {
    const FlowMessage* message = messages_.with_id(send.id);
    const bool is_part = message && message->part;
    for (FlowTopic* topic : take_back(send)) {
        if (!send.unsubscribe && topic->state_ == State::Sent)
            set_state(*topic, State::Pending, topic->detail_, now, nullptr);
        if (!is_part || !topic->wanted_) plan(*topic);
    }
    if (is_part) queue_part(send.topics, true);
    waits_for_room_ = true;
}

SubscriptionFlow::Changes SubscriptionFlow::unsendable(const Send& send, const std::string& detail, SteadyTime now) {
    Changes changes;
    for (FlowTopic* topic : take_back(send)) {
        if (send.unsubscribe)
            unsubscribed(*topic, now);
        else if (topic->wanted_)
            refuse(*topic, detail, false, now, changes);
        else
            plan(*topic);
    }
    return changes;
}

// --- what is to come

bool SubscriptionFlow::has_work() const {
    return !subscribe_.empty() || !unsubscribe_.empty() || (!parts_.empty() && !messages_.has_part());
}

std::optional<SteadyTime> SubscriptionFlow::next_deadline() const {
    if (!in_session_) return std::nullopt;
    std::optional<SteadyTime> earliest = messages_.next_due();
    const auto also = [&earliest](SteadyTime time) { earliest = earliest ? std::min(*earliest, time) : time; };
    if (!timers_.empty()) also(timers_.begin()->first);
    if (handed_ && !waits_for_room_) also(SteadyTime::min());
    if (has_work() && has_slot() && !waits_for_room_)
        also(budget_.allowed_at(MessageKind::Request).value_or(SteadyTime::min()));
    return earliest;
}

bool SubscriptionFlow::settled() const {
    if (!in_session_ || count(State::Pending) > 0) return false;
    return !settings_.acknowledged || count(State::Sent) == 0;
}

}  // namespace fairlead::core
