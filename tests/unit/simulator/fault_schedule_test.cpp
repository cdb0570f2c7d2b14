#include "simulator/fault_schedule.hpp"

#include <doctest/doctest.h>

namespace {

using namespace fairlead::simulator;
using namespace std::chrono_literals;
using Edges = std::vector<FaultEdge>;

Fault fault(FaultKind kind, fairlead::core::Duration at, fairlead::core::Duration every = 0s,
            std::optional<fairlead::core::Duration> duration = std::nullopt) {
    Fault result;
    result.kind = kind;
    result.at = at;
    result.every = every;
    result.duration = duration;
    return result;
}

TEST_CASE("without faults nothing is ever due") {
    FaultSchedule schedule({});
    CHECK_FALSE(schedule.next());
    CHECK(schedule.due(24h).empty());
}

TEST_CASE("a fault begins once, at its time and not before") {
    FaultSchedule schedule({fault(FaultKind::Reset, 3s)});
    CHECK(schedule.next() == 3s);
    CHECK(schedule.due(3s - 1ns).empty());
    CHECK(schedule.due(3s) == Edges{{0, Edge::Begin}});
    CHECK_FALSE(schedule.next());
    CHECK(schedule.due(1h).empty());
}

TEST_CASE("a fault that lasts ends after its duration") {
    FaultSchedule schedule({fault(FaultKind::Silence, 1s, 0s, 2s)});
    CHECK(schedule.due(1s) == Edges{{0, Edge::Begin}});
    CHECK(schedule.next() == 3s);
    CHECK(schedule.due(3s) == Edges{{0, Edge::End}});
    CHECK_FALSE(schedule.next());
}

TEST_CASE("a fault without a duration lasts to the end") {
    FaultSchedule schedule({fault(FaultKind::Stop, 1s)});
    CHECK(schedule.due(1s) == Edges{{0, Edge::Begin}});
    CHECK_FALSE(schedule.next());
}

TEST_CASE("a repeated fault keeps to its grid however late it is asked for") {
    FaultSchedule schedule({fault(FaultKind::Close, 1s, 10s)});
    CHECK(schedule.due(1s + 300ms).size() == 1);
    CHECK(schedule.next() == 11s);
    CHECK(schedule.due(11s).size() == 1);
    CHECK(schedule.next() == 21s);
}

TEST_CASE("occurrences missed during a pause are left out") {
    FaultSchedule schedule({fault(FaultKind::Close, 1s, 10s)});
    CHECK(schedule.due(35s).size() == 1);
    CHECK(schedule.next() == 41s);
}

TEST_CASE("begin and end come in the order of time, an end first at the same instant") {
    FaultSchedule schedule({fault(FaultKind::Reset, 3s), fault(FaultKind::Silence, 1s, 0s, 2s)});
    CHECK(schedule.due(5s) == Edges{{1, Edge::Begin}, {1, Edge::End}, {0, Edge::Begin}});
}

TEST_CASE("of overlapping faults of one kind only the last end counts") {
    FaultSchedule schedule({fault(FaultKind::Silence, 1s, 0s, 5s), fault(FaultKind::Silence, 2s, 0s, 1s),
                            fault(FaultKind::HalfOpen, 2s, 0s, 1s)});
    CHECK(schedule.due(3s) == Edges{{0, Edge::Begin}, {1, Edge::Begin}, {2, Edge::Begin}, {2, Edge::End}});
    CHECK(schedule.due(6s) == Edges{{0, Edge::End}});
}

TEST_CASE("small steps and one large step tell the same") {
    const std::vector<Fault> faults = {fault(FaultKind::Silence, 1s, 4s, 2s), fault(FaultKind::Reset, 2s)};
    FaultSchedule fine(faults);
    Edges edges;
    for (fairlead::core::Duration now = 0s; now <= 4s; now += 10ms) {
        for (const FaultEdge& edge : fine.due(now))
            edges.push_back(edge);
    }
    FaultSchedule coarse(faults);
    CHECK(edges == coarse.due(4s));
    CHECK(fine.next() == coarse.next());
}

TEST_CASE("faults of one kind on different connections do not overlap") {
    Fault one = fault(FaultKind::Silence, 1s, 0s, 1s);
    Fault other = fault(FaultKind::Silence, 1s, 0s, 2s);
    one.connection = 1;
    other.connection = 2;
    FaultSchedule schedule({one, other});
    CHECK(schedule.due(1s).size() == 2);
    CHECK(schedule.due(2s) == Edges{{0, Edge::End}});
    CHECK(schedule.due(3s) == Edges{{1, Edge::End}});
}

}  // namespace
