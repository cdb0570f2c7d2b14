// A consumer on the C++ client library, in a thread of its own, that reads in its own way and checks all that it sees.
#pragma once

#include "fairlead/subscriber.hpp"
#include "ledger.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::soak {

enum class Pace {
    Fast,        // always reads; it is the reference for the venue's numbers
    Slow,        // reads less than comes, with a small queue
    Stopping,    // does not read at all now and then
    Restarting,  // is destroyed and made anew
};
std::string_view to_string(Pace pace);

struct WitnessCounters {
    std::uint64_t messages = 0;
    std::uint64_t recovered = 0;
    std::uint64_t lost = 0;
    std::uint64_t upstream_gaps = 0;
    std::uint64_t lives = 0;
};

class Witness {
public:
    // The connection of a topic, as a bit of Connections; 0 = the venue's numbers on it are not looked at.
    using ConnectionOf = Connections (*)(std::string_view connection);

    Witness(Pace pace, std::string stream_endpoint, std::uint64_t seed, ConnectionOf connection_of);
    ~Witness();  // ends the thread
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

    // From here on it reads as fast as it can and is not made anew.
    void hurry();
    // Ends the thread. What follows may be asked afterwards only.
    void stop();
    // Heartbeats have proved that it has everything of every topic. Any time after hurry(), any thread.
    bool is_proven() const { return proven_; }
    bool has_violation() const { return has_violation_; }  // any thread

    Pace pace() const { return pace_; }
    const std::vector<Violation>& violations() const { return violations_; }
    const std::vector<Claim>& claims() const { return claims_; }
    const WitnessCounters& counters() const { return counters_; }
    std::string unproven() const;

private:
    struct Topic {
        Ledger ledger;
        std::optional<VenueLedger> venue;
        bool stays = false;  // its connection is never removed: the tail can be proved
        bool is_proven() const { return !stays || ledger.is_proven(); }
        Recent recent;
    };

    void run();
    void live();
    void read(client::Subscriber& subscriber);
    void rest(std::chrono::milliseconds time);
    bool chance(unsigned one_in);
    client::Callbacks callbacks();
    Topic& topic_of(std::string_view name, std::string_view connection);
    void on_message(const client::Message& message);
    void on_gap(const client::Gap& gap);
    void check(Topic& topic, std::string_view name, const Ledger::Problem& problem);
    void look_whether_proven();

    const Pace pace_;
    const std::string endpoint_;
    const ConnectionOf connection_of_;
    std::mt19937_64 random_;
    std::map<std::string, Topic, std::less<>> topics_;  // of this life
    std::vector<Violation> violations_;
    std::vector<Claim> claims_;
    WitnessCounters counters_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> hurrying_{false};
    std::atomic<bool> proven_{false};
    std::atomic<bool> has_violation_{false};
    std::thread thread_;
};

}  // namespace fairlead::soak
