// The venue's own numbers on one topic: what a number says about the one before it. The numbers of fairlead are made by
// the publisher and need no such rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::core {

struct SequenceRule {
    // Between two messages that follow each other. 0 = numbers only grow: holes cannot be seen.
    std::uint64_t step = 1;
    // A number that falls by more than this began anew; one that falls by less is out of order, unless kResetRun of
    // them follow each other as numbers do that begin anew, or it is the first of all.
    std::uint64_t max_disorder = 1000;
    // Messages cover several numbers: what one of them covers once more is no hole.
    bool may_overlap = false;
};

enum class SequenceSight {
    First,       // nothing to compare with
    InOrder,     //
    Gap,         // numbers between are missing
    Repeat,      // the same number once more
    OutOfOrder,  // belongs before what came already
    Reset,       // numbering began anew
};
std::string_view to_string(SequenceSight sight);

struct SequenceVerdict {
    SequenceSight sight = SequenceSight::First;
    std::uint64_t before = 0;                // the last number before; 0 = none
    std::optional<std::uint64_t> missing{};  // Gap: how many messages, where the step proves it
};

class SequenceTracker {
public:
    // `previous`: the number of the message before, where the venue tells it in each message; then the step is not
    // used: anything but the last number, or a lower one where messages may overlap, is a gap, unless the number itself
    // is old.
    SequenceVerdict observe(const SequenceRule& rule, std::uint64_t number,
                            std::optional<std::uint64_t> previous = std::nullopt);
    // The highest number in the present numbering; 0 = none.
    std::uint64_t last() const { return last_; }
    void forget() { *this = {}; }

    static constexpr unsigned kResetRun = 3;
    // The very first number, this far below the last one, is no straggler either.
    static constexpr std::uint64_t kFirstsDistance = 8;

private:
    bool begins_anew(const SequenceRule& rule, std::uint64_t number);

    std::uint64_t last_ = 0;
    bool known_ = false;
    std::uint64_t lowered_ = 0;  // the last number that was out of order
    unsigned run_ = 0;           // how many of those have followed each other
};

}  // namespace fairlead::core
