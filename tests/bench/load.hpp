// What is to be sent, and when: one order of run.py as a schedule, shared by the venue and by ZeroMQ alone, so that all
// subjects meet the same load.
#pragma once

#include "message.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace fairlead::bench {

// A line of standard input:
//   warm RATE SIZE                  until the next order
//   load RATE SIZE BURST SECONDS    measured, then the end of every stream, again and again; RATE 0 = without limit
//   stop                            silence
struct Order {
    enum class Kind { Warm, Load, Stop };
    Kind kind = Kind::Stop;
    double rate = 0;  // messages a second, over all streams
    std::size_t size = 200;
    std::uint64_t burst = 1;  // so many at once, every `burst / rate` seconds
    double seconds = 0;
};

std::optional<Order> read_order(std::string_view line);

// The streams take turns. Not for several threads.
class Load {
public:
    explicit Load(unsigned streams);

    void begin(const Order& order, std::int64_t now);

    // How many messages are due and not yet taken. Without limit of rate: kChunk, until the time is over.
    std::uint64_t due(std::int64_t now) const;
    // When the next one is due; empty = nothing is to come.
    std::optional<std::int64_t> next_due() const;
    // The next message of the order, stamped with `now`. Only while due() is not 0.
    const Frame& take(std::int64_t now);

    unsigned stream() const { return taken_stream_; }  // of the message taken last
    const Order& order() const { return order_; }
    bool is_unlimited() const { return order_.kind == Order::Kind::Load && order_.rate == 0 && !ending_; }
    // The measured messages have all been taken: true once for each load, which goes on with the end of its streams.
    bool finish(std::int64_t now);
    std::uint64_t taken() const { return taken_; }
    std::int64_t began() const { return began_; }

    static constexpr std::uint64_t kChunk = 64;

private:
    std::uint64_t scheduled(std::int64_t now) const;
    void start(std::int64_t now);

    const unsigned streams_;
    std::vector<std::uint64_t> numbers_;  // the last of each stream
    Order order_;
    Frame frame_;
    bool ending_ = false;
    std::int64_t began_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t total_ = 0;  // of this order; 0 = without end
    unsigned next_stream_ = 0;
    unsigned taken_stream_ = 0;
};

// Sleeping wakes within a microsecond or so of the wanted time, not within the usual fifty.
void sharpen_timers();

}  // namespace fairlead::bench
