// What a stream message means to a consumer: sequence rules, connections, liveness; ends in the callbacks. Takes frames
// and the time, knows no socket.
#pragma once

#include "connection_tracker.hpp"
#include "fairlead/envelope.hpp"
#include "fairlead/sequence_tracker.hpp"
#include "fairlead/subscriber.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fairlead::client {

class Dispatcher {
public:
    using Time = std::chrono::steady_clock::time_point;

    Dispatcher(Callbacks callbacks, std::function<Time()> now)
        : callbacks_(std::move(callbacks)), now_(std::move(now)) {}

    void on_single_frame(std::string_view frame);
    void on_frames(std::string_view frame0, std::string_view frame1);
    void on_undecodable() { ++counters_.undecodable; }

    bool alive() const { return is_recent(last_heartbeat_); }
    v1::Liveness liveness(std::string_view connection) const;
    const SubscriberCounters& counters() const { return counters_; }

private:
    struct Topic {
        std::string name;
        std::string connection;
        std::string channel;  // decoded
        bool is_state = false;
        SequenceTracker tracker;
        std::uint64_t last_time_ns = 0;  // of the last message or heartbeat in order
    };
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

    void numbered(Topic& topic, const Envelope& envelope);
    void unnumbered(Topic& topic, const Envelope& envelope);
    void data(const Topic& topic, const Envelope& envelope);
    void state(const Topic& topic, const Envelope& envelope);
    void gap(const Topic& topic, const Envelope& envelope);
    void heartbeat(Topic& topic, const Envelope& envelope);
    void end(Topic& topic, const Envelope& envelope);
    void tell_up_down(const UpDown& change, const ConnectionChange& told);
    // False for a message of an old epoch or a duplicate.
    bool take(Topic& topic, const Envelope& envelope, const Verdict& verdict);

    const Callbacks callbacks_;
    const std::function<Time()> now_;
    ByName<Topic> topics_;
    ByName<Connection> connections_;
    std::chrono::milliseconds heartbeat_interval_{1000};  // until a Welcome tells it
    Time last_heartbeat_;
    SubscriberCounters counters_;
};

}  // namespace fairlead::client
