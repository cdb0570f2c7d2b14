// What was done to the venues and to fairlead, and when: without an entry that explains it, no gap may be told.
#pragma once

#include "fairlead/v1/stream.pb.h"

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace fairlead::soak {

enum class FaultKind {
    Close,
    Reset,
    Silence,
    HalfOpen,
    RefuseUpgrades,
    BadFrame,
    StopListening,
    Delay,
    Skip,
    Repeat,
    Swap,
    Renumber,
    Drain,
    Rotate,
    SoftReconnect,
    HardReconnect,
    Pause,
    Reload,
    Subscribe,
    KillSidecar,
};
std::string_view to_string(FaultKind kind);

// Which connections something may concern, as bits.
using Connections = unsigned;

struct LoggedFault {
    FaultKind kind = FaultKind::Close;
    Connections connections = 0;
    std::uint64_t begin_ns = 0;  // since the Unix epoch
    std::uint64_t end_ns = 0;    // 0 = still on
    std::string detail{};
};

// What a consumer saw that needs an explanation.
enum class Oddity { Hole, Repeat, OutOfOrder, BeganAnew };

struct Claim {
    Oddity oddity = Oddity::Hole;
    Connections connection = 0;
    bool has_legs = false;  // redundant ones
    std::uint64_t from_ns = 0;
    std::uint64_t to_ns = 0;
    v1::Cause reason = v1::CAUSE_UNSPECIFIED;
    std::string text{};  // topic and numbers, for people
};

std::uint64_t wall_ns();

// Any thread.
class FaultLog {
public:
    // Before the fault takes effect. Returns what end() wants.
    std::size_t begin(FaultKind kind, Connections connections, std::string detail);
    void end(std::size_t fault);
    // Whether something that was done at about that time explains it.
    bool explains(const Claim& claim) const;
    // The last ones that began before `until_ns`, a line each.
    std::vector<std::string> last(std::uint64_t until_ns, std::size_t count) const;
    std::size_t size() const;

private:
    mutable std::mutex mutex_;
    std::vector<LoggedFault> faults_;
};

}  // namespace fairlead::soak
