// Which topics fetch what they have missed, and from which sidecar: a few at once, the others in the order in which
// they came. Pure: requests leave through a function, time is an argument.
//
// A sidecar is known by its epoch, which its Welcome tells together with its control endpoint: a topic is asked for
// where its epoch is at home. The epochs that a sidecar had before are forgotten when it tells a greater one.
//
// A sidecar of whose control socket nothing is heard while a replay is awaited is left alone for a while, so that many
// topics do not wait for it one after the other. One whose control socket has never been within reach from here, such
// as a path that is not mounted, costs a shorter wait, and none at all when it is tried again.
#pragma once

#include "fairlead/v1/control.pb.h"
#include "topic.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::client {

class Replays {
public:
    using Time = Recovery::Time;

    // The way to the control sockets.
    struct Link {
        // Gets ready to send there. False when that will never do.
        std::function<bool(const std::string& endpoint)> open{};
        // False when it cannot be sent now.
        std::function<bool(const std::string& endpoint, const v1::Request& request)> send{};
    };

    struct Settings {
        std::string control_endpoint{};  // empty = as each Welcome says
        Link link{};
        std::chrono::milliseconds silence{};  // a control socket of which so long nothing was heard is left alone
        std::uint64_t seed = 0;               // of request ids
    };
    explicit Replays(Settings settings) : settings_(std::move(settings)), random_(settings_.seed) {}

    void on_welcome(const v1::Welcome& welcome);
    // Something came from that control socket.
    void heard(std::string_view endpoint, Time now);
    // The sidecar of that epoch has a journal, and is not left alone.
    bool possible(std::uint64_t epoch, Time now);
    // Whose replay it is; null when nobody waits for it any more.
    Topic* asker(std::uint64_t request_id) const;

    // To be called after anything that may have changed the phase of the topic's recovery.
    void settle(Topic& topic);
    // Sends what may be sent and gives up what takes too long. Returns the topics whose recovery has given up.
    std::vector<Topic*> on_time(Time now);
    // How many requests were sent by all calls of on_time().
    std::uint64_t sent() const { return sent_; }

    bool idle() const { return active_.empty() && waiting_.empty(); }
    // When on_time() has something to do; empty = not before something comes.
    std::optional<Time> deadline() const;

    static constexpr std::size_t kMaxActive = 8;
    static constexpr std::size_t kMaxSidecars = 64;  // the least epochs are forgotten
    // For a control socket that nothing could be sent to yet. Longer than ZeroMQ pauses between two attempts to
    // connect, which is up to twice ZMQ_RECONNECT_IVL: after a restart the stream may be back so much earlier.
    static constexpr std::chrono::milliseconds kReachable{400};

private:
    struct Sidecar {
        std::string endpoint{};
        std::string instance{};
        bool has_journal = false;
        bool reached = false;                     // something could be sent to that endpoint, in this epoch or before
        std::optional<Time> unreachable_since{};  // nothing could be sent since then, as far as was tried
        Time heard{};
        Time left_alone_until{};
    };

    Sidecar* sidecar(std::uint64_t epoch);
    void ask(Topic& topic, Time now);
    bool in_vain(std::uint64_t epoch, Time now);
    void leave_alone(std::uint64_t epoch, Time now, std::vector<Topic*>& given_up);
    void leave(Topic& topic);
    void forget_request(Topic& topic);

    const Settings settings_;
    std::mt19937_64 random_;
    std::map<std::uint64_t, Sidecar> sidecars_;        // by epoch
    std::vector<Topic*> active_;                       // at most kMaxActive
    std::map<std::uint64_t, Topic*> waiting_;          // by ticket
    std::unordered_map<std::uint64_t, Topic*> asked_;  // by request id
    std::uint64_t last_ticket_ = 0;
    std::uint64_t sent_ = 0;
};

}  // namespace fairlead::client
