// The subscriptions of one socket, through one session after another: what is wanted (the intent, which no failure
// empties), what of it may be sent now, and what the venue's answers say of each topic.
//
// A venue's limits are kept: topics and bytes in a message, messages awaiting answers, messages in a span of time. A
// refused batch is halved until the culprit is alone; the culprit is quarantined, the others go on. A topic has at most
// one message under way, so the last wish always wins: what was removed meanwhile is unsubscribed after the answer to
// its subscription, what was added again is subscribed after the answer to its unsubscription. Ids grow over all
// sessions: no answer of an earlier one ever matches.
//
// The owner calls tick() and then next() until it is empty, whenever next_deadline() has passed and after every other
// call that may have made room or work: add, remove, resubscribe, answers, the socket's queue having emptied.
//
// Not thread-safe: one thread owns a flow. `now` must not go backwards. Cost of a call: O(log topics) for each topic
// that it touches, unless said otherwise.
#pragma once

#include "core/flow_messages.hpp"
#include "core/flow_queue.hpp"
#include "core/message_budget.hpp"
#include "core/quarantine.hpp"
#include "core/reject_kind.hpp"
#include "core/subscription_state.hpp"
#include "core/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fairlead::core {

struct FlowSettings {
    unsigned topics_per_message = 1;  // above 0
    // Of the whole text; 0 = no limit. Counted as overhead_bytes, and for each topic its bytes and a comma. A topic
    // that is too long by itself is sent by itself.
    std::uint64_t bytes_per_message = 0;
    std::uint64_t overhead_bytes = 0;
    // The venue answers. If not: what is sent counts as accepted, unless a refusal names its id or topic.
    bool acknowledged = false;
    unsigned in_flight =
        16;  // messages that may await answers; above 0; 1 where an answer does not say what it answers
    Duration ack_timeout = std::chrono::seconds{10};
    bool can_unsubscribe = false;
    QuarantineSettings quarantine;
    Rate messages;  // all on this socket
    Rate requests;  // of those, what next() hands out, and logins
};

// What a venue's answer names. With an id, it belongs to the message of that id or to none; else with a topic, to the
// oldest message that has this topic and awaits an answer; with neither, to the oldest that awaits an answer.
struct FlowAnswer {
    std::optional<std::uint64_t> id{};
    std::optional<std::string> topic{};  // the answer is about this one of the message only
    bool names_accepted = false;         // `accepted` is a complete list: the message's other topics are refused
    std::vector<std::string> accepted{};
    std::string reason{};  // for people
};

// A subscription that is wanted.
class FlowTopic {
public:
    const std::string& name() const { return name_; }
    const std::string& group() const { return group_; }
    std::size_t bytes() const { return bytes_; }
    SubscriptionState state() const { return state_; }
    SteadyTime since() const { return since_; }               // of the state; the epoch until it first changed
    const std::string& detail() const { return detail_; }     // Rejected, Stale; Pending, Sent after a refusal: why
    std::uint64_t times_sent() const { return times_sent_; }  // over all sessions
    // Rejected, or Pending after a refusal: when it is sent again, if a session is open then.
    std::optional<SteadyTime> retry_at() const { return retry_at_; }

private:
    friend class SubscriptionFlow;
    friend class FlowQueue;
    enum class Place { Nowhere, Subscribing, Unsubscribing, Part };  // the queue in which it waits to be sent

    std::string name_;
    std::string group_;
    std::size_t bytes_ = 0;
    SubscriptionState state_ = SubscriptionState::Pending;
    SteadyTime since_{};
    std::string detail_;
    std::uint64_t times_sent_ = 0;
    std::optional<SteadyTime> retry_at_;

    std::uint64_t serial_ = 0;  // order of addition
    Place place_ = Place::Nowhere;
    bool wanted_ = true;
    bool on_ = false;       // sent in this session and not taken back since: its data is to be expected
    bool was_on_ = false;   // before the last message
    bool renewed_ = false;  // to be unsubscribed and subscribed again
    bool refused_ = false;  // by a word of the venue, not by its silence, and not accepted since: is sent alone
    std::optional<std::uint64_t> message_;  // under way
    bool unsubscribing_ = false;            // that message is an unsubscription
    std::uint64_t last_message_ = 0;        // the last that had it
    unsigned unanswered_ = 0;               // messages in this session, in a row
    unsigned retries_ = 0;                  // after Retryable, in this session, in a row
    Quarantine quarantine_;
};

class SubscriptionFlow {
public:
    struct Send {
        std::uint64_t id = 0;
        bool unsubscribe = false;
        std::vector<std::string> topics;
    };
    // An edge of a topic that is wanted. `to` may equal `from` where only the detail is new. What a Send takes with it
    // (to Sent), what begin_session() and end_session() do to all, and add() are not told as changes.
    struct Change {
        std::string name;
        SubscriptionState from = SubscriptionState::Pending;
        SubscriptionState to = SubscriptionState::Pending;
        std::string detail{};
    };
    using Changes = std::vector<Change>;

    SubscriptionFlow(const FlowSettings& settings, std::size_t max_topics);
    // The index and the queues point into the topics.
    SubscriptionFlow(const SubscriptionFlow&) = delete;
    SubscriptionFlow& operator=(const SubscriptionFlow&) = delete;

    // False = there already, or full. Only topics of equal `group` share a message; `bytes` is what the topic takes in
    // it. A topic whose unsubscription has not been sent yet is as if it had never been removed.
    bool add(std::string name, std::string group, std::size_t bytes);
    // False = was not there, or the socket is free of it, or will be after an unsubscription. True = this socket goes
    // on carrying it, because the venue knows no unsubscription: only a new socket would be free of it.
    bool remove(std::string_view name);
    // What another socket of the same connection knows to be refused by the venue is not tried again by this one:
    // state, reason and retry of every topic that both want. Of use before begin_session(). O(topics).
    void adopt(const SubscriptionFlow& other);

    // The socket is open, and texts may be sent: everything is pending, but what the venue has refused waits on. Also
    // ends a session that was under way. O(topics).
    void begin_session(SteadyTime now);
    // The socket is gone: everything is pending, but what the venue has refused waits on. O(topics).
    void end_session(SteadyTime now);
    bool in_session() const { return in_session_; }

    // The next message that the limits allow, to be sent at once; empty = none now. Its topics are Sent from here on.
    std::optional<Send> next(SteadyTime now);
    // The socket's queue had no room for it: as if next() had not handed it out, and the id is not used again. Until
    // the next call of next(), next_deadline() does not count what could be sent.
    void not_sent(const Send& send, SteadyTime now);
    // It cannot be written at all (a secret is missing): its topics are quarantined for `detail`, at most until the
    // next session.
    Changes unsendable(const Send& send, const std::string& detail, SteadyTime now);

    // What else is sent on this socket shares its limits: texts (Other), logins (Request), and pings and pongs where
    // the venue counts them. What is spent before begin_session() (a login) is the next session's: call end_session()
    // at the end of every socket, also of one whose session never began.
    bool may_send(SteadyTime now, MessageKind kind = MessageKind::Other) const { return budget_.may_send(kind, now); }
    void spend(SteadyTime now, MessageKind kind = MessageKind::Other) { budget_.spend(kind, now); }
    // When may_send() becomes true; may be in the past. Empty = it is true, whatever the time.
    std::optional<SteadyTime> may_send_at(MessageKind kind = MessageKind::Other) const {
        return budget_.allowed_at(kind);
    }
    // An id for a request that is not a subscription: answers to it match none of these.
    std::uint64_t take_id() { return next_id_++; }

    // Again on the same socket, unsubscribed first if the venue knows how. Outside a session without effect. A
    // quarantined topic is tried at once if it is named.
    Changes resubscribe(std::string_view name, SteadyTime now);
    Changes resubscribe_all(SteadyTime now);

    // An answer that matches no message is counted; one without an id that names a topic still says something about it:
    // a late yes, or that the venue takes a yes back.
    Changes acknowledged(const FlowAnswer& answer, SteadyTime now);
    Changes rejected(const FlowAnswer& answer, RejectKind kind, SteadyTime now);
    // Answers that did not come, waits that are over.
    Changes tick(SteadyTime now);
    // Data of this topic has come: at most one change. Without effect if it is unknown, was not sent in this session,
    // or is being renewed: such data belongs to an earlier subscription. O(1), without allocation if it flows already.
    Changes flowing(std::string_view name, SteadyTime now);
    // It is silent for too long. Without effect if it was not sent in this session or is Rejected.
    Changes stale(std::string_view name, const std::string& detail, SteadyTime now);

    // When to call tick() and next(); may be in the past. Empty outside a session.
    std::optional<SteadyTime> next_deadline() const;
    // In a session: nothing is pending and, where the venue answers, every topic has been answered or flows. What is
    // quarantined does not count.
    bool settled() const;

    // Null = not wanted. Valid until that topic is removed.
    const FlowTopic* find(std::string_view name) const;
    std::size_t size() const { return topics_.size(); }
    bool empty() const { return topics_.empty(); }
    std::size_t max_topics() const { return max_topics_; }
    std::size_t count(SubscriptionState state) const { return counts_[static_cast<std::size_t>(state)]; }
    // In order of addition.
    std::list<FlowTopic>::const_iterator begin() const { return topics_.begin(); }
    std::list<FlowTopic>::const_iterator end() const { return topics_.end(); }
    // The last edge of any topic, for status; empty name = none yet.
    const Change& last_change() const { return last_change_; }
    // Answers that matched no message.
    std::uint64_t unmatched_answers() const { return unmatched_; }
    // Messages that await an answer.
    std::size_t in_flight() const { return messages_.awaited(); }
    bool is_slow(SteadyTime now) const { return budget_.is_slow(now); }

    // Changed settings hold for what is sent from now on; limits of rate from the next session on.
    void configure(const FlowSettings& settings);

    static constexpr unsigned kRetries = 5;                           // after Retryable, before the quarantine
    static constexpr Duration kFirstRetry = std::chrono::seconds{1};  // doubled with each
    static constexpr std::size_t kMaxLeaving = 20'000;                // removed topics that are remembered

private:
    enum class Verdict { Accepted, Refused, Later, TooFast };
    using Topics = std::list<FlowTopic>;
    using Timer = std::pair<SteadyTime, FlowTopic*>;
    struct ByTimeAndSerial {
        bool operator()(const Timer& a, const Timer& b) const {
            return a.first != b.first ? a.first < b.first : a.second->serial_ < b.second->serial_;
        }
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    FlowTopic* lookup(std::string_view name);
    FlowTopic* wanted(std::string_view name);

    // The wish and the queues.
    void plan(FlowTopic& topic);
    void unqueue(FlowTopic& topic);
    void set_retry(FlowTopic& topic, std::optional<SteadyTime> at);
    void forget(FlowTopic& topic);
    void trim_leaving();
    void want_again(FlowTopic& topic, std::string group, std::size_t bytes);
    void reset_topics(SteadyTime now);
    void set_state(FlowTopic& topic, SubscriptionState state, std::string_view detail, SteadyTime now,
                   Changes* changes);
    void renew(FlowTopic& topic, SteadyTime now, Changes& changes);

    // Sending.
    bool has_work() const;
    bool has_slot() const { return !settings_.acknowledged || messages_.awaited() < settings_.in_flight; }
    std::vector<FlowTopic*> take_part();
    Send hand_out(const std::vector<FlowTopic*>& batch, bool unsubscribe, bool part, SteadyTime now);
    void confirm_handed(SteadyTime now);
    std::vector<FlowTopic*> take_back(const Send& send);
    void queue_part(const std::vector<std::string>& names, bool first);

    // Answers.
    FlowMessage* match(const FlowAnswer& answer);
    void apply(const FlowAnswer& answer, Verdict verdict, SteadyTime now, Changes& changes);
    void apply_without_message(const FlowAnswer& answer, Verdict verdict, SteadyTime now, Changes& changes);
    void decide_named(FlowMessage& message, const FlowAnswer& answer, Verdict verdict, SteadyTime now,
                      Changes& changes);
    void decide_all(FlowMessage& message, const FlowAnswer& answer, Verdict verdict, SteadyTime now, Changes& changes);
    void decide(const FlowMessage& message, const std::string& name, Verdict verdict, std::string_view reason,
                SteadyTime now, Changes& changes);
    void decide_unsubscription(FlowTopic& topic, Verdict verdict, SteadyTime now);
    void decide_unwanted(FlowTopic& topic, Verdict verdict);
    void decide_wanted(const FlowMessage& message, FlowTopic& topic, Verdict verdict, std::string_view reason,
                       SteadyTime now, Changes& changes);
    void halve(FlowMessage& message, std::string_view reason, SteadyTime now, Changes& changes);
    void expire(FlowMessage& message, SteadyTime now, Changes& changes);
    void leave_unanswered(const FlowMessage& message, FlowTopic& topic, SteadyTime now, Changes& changes);

    // Of one topic.
    static bool is_undecided(const FlowTopic& topic);
    void settle(FlowTopic& topic, SubscriptionState state, SteadyTime now, Changes& changes);
    void refuse(FlowTopic& topic, std::string_view reason, bool by_word, SteadyTime now, Changes& changes);
    void again_later(FlowTopic& topic, std::string_view reason, SteadyTime now, Changes& changes);
    void unsubscribed(FlowTopic& topic, SteadyTime now);

    FlowSettings settings_;
    std::size_t max_topics_;
    Topics topics_;
    Topics leaving_;  // no longer wanted, but this session's socket may still carry them; the same elements, moved over
    std::unordered_map<std::string_view, Topics::iterator, Hash, std::equal_to<>> index_;  // of both
    std::array<std::size_t, 6> counts_{};                                                  // of topics_, by state
    std::set<Timer, ByTimeAndSerial> timers_;

    FlowQueue subscribe_;
    FlowQueue unsubscribe_;
    std::deque<std::vector<std::string>> parts_;  // of refused batches, and suspects: each alone, one at a time
    FlowMessages messages_;
    MessageBudget budget_;
    // An unsubscription that no answer will confirm: it counts as done when the next call shows that it was sent.
    std::optional<std::uint64_t> handed_;
    bool in_session_ = false;
    bool waits_for_room_ = false;
    std::uint64_t next_id_ = 1;
    std::uint64_t next_serial_ = 1;
    std::uint64_t unmatched_ = 0;
    Change last_change_;
};

}  // namespace fairlead::core
