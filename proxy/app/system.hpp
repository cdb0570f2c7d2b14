// The real clock and real chance.
#pragma once

#include "seam/clock.hpp"
#include "seam/random.hpp"

#include <random>

namespace fairlead::app {

class SystemClock final : public seam::Clock {
public:
    core::SteadyTime now() const override {
        return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
    }
    core::WallTime wall() const override {
        return std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now());
    }
};

// Seeded by the system, so that sidecars which start together do not retry together.
class SystemRandom final : public seam::Random {
public:
    double uniform() override { return distribution_(engine_); }

private:
    std::mt19937_64 engine_{std::random_device{}()};
    std::uniform_real_distribution<double> distribution_{0.0, 1.0};
};

}  // namespace fairlead::app
