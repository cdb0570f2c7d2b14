#include "relay/sequence_watch.hpp"

#include "relay/convert.hpp"

namespace fairlead::relay {

SequenceWatch::Sight SequenceWatch::observe(const config::ConnectionConfig& config, publish::Topic& topic,
                                            const venue::Facts& facts, const Arrival& arrival) {
    State& state = topics_[&topic];
    const bool is_of_another = state.session != arrival.session;
    // While another socket is open, low numbers are late copies and never the beginning of a new numbering.
    if (is_of_another && !arrival.alone && *facts.sequence < state.tracker.last()) {
        ++counters_.out_of_order;
        return {.has_passed = true};
    }
    const auto verdict = state.tracker.observe(sequence_rule(config), *facts.sequence, facts.previous);
    const bool is_lower =
        verdict.sight == core::SequenceSight::OutOfOrder || verdict.sight == core::SequenceSight::Repeat;
    const bool has_passed = is_lower && is_of_another;
    if (!is_lower) state.session = arrival.session;
    switch (verdict.sight) {
        case core::SequenceSight::First:
        case core::SequenceSight::InOrder:
            break;
        case core::SequenceSight::Gap:
            ++counters_.gaps;
            break;
        case core::SequenceSight::Repeat:
            ++counters_.repeats;
            break;
        case core::SequenceSight::OutOfOrder:
            ++counters_.out_of_order;
            break;
        case core::SequenceSight::Reset:
            ++counters_.resets;
            break;
    }
    return {verdict, has_passed};
}

void SequenceWatch::forget(publish::Topic& topic) {
    topics_.erase(&topic);
}

}  // namespace fairlead::relay
