#include "relay/sequence_watch.hpp"

#include "relay/convert.hpp"

namespace fairlead::relay {

SequenceWatch::Sight SequenceWatch::observe(const config::ConnectionConfig& config, publish::Topic& topic,
                                            const venue::Facts& facts, std::uint32_t session) {
    State& state = topics_[&topic];
    const auto verdict = state.tracker.observe(sequence_rule(config), *facts.sequence, facts.previous);
    const bool is_lower =
        verdict.sight == core::SequenceSight::OutOfOrder || verdict.sight == core::SequenceSight::Repeat;
    const bool has_passed = is_lower && state.session != session;
    if (!is_lower) state.session = session;
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

core::RepairStep SequenceWatch::repair(const config::ConnectionConfig& config, publish::Topic& topic,
                                       core::SteadyTime now) {
    return topics_[&topic].repair.on_gap(repair_settings(config), now);
}

}  // namespace fairlead::relay
