#include "simulator/fault_schedule.hpp"

namespace fairlead::simulator {

FaultSchedule::FaultSchedule(const std::vector<Fault>& faults) {
    entries_.reserve(faults.size());
    for (const Fault& fault : faults) {
        entries_.push_back({{fault.kind, fault.connection}, fault.every, fault.duration, fault.at, std::nullopt});
    }
}

std::optional<core::Duration> FaultSchedule::next() const {
    std::optional<core::Duration> earliest;
    for (const Entry& entry : entries_) {
        for (const std::optional<core::Duration>& when : {entry.next_begin, entry.next_end}) {
            if (when && (!earliest || *when < *earliest)) earliest = when;
        }
    }
    return earliest;
}

std::vector<FaultEdge> FaultSchedule::due(core::Duration now) {
    std::vector<FaultEdge> edges;
    for (std::optional<core::Duration> when = next(); when && *when <= now; when = next()) {
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            Entry& entry = entries_[i];
            if (entry.next_end != when) continue;
            entry.next_end.reset();
            if (--active_[entry.kind] == 0) edges.push_back({i, Edge::End});
        }
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            Entry& entry = entries_[i];
            if (entry.next_begin != when) continue;
            begin(entry, now);
            edges.push_back({i, Edge::Begin});
        }
    }
    return edges;
}

void FaultSchedule::begin(Entry& entry, core::Duration now) {
    const core::Duration began = *entry.next_begin;
    entry.next_begin.reset();
    if (entry.every > core::Duration::zero()) {
        entry.next_begin = began + entry.every * ((now - began) / entry.every + 1);
    }
    if (!lasts(entry.kind.first)) return;
    ++active_[entry.kind];
    if (entry.duration) entry.next_end = began + *entry.duration;
}

}  // namespace fairlead::simulator
