#include "core/sequence_tracker.hpp"

namespace fairlead::core {

namespace {

std::optional<std::uint64_t> missing_between(std::uint64_t before, std::uint64_t number, std::uint64_t step) {
    const std::uint64_t distance = number - before;
    if (step == 0 || distance % step != 0) return std::nullopt;
    return distance / step - 1;
}

bool follows(const SequenceRule& rule, std::uint64_t before, std::uint64_t number) {
    return rule.step == 0 || number - before == rule.step;
}

}  // namespace

std::string_view to_string(SequenceSight sight) {
    switch (sight) {
        case SequenceSight::First:
            return "first";
        case SequenceSight::InOrder:
            return "in_order";
        case SequenceSight::Gap:
            return "gap";
        case SequenceSight::Repeat:
            return "repeat";
        case SequenceSight::OutOfOrder:
            return "out_of_order";
        case SequenceSight::Reset:
            return "reset";
    }
    return "unknown";
}

bool SequenceTracker::begins_anew(const SequenceRule& rule, std::uint64_t number) {
    if (last_ - number > rule.max_disorder) return true;
    if (number <= rule.step && last_ - number > kFirstsDistance) return true;
    const bool goes_on = run_ > 0 && number > lowered_ && follows(rule, lowered_, number);
    run_ = goes_on ? run_ + 1 : 1;
    lowered_ = number;
    return run_ >= kResetRun;
}

SequenceVerdict SequenceTracker::observe(const SequenceRule& rule, std::uint64_t number,
                                         std::optional<std::uint64_t> previous) {
    const std::uint64_t before = last_;
    if (!known_) {
        known_ = true;
        last_ = number;
        return {.sight = SequenceSight::First};
    }
    if (previous == before) {  // also where the number itself has fallen or stayed: nothing lies between
        last_ = number;
        return {.sight = SequenceSight::InOrder, .before = before};
    }
    if (number == before) return {.sight = SequenceSight::Repeat, .before = before};
    if (number < before) {
        if (!begins_anew(rule, number)) return {.sight = SequenceSight::OutOfOrder, .before = before};
        last_ = number;
        run_ = 0;
        return {.sight = SequenceSight::Reset, .before = before};
    }
    last_ = number;
    run_ = 0;
    if (previous && rule.may_overlap && *previous < before) return {.sight = SequenceSight::InOrder, .before = before};
    if (previous) return {.sight = SequenceSight::Gap, .before = before};
    if (follows(rule, before, number)) return {.sight = SequenceSight::InOrder, .before = before};
    return {.sight = SequenceSight::Gap, .before = before, .missing = missing_between(before, number, rule.step)};
}

}  // namespace fairlead::core
