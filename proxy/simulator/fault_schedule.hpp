// Which fault begins or ends when: a pure rule over the time since the venue's start. Whoever owns the sockets asks for
// next(), waits, and carries out what due() returns.
#pragma once

#include "core/time.hpp"
#include "simulator/scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace fairlead::simulator {

enum class Edge { Begin, End };

struct FaultEdge {
    std::size_t fault = 0;  // index into the scenario's faults
    Edge edge = Edge::Begin;
    bool operator==(const FaultEdge&) const = default;
};

class FaultSchedule {
public:
    explicit FaultSchedule(const std::vector<Fault>& faults);

    // When to call due() next; empty = nothing will happen any more.
    std::optional<core::Duration> next() const;
    // Everything up to and including `now`, in the order of time; an end comes before a begin of the same instant. Of a
    // repeated fault at most one occurrence begins per call: those missed in between are left out. Where faults of one
    // kind and connection overlap, only the last of them ends.
    std::vector<FaultEdge> due(core::Duration now);

private:
    // Faults of one kind overlap when they concern the same connection.
    using Kind = std::pair<FaultKind, std::uint64_t>;
    struct Entry {
        Kind kind;
        core::Duration every{0};
        std::optional<core::Duration> duration;
        std::optional<core::Duration> next_begin;
        std::optional<core::Duration> next_end;
    };

    void begin(Entry& entry, core::Duration now);

    std::vector<Entry> entries_;
    std::map<Kind, unsigned> active_;
};

}  // namespace fairlead::simulator
