// How fast messages may leave on one socket: a limit for all of them, a stricter one for requests (subscribe,
// unsubscribe, login), and the pause after the venue has said that we were too fast.
//
// A venue counts what arrives, and what has left evenly may arrive in a bunch: each window is held a little longer than
// asked for (delivery_margin()).
#pragma once

#include "core/sliding_window.hpp"
#include "core/time.hpp"

#include <optional>

namespace fairlead::core {

enum class MessageKind { Request, Other };

class MessageBudget {
public:
    MessageBudget(const Rate& messages, const Rate& requests);

    bool may_send(MessageKind kind, SteadyTime now) const;
    // When may_send() becomes true; may be in the past. Empty = it is true, whatever the time.
    std::optional<SteadyTime> allowed_at(MessageKind kind) const;
    // One is sent, allowed or not: some answers cannot wait.
    void spend(MessageKind kind, SteadyTime now);
    // What was spent at this time was not sent after all.
    void give_back(MessageKind kind, SteadyTime at);

    // The venue says that we are too fast: no requests for a while, longer each time, and then half the pace until
    // kSlowFor has passed without another such answer, and kSlowRate in any case.
    void too_fast(SteadyTime now);
    bool is_slow(SteadyTime now) const { return slow_until_ && now < *slow_until_; }
    std::optional<SteadyTime> paused_until() const { return paused_until_; }

    // A new socket: its limits are its own, under these rates. A pause and the slow pace go on.
    void begin_session(const Rate& messages, const Rate& requests);

    static constexpr Duration kFirstPause = std::chrono::seconds{1};
    static constexpr Duration kMaxPause = std::chrono::minutes{1};
    static constexpr Duration kSlowFor = std::chrono::minutes{5};
    static constexpr Rate kSlowRate{.count = 10, .per = std::chrono::seconds{1}};
    static Duration delivery_margin(const Rate& rate);

private:
    std::optional<SteadyTime> allowed_by(const SlidingWindow<SteadyTime>& window) const;

    SlidingWindow<SteadyTime> messages_;
    SlidingWindow<SteadyTime> requests_;
    SlidingWindow<SteadyTime> slow_{kSlowRate};  // requests; asked only while the pace is slow
    Duration pause_ = kFirstPause;
    std::optional<SteadyTime> paused_until_;
    std::optional<SteadyTime> slow_until_;
};

}  // namespace fairlead::core
