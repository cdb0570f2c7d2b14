#include "publish/gap_list.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace fairlead;
using publish::GapList;

namespace {

v1::Gap gap(std::uint64_t to_ns, const std::string& detail = {}) {
    v1::Gap gap;
    gap.set_cause(v1::GAP_CAUSE_UPSTREAM);
    gap.set_to_ns(to_ns);
    gap.set_detail(detail);
    return gap;
}

}  // namespace

TEST_CASE("gaps are found by connection, by topic and by time, the oldest first") {
    GapList list;
    list.add("data/x/a/", 7, 5, 2, gap(100, "first"));
    list.add("data/xy/a/", 7, 6, 3, gap(200));
    list.add("data/x/b/", 7, 7, 4, gap(300));
    const auto select = [&](const GapList::Query& query) {
        v1::Gaps gaps;
        const std::size_t matches = list.select(query, gaps);
        CHECK(matches == static_cast<std::size_t>(gaps.gaps_size()));
        std::string sequences;
        for (const auto& record : gaps.gaps())
            sequences += std::to_string(record.sequence());
        return sequences;
    };
    CHECK(select({}) == "567");
    CHECK(select({.connection = "x"}) == "57");
    CHECK(select({.connection = "xy"}) == "6");
    CHECK(select({.connection = "y"}).empty());
    CHECK(select({.prefix = "data/x/b/"}) == "7");
    CHECK(select({.prefix = "data/x"}) == "567");
    CHECK(select({.since_ns = 200}) == "7");
    CHECK(select({.connection = "x", .since_ns = 99}) == "57");

    v1::Gaps gaps;
    list.select({.connection = "x"}, gaps);
    const v1::GapRecord& first = gaps.gaps(0);
    CHECK(first.topic() == "data/x/a/");
    CHECK(first.epoch() == 7);
    CHECK(first.session() == 2);
    CHECK(first.gap().detail() == "first");
    CHECK(gaps.forgotten() == 0);
}

TEST_CASE("the list is bounded, and tells how many it has forgotten") {
    GapList list;
    for (std::uint64_t i = 1; i <= GapList::kMaxGaps + 10; ++i)
        list.add("data/x/a/", 7, i, 1, gap(i));
    v1::Gaps gaps;
    CHECK(list.select({}, gaps) == GapList::kMaxGaps);
    CHECK(gaps.forgotten() == 10);
    CHECK(gaps.gaps(0).sequence() == 11);
    CHECK(list.told() == GapList::kMaxGaps + 10);
}

TEST_CASE("a reply has room for the newest only") {
    GapList list;
    for (std::uint64_t i = 1; i <= GapList::kMaxGaps; ++i)
        list.add("data/x/a/", 7, i, 1, gap(i, std::string(200, 'd')));
    v1::Gaps gaps;
    CHECK(list.select({}, gaps) == GapList::kMaxGaps);
    CHECK(gaps.ByteSizeLong() <= GapList::kMaxListedBytes);
    CHECK(gaps.ByteSizeLong() > GapList::kMaxListedBytes / 2);
    CHECK(gaps.gaps(gaps.gaps_size() - 1).sequence() == GapList::kMaxGaps);
    CHECK(gaps.gaps(0).sequence() == GapList::kMaxGaps - static_cast<std::uint64_t>(gaps.gaps_size()) + 1);
}
