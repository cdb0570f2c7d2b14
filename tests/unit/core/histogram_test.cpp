#include "core/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

using namespace std::chrono_literals;
using fairlead::core::Duration;
using fairlead::core::Histogram;

namespace {

constexpr std::array<Duration, 3> kBounds = {10us, 100us, 1ms};

}  // namespace

TEST_CASE("a duration falls under the first bound that it does not exceed") {
    struct Row {
        Duration value;
        std::size_t bucket;
    };
    const Row rows[] = {{0ns, 0},   {1ns, 0}, {10us, 0},      {10us + 1ns, 1}, {100us, 1},
                        {500us, 2}, {1ms, 2}, {1ms + 1ns, 3}, {24h, 3},        {-5ns, 0}};
    for (const auto& row : rows) {
        const auto [value, bucket] = row;
        CAPTURE(row.value.count());
        Histogram<3> histogram(kBounds);
        histogram.add(value);
        for (std::size_t i = 0; i < histogram.counts().size(); ++i)
            CHECK(histogram.counts()[i] == (i == bucket ? 1 : 0));
        CHECK(histogram.sum() == std::max(value, Duration{0}));
    }
}

TEST_CASE("counts and sum grow together") {
    Histogram<3> histogram(kBounds);
    Duration expected{0};
    for (int i = 1; i <= 1'000; ++i) {
        histogram.add(std::chrono::microseconds{i * 7});
        expected += std::chrono::microseconds{i * 7};
    }
    CHECK(std::accumulate(histogram.counts().begin(), histogram.counts().end(), std::uint64_t{0}) == 1'000);
    CHECK(histogram.counts()[0] == 1);    // 7
    CHECK(histogram.counts()[1] == 13);   // 14 to 98
    CHECK(histogram.counts()[2] == 128);  // 105 to 994
    CHECK(histogram.sum() == expected);
}

TEST_CASE("what is spread evenly is counted as if each were added") {
    struct Row {
        Duration last;
        std::uint64_t count;
    };
    const Row rows[] = {{7us, 1},     {0ns, 3},     {-1ns, 2},      {9us, 4},       {10us, 7}, {11us, 11},
                        {200us, 500}, {100us, 100}, {3ms, 100'000}, {1ms + 1ns, 3}, {24h, 5},  {1ns, 4}};
    for (const auto& row : rows) {
        CAPTURE(row.last.count());
        CAPTURE(row.count);
        Histogram<3> evenly(kBounds);
        evenly.add_evenly(row.last, row.count);
        const auto whole = std::max(row.last, Duration{0}).count();
        std::array<std::uint64_t, 4> counts{};
        for (std::uint64_t i = 1; i <= row.count; ++i) {
            const auto scaled = static_cast<std::uint64_t>(whole) * i;  // = value * count
            std::size_t bucket = 0;
            while (bucket < 3 && scaled > static_cast<std::uint64_t>(kBounds[bucket].count()) * row.count)
                ++bucket;
            ++counts[bucket];
        }
        CHECK(evenly.counts() == counts);
        const auto twice = static_cast<std::uint64_t>(whole) * (row.count + 1);
        CHECK(evenly.sum() == Duration{static_cast<Duration::rep>(twice / 2)});
    }
}

TEST_CASE("the bounds that are used ascend from end to end") {
    const auto& forward = fairlead::core::kForwardLatencyBounds;
    CHECK(std::adjacent_find(forward.begin(), forward.end(), std::greater_equal<>()) == forward.end());
    CHECK(forward.front() == 1us);
    CHECK(forward.back() == 1s);
    const auto& reconnect = fairlead::core::kReconnectLatencyBounds;
    CHECK(std::adjacent_find(reconnect.begin(), reconnect.end(), std::greater_equal<>()) == reconnect.end());
    CHECK(reconnect.front() == 10ms);
    CHECK(reconnect.back() == 5min);
}
