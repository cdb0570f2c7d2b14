// Random inputs at random times, sensible or not: the owner never has a socket too many, and no deadline stands still.
#include "core/rotation.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;
using Kind = Rotation::Action::Kind;
using Phase = Rotation::Phase;

class Walk {
public:
    explicit Walk(std::uint64_t seed) : random_(seed), rotation_(random_settings()) {}

    void step() {
        now_ = next_time();
        const bool is_tick = below(2) == 0;
        const Rotation::Action action = is_tick ? rotation_.tick(now_, chance()) : input();
        take(action);
        REQUIRE(rotation_.phase() == expected_phase());
        if (!is_tick) return;
        const std::optional<SteadyTime> deadline = rotation_.next_deadline();
        REQUIRE((!deadline || *deadline > now_));
        if (rotation_.phase() != Phase::Resting) REQUIRE(deadline.has_value());
    }

    unsigned opens = 0;
    unsigned take_overs = 0;
    unsigned abandoned = 0;

private:
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    double chance() { return std::uniform_real_distribution<double>(0.0, 1.0)(random_); }
    Duration up_to(Duration longest) { return Duration{static_cast<Duration::rep>(chance() * longest.count())}; }

    RotationSettings random_settings() {
        RotationSettings settings;
        settings.max_age = below(4) == 0 ? Duration{0} : up_to(30h);
        settings.jitter_factor = chance();
        if (below(2) == 0) settings.preferred_hour = static_cast<unsigned>(below(24));
        settings.overlap = below(4) == 0 ? Duration{0} : up_to(1min);
        settings.open_timeout = up_to(1min);
        settings.retry = {.initial_delay = up_to(1s),
                          .max_delay = up_to(1min),
                          .multiplier = 1.0 + chance(),
                          .jitter_factor = chance()};
        return settings;
    }

    SteadyTime next_time() {
        const std::optional<SteadyTime> deadline = rotation_.next_deadline();
        if (deadline && *deadline > now_ && below(2) == 0) return *deadline;
        return below(2) == 0 ? now_ : now_ + up_to(below(2) == 0 ? Duration{1s} : Duration{1min});
    }

    Rotation::Action input() {
        switch (below(8)) {
            case 0:
                if (connected_) return {};
                connected_ = true;
                rotation_.connected(now_, WallTime{} + now_.time_since_epoch(), chance());
                return {};
            case 1: {
                if (below(4) != 0) return {};
                connected_ = opened_;
                return rotation_.lost(now_);
            }
            case 2:
            case 3:
                return rotation_.request(static_cast<Cause>(below(static_cast<unsigned>(Cause::Pool) + 1)), "", now_);
            case 4:
            case 5:
                opened_ = opened_ || is_open_asked_;
                return rotation_.opened(now_);
            case 6:
                return rotation_.failed("failed", now_, chance());
            default:
                if (below(20) == 0) rotation_.configure(random_settings());
                return rotation_.caught_up(now_);
        }
    }

    void take(const Rotation::Action& action) {
        switch (action.kind) {
            case Kind::None:
                return;
            case Kind::Open:
                REQUIRE(connected_);
                REQUIRE_FALSE(is_open_asked_);
                is_open_asked_ = true;
                ++opens;
                return;
            case Kind::TakeOver:
                REQUIRE(opened_);
                ++take_overs;
                break;
            case Kind::Abandon:
                REQUIRE(is_open_asked_);
                ++abandoned;
                break;
        }
        is_open_asked_ = false;
        opened_ = false;
    }

    Phase expected_phase() const {
        if (!is_open_asked_) return Phase::Resting;
        return opened_ ? Phase::Overlapping : Phase::Opening;
    }

    std::mt19937_64 random_;
    Rotation rotation_;
    SteadyTime now_{1000s};
    bool connected_ = false;
    bool is_open_asked_ = false;
    bool opened_ = false;
};

TEST_CASE("two hundred rotations keep every rule through 100,000 random inputs") {
    unsigned opens = 0;
    unsigned take_overs = 0;
    unsigned abandoned = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        CAPTURE(seed);
        Walk walk(seed);
        for (int i = 0; i < 500; ++i)
            walk.step();
        opens += walk.opens;
        take_overs += walk.take_overs;
        abandoned += walk.abandoned;
    }
    CHECK(opens > 1000);
    CHECK(take_overs > 1000);
    CHECK(abandoned > 1000);
}

}  // namespace
