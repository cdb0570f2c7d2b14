// One connection as the engine keeps it: its socket, and what goes wrong with its data alone. A message of a stream
// passes through here on its way to the connection: it may be left out, doubled, put behind the next one, or kept back
// for a while.
#pragma once

#include "core/time.hpp"
#include "simulator/connection.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

struct lws;

namespace fairlead::simulator {

// What happens to the next message of a stream on one connection.
enum class Tamper {
    Skip,    // it is left out
    Repeat,  // it comes twice
    Swap,    // it comes after the one behind it
};

class Client {
public:
    // Data that is kept back beyond this is dropped.
    static constexpr std::size_t kMaxDelayedBytes = std::size_t{16} << 20;

    struct Handed {
        unsigned sent = 0;
        unsigned dropped = 0;
    };

    Client(const Connection::Settings& settings, core::SteadyTime now) : connection(settings, now) {}

    // The frame of one message of a stream.
    Handed publish(std::size_t stream, std::string_view frame, core::SteadyTime now);
    // Hands on what has been kept back for long enough.
    Handed release(core::SteadyTime now);
    // Empty = nothing is kept back.
    std::optional<core::SteadyTime> next_release() const;
    // From the next message on; what is kept back already keeps its time.
    void delay_by(core::Duration delay) { delay_ = delay; }
    // Replaces an earlier one that has not happened yet.
    void tamper(std::size_t stream, Tamper kind) { tampered_[stream] = {kind, {}}; }
    // Whether messages of its streams can reach it.
    bool is_fed() const { return upgraded && connection.takes_data() && !connection.subscriptions().empty(); }

    Connection connection;
    lws* wsi = nullptr;
    std::uint64_t number = 0;  // of its upgrade, from 1
    bool upgraded = false;
    bool silent = false;
    bool half_open = false;

private:
    struct Tampered {
        Tamper kind = Tamper::Skip;
        std::string swapped;  // Swap: the frame that comes after the next; empty = none yet
    };
    struct Delayed {
        core::SteadyTime due{};
        std::string frame;
    };

    void hand(std::string_view frame, core::SteadyTime now, Handed& handed);
    void give(std::string_view frame, Handed& handed);

    core::Duration delay_{0};
    std::deque<Delayed> delayed_;  // in the order in which they are to arrive
    std::size_t delayed_bytes_ = 0;
    std::map<std::size_t, Tampered> tampered_;  // by stream
};

}  // namespace fairlead::simulator
