// The message that every program here sends or measures: JSON with a channel, a number and the time of sending, each at
// a fixed place, so that stamping one and reading one cost the same next to nothing whatever lies between.
//
//   {"s":"S00042","k":1,"n":        17,"t":     8123456789012,"p":"xxxx"}
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::bench {

enum class Phase : std::uint8_t {
    Warm = 0,      // until a consumer is known to receive; not measured
    Measured = 1,  // `number` counts from 1 in each stream
    End = 2,       // of a stream; `number` is that which would have come next
};

struct Stamp {
    unsigned stream = 0;  // below kMaxStreams; one channel of one connection
    Phase phase = Phase::Warm;
    std::uint64_t number = 0;
    std::int64_t sent_ns = 0;  // CLOCK_MONOTONIC
};

inline constexpr unsigned kMaxStreams = 100'000;
inline constexpr std::size_t kMinMessageBytes = 66;

// CLOCK_MONOTONIC, which all processes of the machine share.
std::int64_t now_ns();

// A message of a fixed size as an unmasked WebSocket text frame, made once and stamped over and over.
class Frame {
public:
    // At least kMinMessageBytes.
    explicit Frame(std::size_t message_bytes);
    void stamp(const Stamp& stamp);
    std::string_view bytes() const { return bytes_; }
    std::string_view message() const { return std::string_view{bytes_}.substr(header_); }

private:
    std::string bytes_;
    std::size_t header_ = 0;
};

// Empty for what is no message of a Frame, such as fairlead's events.
std::optional<Stamp> read_stamp(std::string_view message);

}  // namespace fairlead::bench
