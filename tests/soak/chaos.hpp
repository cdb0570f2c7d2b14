// Everything that can go wrong, in an order that the seed decides, and each of it in the log before it happens.
#pragma once

#include "fault_log.hpp"
#include "sidecar.hpp"
#include "simulator/venue.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace fairlead::soak {

// A venue and the connections that have sockets to it.
struct Place {
    simulator::Venue* venue = nullptr;
    Connections connections = 0;
    char name = 'A';
};

class Chaos {
public:
    using Time = std::chrono::steady_clock::time_point;

    Chaos(std::uint64_t seed, std::vector<Place> places, Sidecar& sidecar, FaultLog& log);

    // Begins one fault, and ends those that have lasted long enough.
    void step(Time now);
    // When step() is to be called next.
    Time next_step(Time now);
    // Ends everything that is still on.
    void end_all();

private:
    struct Choice {
        unsigned weight = 0;
        void (Chaos::*act)(Time now) = nullptr;
    };

    void close(Time now);
    void reset(Time now);
    void silence(Time now);
    void half_open(Time now);
    void refuse(Time now);
    void bad_frame(Time now);
    void stop_listening(Time now);
    void delay(Time now);
    void tamper(Time now);
    void renumber(Time now);
    void drain(Time now);
    void rotate(Time now);
    void reconnect(Time now);
    void pause(Time now);
    void reload(Time now);
    void subscribe(Time now);
    void kill_sidecar(Time now);

    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    std::chrono::milliseconds between(int least, int most);
    Place& any_place() { return places_[below(places_.size())]; }
    Connections any_connection() { return Connections{1} << below(3); }
    std::uint64_t some_socket(const Place& place);
    void end_later(Time when, std::size_t fault, std::function<void()> end);

    std::mt19937_64 random_;
    std::vector<Place> places_;
    Sidecar& sidecar_;
    FaultLog& log_;
    std::vector<Choice> choices_;
    std::multimap<Time, std::function<void()>> ends_;
    std::size_t added_ = 0;  // of late_symbols()
    bool extra_ = false;
    bool can_reload_ = true;
};

}  // namespace fairlead::soak
