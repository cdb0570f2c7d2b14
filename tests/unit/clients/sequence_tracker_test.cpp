#include "fairlead/sequence_tracker.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace fairlead::client;

namespace {

constexpr std::uint64_t kEpoch = 100;

enum class Input { Message, Replayed, Heartbeat };

struct Step {
    Input input;
    std::uint64_t epoch;
    std::uint64_t number;
    Verdict verdict;
};

struct Row {
    std::string name;
    std::vector<Step> steps;
    std::uint64_t expected;
};

Verdict deliver() {
    return {};
}
Verdict duplicate() {
    return {.sight = Sight::Duplicate};
}
Verdict old_epoch() {
    return {.sight = Sight::OldEpoch};
}
Verdict after_hole(std::uint64_t first, std::uint64_t last) {
    return {.hole = Hole{first, last}};
}
Verdict new_epoch() {
    return {.new_epoch = true};
}
Verdict new_epoch_after(std::uint64_t first, std::uint64_t last) {
    return {.new_epoch = true, .hole = Hole{first, last}};
}

Verdict apply(SequenceTracker& tracker, const Step& step) {
    if (step.input == Input::Heartbeat) return tracker.on_heartbeat(step.epoch, step.number);
    return tracker.on_message({step.epoch, step.number, step.input == Input::Replayed});
}

}  // namespace

TEST_CASE("the sequence rules of a topic") {
    using enum Input;
    const std::vector<Row> rows = {
        {"the first number is the baseline, wherever it stands", {{Message, kEpoch, 500, deliver()}}, 501},
        {"numbers in order are delivered",
         {{Message, kEpoch, 1, deliver()}, {Message, kEpoch, 2, deliver()}, {Message, kEpoch, 3, deliver()}},
         4},
        {"a hole is told with both ends, then the message is delivered",
         {{Message, kEpoch, 1, deliver()}, {Message, kEpoch, 5, after_hole(2, 4)}, {Message, kEpoch, 6, deliver()}},
         7},
        {"one missing number is a hole of one",
         {{Message, kEpoch, 1, deliver()}, {Message, kEpoch, 3, after_hole(2, 2)}},
         4},
        {"a number seen before is a duplicate and changes nothing",
         {{Message, kEpoch, 7, deliver()}, {Message, kEpoch, 7, duplicate()}, {Message, kEpoch, 3, duplicate()}},
         8},
        {"a heartbeat at first sight is the baseline",
         {{Heartbeat, kEpoch, 41, deliver()}, {Message, kEpoch, 41, deliver()}},
         42},
        {"a heartbeat that agrees says nothing",
         {{Message, kEpoch, 1, deliver()}, {Heartbeat, kEpoch, 2, deliver()}},
         2},
        {"a heartbeat that is ahead tells the tail, once",
         {{Message, kEpoch, 1, deliver()},
          {Heartbeat, kEpoch, 5, after_hole(2, 4)},
          {Heartbeat, kEpoch, 5, deliver()},
          {Message, kEpoch, 5, deliver()}},
         6},
        {"a heartbeat that is behind says nothing",
         {{Message, kEpoch, 9, deliver()}, {Heartbeat, kEpoch, 4, deliver()}},
         10},
        {"the last value sent again is delivered to a newcomer that has only its baseline, once",
         {{Heartbeat, kEpoch, 42, deliver()},
          {Replayed, kEpoch, 41, deliver()},
          {Replayed, kEpoch, 41, duplicate()},
          {Message, kEpoch, 42, deliver()}},
         43},
        {"the last value sent again is a duplicate for everyone else",
         {{Message, kEpoch, 41, deliver()}, {Replayed, kEpoch, 41, duplicate()}},
         42},
        {"the last value sent again is a duplicate where a heartbeat has told a hole: the number is told already",
         {{Heartbeat, kEpoch, 42, deliver()},
          {Heartbeat, kEpoch, 50, after_hole(42, 49)},
          {Replayed, kEpoch, 49, duplicate()},
          {Message, kEpoch, 50, deliver()}},
         51},
        {"the last value sent again is a duplicate where the beginning of a greater epoch was told",
         {{Message, kEpoch, 9, deliver()},
          {Heartbeat, kEpoch + 1, 5, new_epoch_after(1, 4)},
          {Replayed, kEpoch + 1, 4, duplicate()}},
         5},
        {"the last value of a greater epoch is a duplicate also where only heartbeats have come",
         {{Heartbeat, kEpoch, 42, deliver()},
          {Heartbeat, kEpoch + 1, 5, new_epoch_after(1, 4)},
          {Replayed, kEpoch + 1, 4, duplicate()}},
         5},
        {"the last value sent again before any baseline is the baseline",
         {{Replayed, kEpoch, 41, deliver()}, {Heartbeat, kEpoch, 42, deliver()}},
         42},
        {"a greater epoch is told and begins at 1",
         {{Message, kEpoch, 9, deliver()}, {Message, kEpoch + 1, 1, new_epoch()}, {Message, kEpoch + 1, 2, deliver()}},
         3},
        {"what is missing at the beginning of a greater epoch is told with it",
         {{Message, kEpoch, 9, deliver()}, {Message, kEpoch + 1, 4, new_epoch_after(1, 3)}},
         5},
        {"a heartbeat tells a greater epoch",
         {{Message, kEpoch, 9, deliver()}, {Heartbeat, kEpoch + 1, 1, new_epoch()}},
         1},
        {"a heartbeat of a greater epoch tells what is missing",
         {{Message, kEpoch, 9, deliver()}, {Heartbeat, kEpoch + 1, 3, new_epoch_after(1, 2)}},
         3},
        {"a smaller epoch is ignored",
         {{Message, kEpoch, 9, deliver()},
          {Message, kEpoch - 1, 10, old_epoch()},
          {Heartbeat, kEpoch - 1, 50, old_epoch()},
          {Message, kEpoch, 10, deliver()}},
         11},
        {"a gap between the largest numbers is counted without overflow",
         {{Message, kEpoch, 1, deliver()}, {Message, kEpoch, ~0ULL - 1, after_hole(2, ~0ULL - 2)}},
         ~0ULL},
    };
    for (const Row& row : rows) {
        SequenceTracker tracker;
        for (std::size_t i = 0; i < row.steps.size(); ++i) {
            INFO(row.name, ", step ", i);
            CHECK(apply(tracker, row.steps[i]) == row.steps[i].verdict);
        }
        INFO(row.name);
        CHECK(tracker.expected() == row.expected);
    }
}
