#include "core/duration_text.hpp"

#include <doctest/doctest.h>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

TEST_CASE("a duration is told in the largest unit that it fills") {
    CHECK(duration_text(30s) == "30s");
    CHECK(duration_text(5min) == "300s");
    CHECK(duration_text(1s) == "1s");
    CHECK(duration_text(250ms) == "250ms");
    CHECK(duration_text(40us) == "40us");
    CHECK(duration_text(7ns) == "7ns");
}

TEST_CASE("a duration has at most three decimals and no zeros behind them") {
    CHECK(duration_text(1500ms) == "1.5s");
    CHECK(duration_text(1050ms) == "1.05s");
    CHECK(duration_text(1001ms) == "1.001s");
    CHECK(duration_text(1s + 999us) == "1s");
    CHECK(duration_text(1s - 1ns) == "999.999ms");
    CHECK(duration_text(1500ns) == "1.5us");
}

TEST_CASE("the ends of the range have a text") {
    CHECK(duration_text(0s) == "0s");
    CHECK(duration_text(-1s) == "0s");
    CHECK(duration_text(Duration::min()) == "0s");
    CHECK(duration_text(Duration::max()) == "9223372036.854s");
}

}  // namespace
