#include "core/sequence_tracker.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace {

using namespace fairlead::core;
using Sight = SequenceSight;

constexpr std::uint64_t kLargest = std::numeric_limits<std::uint64_t>::max();

struct Case {
    const char* what;
    SequenceRule rule;
    std::uint64_t before;
    std::uint64_t number;
    std::optional<std::uint64_t> previous;
    Sight sight;
    std::optional<std::uint64_t> missing;
    std::uint64_t last;
};

TEST_CASE("what a number says of the one before it") {
    const SequenceRule by_one{};
    const SequenceRule by_ten{.step = 10, .max_disorder = 1000};
    const SequenceRule growing{.step = 0, .max_disorder = 1000};
    const SequenceRule strict{.step = 1, .max_disorder = 0};
    const SequenceRule covering{.step = 0, .may_overlap = true};
    const Case cases[] = {
        {"the next", by_one, 5, 6, {}, Sight::InOrder, {}, 6},
        {"after zero", by_one, 0, 1, {}, Sight::InOrder, {}, 1},
        {"one missing", by_one, 5, 7, {}, Sight::Gap, 1, 7},
        {"many missing", by_one, 5, 1'000'005, {}, Sight::Gap, 999'999, 1'000'005},
        {"the largest hole", by_one, 0, kLargest, {}, Sight::Gap, kLargest - 1, kLargest},
        {"once more", by_one, 5, 5, {}, Sight::Repeat, {}, 5},
        {"a little lower", by_one, 2000, 1999, {}, Sight::OutOfOrder, {}, 2000},
        {"lower by max_disorder", by_one, 2000, 1000, {}, Sight::OutOfOrder, {}, 2000},
        {"lower by more", by_one, 2000, 999, {}, Sight::Reset, {}, 999},
        {"from the largest", by_one, kLargest, 0, {}, Sight::Reset, {}, 0},
        {"lower without disorder", strict, 5, 4, {}, Sight::Reset, {}, 4},
        {"a step of ten", by_ten, 5, 15, {}, Sight::InOrder, {}, 15},
        {"two steps of ten missing", by_ten, 5, 35, {}, Sight::Gap, 2, 35},
        {"between steps", by_ten, 5, 27, {}, Sight::Gap, {}, 27},
        {"less than a step", by_ten, 5, 6, {}, Sight::Gap, {}, 6},
        {"only growing", growing, 5, 900, {}, Sight::InOrder, {}, 900},
        {"only growing, once more", growing, 5, 5, {}, Sight::Repeat, {}, 5},
        {"only growing, lower", growing, 5, 3, {}, Sight::OutOfOrder, {}, 5},
        {"the venue names the last", by_one, 5, 90, 5, Sight::InOrder, {}, 90},
        {"the venue names another one", by_one, 5, 90, 80, Sight::Gap, {}, 90},
        {"the venue names another one, though the step fits", by_one, 5, 6, 4, Sight::Gap, {}, 6},
        {"the venue names the last, and the number stays", by_one, 5, 5, 5, Sight::InOrder, {}, 5},
        {"the venue names the last, and the number falls", by_one, 5000, 3, 5000, Sight::InOrder, {}, 3},
        {"the venue names another one, and the number stays", by_one, 5, 5, 4, Sight::Repeat, {}, 5},
        {"the venue names another one, and the number is a little lower", by_one, 5, 4, 3, Sight::OutOfOrder, {}, 5},
        {"a message begins behind the last one", covering, 5, 9, 5, Sight::InOrder, {}, 9},
        {"a message covers what is known, and more", covering, 5, 9, 3, Sight::InOrder, {}, 9},
        {"a message begins too late", covering, 5, 9, 6, Sight::Gap, {}, 9},
        {"a message covers only what is known", covering, 5, 4, 2, Sight::OutOfOrder, {}, 5},
        {"the venue names another one, and the number is far lower", by_one, 5000, 4, 3, Sight::Reset, {}, 4},
    };
    for (const Case& one : cases) {
        CAPTURE(one.what);
        SequenceTracker tracker;
        tracker.observe(one.rule, one.before);
        const SequenceVerdict verdict = tracker.observe(one.rule, one.number, one.previous);
        CHECK(to_string(verdict.sight) == to_string(one.sight));
        CHECK(verdict.before == one.before);
        CHECK(verdict.missing == one.missing);
        CHECK(tracker.last() == one.last);
    }
}

TEST_CASE("the first number has nothing to be compared with, also after it was forgotten") {
    SequenceTracker tracker;
    CHECK(tracker.last() == 0);
    for (const std::uint64_t number : {std::uint64_t{7}, std::uint64_t{3}, std::uint64_t{0}}) {
        const SequenceVerdict verdict = tracker.observe({}, number, 1);
        CHECK(verdict.sight == Sight::First);
        CHECK(verdict.before == 0);
        CHECK_FALSE(verdict.missing.has_value());
        CHECK(tracker.last() == number);
        tracker.forget();
        CHECK(tracker.last() == 0);
    }
}

TEST_CASE("what is out of order leaves the numbering as it was") {
    SequenceTracker tracker;
    tracker.observe({}, 10);
    CHECK(tracker.observe({}, 8).sight == Sight::OutOfOrder);
    CHECK(tracker.observe({}, 9).sight == Sight::OutOfOrder);
    CHECK(tracker.observe({}, 11).sight == Sight::InOrder);
}

TEST_CASE("every sight has a name of its own") {
    CHECK(to_string(Sight::First) == "first");
    CHECK(to_string(Sight::InOrder) == "in_order");
    CHECK(to_string(Sight::Gap) == "gap");
    CHECK(to_string(Sight::Repeat) == "repeat");
    CHECK(to_string(Sight::OutOfOrder) == "out_of_order");
    CHECK(to_string(Sight::Reset) == "reset");
}

TEST_CASE("low numbers that follow each other began anew; stragglers between others did not") {
    SequenceTracker anew;
    anew.observe({}, 71);
    CHECK(anew.observe({}, 11).sight == Sight::OutOfOrder);
    CHECK(anew.observe({}, 12).sight == Sight::OutOfOrder);
    const auto third = anew.observe({}, 13);
    CHECK(third.sight == Sight::Reset);
    CHECK(third.before == 71);
    CHECK(anew.observe({}, 15).sight == Sight::Gap);
    CHECK(anew.observe({}, 1).sight == Sight::Reset);
    CHECK(anew.observe({}, 5).sight == Sight::Gap);
    CHECK(anew.observe({}, 1).sight == Sight::OutOfOrder);

    SequenceTracker late;
    late.observe({}, 71);
    for (const std::uint64_t number : {60, 61, 72, 62, 63, 73, 40, 50, 60})
        CHECK(late.observe({}, number).sight != Sight::Reset);
    CHECK(late.last() == 73);
}

}  // namespace
