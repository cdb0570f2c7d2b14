// What a stream message means to a consumer: sequence rules, recovery, connections, liveness; ends in the callbacks.
// Takes frames and the time, knows no socket.
//
// A message goes three steps: judge() asks the sequence rules, the topic's Recovery decides whether it is its turn, and
// deliver() calls back. What had to wait is delivered by release(), in portions.
#pragma once

#include "connection_tracker.hpp"
#include "fairlead/envelope.hpp"
#include "fairlead/subscriber.hpp"
#include "fairlead/v1/control.pb.h"
#include "replays.hpp"
#include "topic.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::client {

class Dispatcher {
public:
    using Time = std::chrono::steady_clock::time_point;

    // `link` is for requests of replays.
    Dispatcher(const SubscriberOptions& options, Callbacks callbacks, std::function<Time()> now, Replays::Link link);

    // From the stream socket. To be followed by release().
    void on_single_frame(std::string_view frame);
    void on_frames(std::string_view frame0, std::string_view frame1);
    void on_undecodable() { ++counters_.undecodable; }
    // From the control socket at `endpoint`: a reply, a message of a replay. To be followed by release().
    void on_reply(std::string_view endpoint, std::string_view body);
    void on_replayed(std::string_view endpoint, std::string_view frame0, std::string_view frame1);

    // Delivers up to `max` of what has waited and may go now, and returns how many. All of it is to be released before
    // more is read, so that no more waits than has to.
    int release(int max);
    // Asks for replays, and gives up those that take too long. True: something was sent, or is to be released. Takes no
    // time when nothing is missing.
    bool on_time();
    // When on_time() has something to do although nothing was read; empty = never.
    std::optional<Time> deadline() const { return replays_.deadline(); }
    bool recovering() const { return !replays_.idle(); }

    bool alive() const { return is_recent(last_heartbeat_); }
    v1::Liveness liveness(std::string_view connection) const;
    const SubscriberCounters& counters() const { return counters_; }

private:
    struct Connection {
        ConnectionTracker tracker;
        v1::Liveness liveness = v1::LIVENESS_UNSPECIFIED;
        Time heartbeat;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    template <typename Value>
    using ByName = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

    Topic& topic(std::string_view name);
    Connection& connection(const std::string& id);
    bool is_recent(Time heartbeat) const;

    // Empty: not of the contract. Numbers of a message that takes none are those that it tells.
    std::optional<Verdict> judge(Topic& topic, const Envelope& envelope);
    std::optional<Verdict> judge_heartbeat(Topic& topic, const Envelope& envelope);
    std::optional<Verdict> judge_end(Topic& topic, const Envelope& envelope);
    Decision decide(Topic& topic, const Envelope& envelope, const Verdict& verdict);
    void replayed(Topic& topic, const Envelope& envelope, std::string_view frame0);
    void settle(Topic& topic);

    void deliver(const Topic& topic, const Envelope& envelope);
    void data(const Topic& topic, const Envelope& envelope);
    void state(const Topic& topic, const Envelope& envelope);
    void gap(const Topic& topic, const Envelope& envelope);
    void heartbeat(const Topic& topic, const Envelope& envelope);
    void end(const Topic& topic, const Envelope& envelope);
    void tell(const Topic& topic, const Told& told);
    void tell_up_down(const UpDown& change, const ConnectionChange& told);

    const RecoveryLimits limits_;
    const bool recover_;
    const Callbacks callbacks_;
    const std::function<Time()> now_;
    ByName<Topic> topics_;
    ByName<Connection> connections_;
    std::chrono::milliseconds heartbeat_interval_{1000};  // until a Welcome tells it
    Time last_heartbeat_;
    SubscriberCounters counters_;
    Replays replays_;
    std::deque<Topic*> ready_;  // their recovery may have something to do next
};

}  // namespace fairlead::client
