#include "core/crowding.hpp"

#include <doctest/doctest.h>

using namespace std::chrono_literals;
using fairlead::core::Crowding;

TEST_CASE("a machine is crowded while its threads wait long for a processor; between the bounds nothing changes") {
    struct Second {
        std::uint64_t runs;
        fairlead::core::Duration waited_each;
        bool crowded;
    };
    constexpr Second kSeconds[] = {
        {1'000, 10us, false}, {1'000, 99us, false}, {1'000, 101us, true}, {1'000, 41us, true},
        {1'000, 39us, false}, {49, 5ms, false},     {1, 5ms, true},       {10'000, 300us, true},
        {20, 0us, true},      {20, 0us, true},      {20, 0us, false},
    };
    Crowding crowding;
    std::uint64_t runs = 0;
    fairlead::core::Duration waited{};
    for (const auto& second : kSeconds) {
        runs += second.runs;
        waited += second.waited_each * static_cast<std::int64_t>(second.runs);
        CAPTURE(runs);
        CHECK(crowding.observe(runs, waited) == second.crowded);
    }
}
