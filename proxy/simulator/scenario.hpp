// What a simulated venue does and how it fails, as a plain value: defaults in place, read from TOML and checked
// completely, once. The format is described in README.md of this room.
#pragma once

#include "core/time.hpp"
#include "simulator/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::simulator {

enum class FaultKind {
    Close,          // a close frame to every connection
    Reset,          // TCP RST to every connection
    Silence,        // no data; pings and requests are answered
    HalfOpen,       // neither reads nor writes: no pong, no answer to an upgrade
    RefuseUpgrade,  // an HTTP status instead of 101
    BadFrame,       // a frame against RFC 6455 to every connection
    Stop,           // every connection dropped and the port closed
    Delay,          // data arrives later
    Skip,           // the next message of a stream is left out: a hole in its numbers
    Repeat,         // the next message of a stream comes twice
    Swap,           // the next two messages of a stream change places
    Renumber,       // the numbers of a stream begin anew
    Drain,          // the venue announces that it will end connections
    Reject,         // requests for some topics are refused
    AckSilence,     // some topics are acknowledged, but have no data
};
inline constexpr std::size_t kFaultKinds = 15;

// Whether a fault of this kind concerns some topics.
constexpr bool names_topics(FaultKind kind) {
    return kind == FaultKind::Reject || kind == FaultKind::AckSilence;
}
// Whether a fault of this kind goes on for a while, or is over at once.
constexpr bool lasts(FaultKind kind) {
    return kind == FaultKind::Silence || kind == FaultKind::HalfOpen || kind == FaultKind::RefuseUpgrade ||
           kind == FaultKind::Stop || kind == FaultKind::Delay || names_topics(kind);
}
// Whether a fault of this kind may be that of one connection.
constexpr bool may_single_out(FaultKind kind) {
    return kind != FaultKind::RefuseUpgrade && kind != FaultKind::Stop && kind != FaultKind::Renumber &&
           !names_topics(kind);
}
// Whether a fault of this kind concerns one stream.
constexpr bool names_stream(FaultKind kind) {
    return kind == FaultKind::Skip || kind == FaultKind::Repeat || kind == FaultKind::Swap ||
           kind == FaultKind::Renumber;
}

struct Fault {
    FaultKind kind = FaultKind::Close;
    core::Duration at{0};                             // since the venue's start
    core::Duration every{0};                          // again after this; 0 = once. Longer than `duration`
    std::optional<core::Duration> duration;           // `for`; only of kinds that last; empty = to the end
    std::uint16_t code = 1001;                        // Close
    std::string reason;                               // Close; at most 123 bytes
    int status = 503;                                 // RefuseUpgrade; 400 to 599
    std::optional<std::chrono::seconds> retry_after;  // RefuseUpgrade; empty = no such header
    BadFrame frame = BadFrame::ReservedBit;           // BadFrame
    std::uint64_t connection = 0;                     // by its number; 0 = every one. Where may_single_out()
    std::string stream;                               // where names_stream()
    core::Duration by{0};                             // Delay
    std::vector<std::string> topics;                  // where names_topics(), as a client spells them
    bool operator==(const Fault&) const = default;
};

struct Scenario {
    std::string profile;  // whose dialect is spoken; empty = Binance's protocol as README.md has it
    std::vector<std::string> symbols = {"btcusdt", "ethusdt", "solusdt"};
    double rate = 20;    // messages per second of each stream; 0 = none
    unsigned burst = 1;  // messages of a stream that come together; the rate stays the same
    std::uint64_t seed = 1;
    std::uint64_t first_id = 1;                               // of each stream; after Renumber they begin with 1
    core::Duration ping_interval = std::chrono::seconds{20};  // 0 = no pings
    std::size_t message_padding = 0;                          // bytes added to each message
    core::Duration lifetime{0};                               // a connection is closed with 1001 after this; 0 = never
    std::size_t max_streams = 1024;                           // of one connection; more are refused
    std::vector<Fault> faults;
    bool operator==(const Scenario&) const = default;
};

// Each is one line: "venue.toml:12:3: faults[0].kind: what is wrong". In the order of the file.
using ScenarioProblems = std::vector<std::string>;

// All problems at once, or a Scenario in which every value is in its range.
std::variant<Scenario, ScenarioProblems> load_scenario_file(const std::string& path);
std::variant<Scenario, ScenarioProblems> load_scenario_text(std::string_view toml, const std::string& file_name);

}  // namespace fairlead::simulator
