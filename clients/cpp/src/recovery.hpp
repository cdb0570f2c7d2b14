// How one topic gets back what was lost on the way to this process, as a pure rule: no socket, time as an argument.
//
// What cannot be delivered yet stands in a line, in the order of its numbers: holes, the messages behind them, the
// beginning of a new epoch. Only the hole at the front is fetched, one replay at a time; what comes from the stream
// meanwhile joins at the end. When a hole is filled, or known to be lost, the line moves up to the next hole. So the
// order is kept by construction, and each missing number is either delivered or told as lost, once.
//
// The replay of the hole at the front:
//   Idle    there is none to wait for
//   Wanted  to be asked for: it waits for its turn, or for the time until which the sidecar has put it off
//   Asked   its messages, its end or a refusal is awaited
#pragma once

#include "fairlead/sequence_tracker.hpp"
#include "fairlead/subscriber.hpp"
#include "fairlead/v1/stream.pb.h"

#include <chrono>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <variant>

namespace fairlead::client {

enum class Decision {
    Deliver,  // now: nothing stands before it
    Keep,     // hand it over by keep() or keep_replayed()
    Drop,     // not wanted, or no more
};

// A message that waits for its turn, as its frames.
struct Kept {
    std::string head{};
    std::string payload{};
    std::uint64_t time_ns = 0;  // of reception in the sidecar
};

// What on_gap is to be told.
struct Told {
    bool new_epoch = false;
    std::optional<Hole> hole{};
    Outcome outcome = Outcome::Lost;
    std::uint64_t from_ns = 0;
    std::uint64_t to_ns = 0;
};

using Action = std::variant<Told, Kept>;

class Recovery {
public:
    using Time = std::chrono::steady_clock::time_point;
    enum class Phase { Idle, Wanted, Asked };

    // Both outlive the object; all topics of a subscriber share them.
    Recovery(const RecoveryLimits& limits, SubscriberCounters& counters) : limits_(limits), counters_(counters) {}

    // A message of the stream, numbered or not. `verdict` is the SequenceTracker's; a verdict with a hole or a new
    // epoch also needs to know whether the sidecar can be asked for a replay, and the time.
    struct Means {
        bool can_replay = false;
        Time now{};
    };
    Decision on_live(const Verdict& verdict, std::uint64_t time_ns, const Means& means);
    void keep(Kept message, Time now);

    // A message of the replay that was asked for last.
    Decision on_replayed(std::uint64_t sequence, std::uint64_t time_ns, Time now);
    void keep_replayed(Kept message);
    void on_end(v1::EndCode code, Time now);
    // The sidecar has too much to do: to be asked again later.
    void on_limited(Time now);
    // No replay will come: everything missing is lost, and so is what will be missing within kRetryAfter.
    void fail(Time now);

    // Asks again what has made no progress, and gives up what has not for too long.
    void on_time(Time now);
    // When on_time() or ask() has something to do; empty = never by itself.
    std::optional<Time> deadline() const;

    Phase phase() const { return phase_; }
    // The hole to ask for; only while Wanted, and not before the time until which it was put off.
    std::optional<Hole> wanted(Time now) const;
    void asked(Time now);
    // It could not even be sent.
    void not_sent(Time now);

    // What is to be done next; to be called until it is empty, after every call above. Never has more than the line.
    std::optional<Action> next();
    bool empty() const { return line_.empty(); }

    static constexpr std::chrono::seconds kRetryAfter{30};
    static constexpr std::chrono::milliseconds kLimitedDelay{200};
    static constexpr std::chrono::milliseconds kUnsentDelay{20};

private:
    struct Missing {
        std::uint64_t first = 0;  // the next one that is wanted
        std::uint64_t last = 0;
        std::uint64_t run_first = 0;  // fetched and not told yet: from here up to `first`
        std::uint64_t run_from_ns = 0;
        std::uint64_t to_ns = 0;
        bool lost = false;  // the rest of it
        bool waits() const { return !lost && first <= last; }
    };
    struct NewEpoch {
        std::optional<Hole> hole{};
        std::uint64_t to_ns = 0;
    };
    using Entry = std::variant<Missing, Kept, NewEpoch>;
    using Line = std::list<Entry>;  // empty for nearly every topic, and then without memory of its own

    // There is one in every phase but Idle.
    template <typename AnyLine>
    static auto first_waiting(AnyLine& line);
    void abandon();
    void rest();
    void look_at_front();
    void put_off(Time now, std::chrono::milliseconds delay);
    bool too_much() const;
    void count_kept(const Kept& message);
    std::optional<Told> tell(Missing& hole);

    const RecoveryLimits& limits_;
    SubscriberCounters& counters_;
    Line line_;
    std::size_t messages_ = 0;  // in the line
    std::size_t bytes_ = 0;
    std::uint64_t last_time_ns_ = 0;  // of the last message in order
    Phase phase_ = Phase::Idle;
    Time not_before_{};             // Wanted
    Time asked_at_{};               // Asked
    std::optional<Time> progress_;  // of the hole at the front: since it was asked for first, or the last message
    std::optional<Time> limited_;   // since when the sidecar has put it off again and again
    Time failed_until_{};           // what is missing until then is lost at once
};

}  // namespace fairlead::client
