#include "core/repair.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;
using Step = RepairStep;

constexpr SteadyTime kBegin{1000s};

struct Hole {
    Duration at;
    Step step;
};

void check(Step highest, const std::vector<Hole>& holes) {
    RepairSettings settings;
    settings.highest = highest;
    Repair repair;
    for (const Hole& hole : holes) {
        CAPTURE(hole.at.count());
        CHECK(repair.on_gap(settings, kBegin + hole.at) == hole.step);
    }
}

TEST_CASE("where a hole is only told nothing else is done") {
    check(Step::Tell, {{0s, Step::Tell}, {1s, Step::Tell}, {1h, Step::Tell}});
}

TEST_CASE("a hole is answered by subscribing anew, but not more often than the interval says") {
    check(Step::Resubscribe, {{0s, Step::Resubscribe},
                              {1s, Step::Tell},
                              {10s - 1ns, Step::Tell},
                              {10s, Step::Resubscribe},
                              {19s, Step::Tell},
                              {1h, Step::Resubscribe}});
}

TEST_CASE("a hole soon after a repair asks for the next step") {
    check(Step::Rotate, {{0s, Step::Resubscribe}, {60s - 1ns, Step::Rotate}});
    check(Step::Rotate, {{0s, Step::Resubscribe}, {1ns, Step::Rotate}});
    check(Step::Rotate, {{0s, Step::Resubscribe}, {60s, Step::Resubscribe}, {120s, Step::Resubscribe}});
}

TEST_CASE("rotations keep their interval; meanwhile the cheaper step serves, within its own") {
    check(Step::Rotate, {{0s, Step::Resubscribe},
                         {5s, Step::Rotate},
                         {6s, Step::Tell},
                         {20s, Step::Resubscribe},
                         {21s, Step::Tell},
                         {30s, Step::Resubscribe},
                         {5s + 5min - 1ns, Step::Resubscribe},
                         {5s + 5min, Step::Rotate}});
}

TEST_CASE("a hole soon after a rotation asks for another one, however long ago the last subscription was") {
    RepairSettings settings;
    settings.highest = Step::Rotate;
    settings.rotate_interval = 20s;
    Repair repair;
    CHECK(repair.on_gap(settings, kBegin) == Step::Resubscribe);
    CHECK(repair.on_gap(settings, kBegin + 59s) == Step::Rotate);
    CHECK(repair.on_gap(settings, kBegin + 79s) == Step::Rotate);
    CHECK(repair.on_gap(settings, kBegin + 98s) == Step::Resubscribe);
    CHECK(repair.on_gap(settings, kBegin + 99s) == Step::Rotate);
    CHECK(repair.on_gap(settings, kBegin + 159s) == Step::Resubscribe);
}

}  // namespace
