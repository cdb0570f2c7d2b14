#include "fault_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <utility>

namespace fairlead::soak {
namespace {

// A loss shows at the latest when the pings of a half-open socket have failed and the backoff is over.
constexpr std::uint64_t kLatestEffectNs = 8'000'000'000;
constexpr std::uint64_t kClockSlackNs = 200'000'000;

bool one_of(FaultKind kind, std::initializer_list<FaultKind> kinds) {
    return std::ranges::find(kinds, kind) != kinds.end();
}

// What ends a socket, or holds back what it should bring.
bool may_cost_a_message(FaultKind kind, v1::Cause reason) {
    using enum FaultKind;
    switch (reason) {
        case v1::CAUSE_PEER_CLOSED:
            return one_of(kind, {Close});
        case v1::CAUSE_CONNECTION_LOST:
            return one_of(kind, {Reset, StopListening, Close, BadFrame});
        case v1::CAUSE_PONG_TIMEOUT:  // the pong, too, is inside a frame that never ends
            return one_of(kind, {HalfOpen, BadFrame});
        case v1::CAUSE_PROTOCOL_ERROR:
        case v1::CAUSE_MESSAGE_TOO_BIG:
            return one_of(kind, {BadFrame});
        case v1::CAUSE_COMMAND:
            return one_of(kind, {Pause, HardReconnect, Delay});
        case v1::CAUSE_ROTATION:
            return one_of(kind, {Rotate, SoftReconnect, Reload, Drain});
        case v1::CAUSE_DRAIN:
            return one_of(kind, {Drain});
        case v1::CAUSE_RELOAD:
            return one_of(kind, {Reload});
        case v1::CAUSE_VENUE_SEQUENCE:
            return one_of(kind, {Skip, Swap, Renumber, Silence, HalfOpen});
        default:
            return false;
    }
}

// Two legs that lag behind each other and end one after the other leave a hole that only the numbers show.
bool may_end_a_leg(FaultKind kind) {
    using enum FaultKind;
    return one_of(kind, {Close, Reset, HalfOpen, BadFrame, StopListening, Delay, HardReconnect});
}

bool explains_kind(const LoggedFault& fault, const Claim& claim) {
    using enum FaultKind;
    switch (claim.oddity) {
        case Oddity::Hole:
            if (claim.has_legs && claim.reason == v1::CAUSE_VENUE_SEQUENCE && may_end_a_leg(fault.kind)) return true;
            return may_cost_a_message(fault.kind, claim.reason);
        case Oddity::Repeat:
            return fault.kind == Repeat;
        case Oddity::OutOfOrder:
            return fault.kind == Swap;
        case Oddity::BeganAnew:
            return fault.kind == Renumber;
    }
    return false;
}

std::string describe(const LoggedFault& fault) {
    return fmt::format(
        "{}.{:03} {} of connections {:03b}{}{}{}", fault.begin_ns / 1'000'000'000, fault.begin_ns / 1'000'000 % 1000,
        to_string(fault.kind), fault.connections, fault.detail.empty() ? "" : ", ", fault.detail,
        fault.end_ns == 0 ? ", still on" : fmt::format(", for {} ms", (fault.end_ns - fault.begin_ns) / 1'000'000));
}

}  // namespace

std::string_view to_string(FaultKind kind) {
    constexpr std::array<std::string_view, 20> kNames = {
        "close",          "reset",          "silence", "half_open", "refuse_upgrades", "bad_frame",   "stop_listening",
        "delay",          "skip",           "repeat",  "swap",      "renumber",        "drain",       "rotate",
        "soft_reconnect", "hard_reconnect", "pause",   "reload",    "subscribe",       "kill_sidecar"};
    return kNames.at(static_cast<std::size_t>(kind));
}

std::uint64_t wall_ns() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

std::size_t FaultLog::begin(FaultKind kind, Connections connections, std::string detail) {
    const std::lock_guard lock(mutex_);
    faults_.push_back({kind, connections, wall_ns(), 0, std::move(detail)});
    return faults_.size() - 1;
}

void FaultLog::end(std::size_t fault) {
    const std::lock_guard lock(mutex_);
    faults_.at(fault).end_ns = wall_ns();
}

bool FaultLog::explains(const Claim& claim) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(faults_, [&](const LoggedFault& fault) {
        const bool began = fault.begin_ns <= claim.to_ns + kClockSlackNs;
        const bool lasted = fault.end_ns == 0 || fault.end_ns + kLatestEffectNs >= claim.from_ns;
        return (fault.connections & claim.connection) != 0 && began && lasted && explains_kind(fault, claim);
    });
}

std::vector<std::string> FaultLog::last(std::uint64_t until_ns, std::size_t count) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lines;
    for (const LoggedFault& fault : faults_)
        if (fault.begin_ns <= until_ns + kClockSlackNs) lines.push_back(describe(fault));
    if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    return lines;
}

std::size_t FaultLog::size() const {
    const std::lock_guard lock(mutex_);
    return faults_.size();
}

}  // namespace fairlead::soak
