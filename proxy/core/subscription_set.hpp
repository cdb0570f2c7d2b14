// The intent: what should be subscribed on one connection, whatever becomes of its sockets. Sessions come and go; only
// add() and remove() change what is in the set. Within a session every subscription is handed out exactly once, in the
// order in which it was added.
//
// Not thread-safe: one thread owns a set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::core {

// The same order as fairlead.v1.SubscriptionState (which begins at 1); a unit test holds the two together.
enum class SubscriptionState {
    Pending,       // waits for a connection, or for take_pending()
    Sent,          // handed to the socket of this session
    Acknowledged,  // the venue said yes
    Flowing,       // data has come in this session
    Stale,         // no data for too long
    Rejected,      // the venue said no
};

std::string_view to_string(SubscriptionState state);

struct Subscription {
    std::string name;
    SubscriptionState state = SubscriptionState::Pending;
    std::uint64_t times_sent = 0;  // over all sessions
};

class SubscriptionSet {
public:
    enum class AddResult { Added, AlreadyThere, Full };

    explicit SubscriptionSet(std::size_t max_subscriptions);
    // The index views names that live in the entries.
    SubscriptionSet(const SubscriptionSet&) = delete;
    SubscriptionSet& operator=(const SubscriptionSet&) = delete;

    // Pending at first; a session that is under way finds it in its next take_pending(). O(1).
    AddResult add(std::string_view name);
    // False = was not there. O(1).
    bool remove(std::string_view name);

    // The socket is open: everything is pending once more. Also ends a session that was under way.
    void begin_session();
    // The socket is gone: everything is pending, and nothing is handed out until the next session.
    void end_session();
    // What this session has not sent yet, in order of addition; each is Sent from here on. Empty outside a session.
    std::vector<std::string> take_pending();
    // It could not be sent after all: pending once more, as if it had not been taken. O(1).
    void put_back(std::string_view name);
    // How many are pending.
    std::size_t pending() const { return pending_; }
    // Data of this subscription has come. False and without effect when it is unknown or was not sent in this session:
    // such data belongs to an earlier one. O(1).
    bool mark_flowing(std::string_view name);

    // Null = not in the set. Valid until that subscription is removed.
    const Subscription* find(std::string_view name) const;
    std::size_t size() const { return entries_.size(); }
    bool empty() const { return entries_.empty(); }
    std::size_t max_subscriptions() const { return max_subscriptions_; }

    // In order of addition.
    std::list<Subscription>::const_iterator begin() const { return entries_.begin(); }
    std::list<Subscription>::const_iterator end() const { return entries_.end(); }

private:
    void make_all_pending();

    std::size_t max_subscriptions_;
    std::list<Subscription> entries_;
    std::unordered_map<std::string_view, std::list<Subscription>::iterator> index_;
    std::size_t pending_ = 0;  // how many are Pending: take_pending() without work is O(1)
    bool in_session_ = false;
};

}  // namespace fairlead::core
