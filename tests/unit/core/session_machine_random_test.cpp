// Random inputs at random times, sensible or not: whatever comes, the rules that consumers, venues and the owner of the
// socket rely on hold after each step.
#include "core/session_machine.hpp"
#include "session_machine_text.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <random>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;
using State = ConnectionState;

class Chance {
public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}
    double uniform() { return uniform_(random_); }
    bool one_in(unsigned count) { return random_() % count == 0; }
    unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
    Duration up_to(Duration longest) { return Duration{static_cast<Duration::rep>(uniform() * longest.count())}; }

private:
    std::mt19937_64 random_;
    std::uniform_real_distribution<double> uniform_{0.0, 1.0};
};

SessionSettings random_settings(Chance& chance) {
    SessionSettings settings;
    settings.backoff.initial_delay = 100ms + chance.up_to(2s);
    settings.backoff.max_delay = settings.backoff.initial_delay + chance.up_to(1min);
    settings.backoff.multiplier = 1.0 + 2.0 * chance.uniform();
    settings.backoff.jitter_factor = chance.uniform() / 2;
    settings.max_retries = chance.below(6);
    settings.connection_timeout = 1s + chance.up_to(30s);
    settings.ping_interval = chance.one_in(3) ? 0s : 1s + chance.up_to(30s);
    settings.pong_timeout = 100ms + chance.up_to(20s);
    settings.stale_after = chance.one_in(3) ? 0s : 1s + chance.up_to(30s);
    settings.stable_after = chance.up_to(20s);
    settings.failed_retry_interval = chance.one_in(2) ? 0s : 10s + chance.up_to(1min);
    return settings;
}

SessionInput random_input(Chance& chance, SteadyTime now) {
    switch (chance.below(12)) {
        case 0:
            return input::Start{};
        case 1:
            if (chance.one_in(3)) return input::Stop{chance.one_in(2) ? Cause::Command : Cause::Shutdown, "stop"};
            return input::Start{};
        case 2:
            return input::Reconnect{"reconnect"};
        case 3:
        case 4:
            return input::Opened{};
        case 5: {
            std::optional<Duration> retry_after;
            if (chance.one_in(4)) retry_after = chance.up_to(2min);
            return input::Ended{Cause::ConnectionLost, "lost", retry_after};
        }
        case 6:
            return input::Pong{};
        case 7:
            if (chance.one_in(4)) return input::Deferred{Cause::Budget, "wait", 1ms + chance.up_to(20s)};
            return input::Pong{};
        default: {
            std::optional<SteadyTime> last_data;
            if (chance.one_in(2)) last_data = now - chance.up_to(10s);
            return input::Tick{last_data};
        }
    }
}

// What the owner's socket would be, told only by the actions and by the inputs that the machine had to take.
enum class Socket { None, Opening, Open };

bool is_edge(State from, State to) {
    switch (from) {
        case State::Disconnected:  // the last two right after Connected ended, in the same step
            return to == State::Connecting || to == State::Reconnecting || to == State::Failed;
        case State::Connecting:
            return to != State::Connecting;
        case State::Connected:
            return to == State::Disconnected;
        case State::Reconnecting:
            return to == State::Connecting || to == State::Disconnected || to == State::Reconnecting;
        case State::Failed:
            return to == State::Connecting || to == State::Disconnected || to == State::Reconnecting;
    }
    return false;
}

class Checked {
public:
    Checked(const SessionSettings& settings, SteadyTime begin) : settings_(settings), machine_(settings), now_(begin) {}

    void step(Chance& chance) {
        now_ = next_time(chance);
        const SessionInput input = random_input(chance, now_);
        const State before = machine_.state();
        const bool is_early_tick = std::holds_alternative<input::Tick>(input) &&
                                   (!machine_.next_deadline() || *machine_.next_deadline() > now_);
        take(input, before);
        const SessionActions actions = machine_.step(input, now_, chance.uniform());
        CAPTURE(fairlead::test::text_of(actions));
        if (is_early_tick) REQUIRE(actions.empty());
        for (const SessionAction& action : actions) {
            std::visit([&](const auto& one) { check(one, input); }, action);
        }
        REQUIRE(machine_.state() == told_);
        check_rest();
    }

    unsigned opened = 0;
    unsigned pinged = 0;
    unsigned gave_up = 0;
    unsigned deferred = 0;

private:
    // Often exactly at the deadline, else anywhere around it.
    SteadyTime next_time(Chance& chance) const {
        const std::optional<SteadyTime> deadline = machine_.next_deadline();
        if (deadline && *deadline > now_ && chance.one_in(2)) return *deadline;
        if (chance.one_in(2)) return now_;
        return now_ + chance.up_to(chance.one_in(2) ? Duration{500ms} : Duration{20s});
    }

    void take(const SessionInput& input, State before) {
        if (std::holds_alternative<input::Opened>(input) && before == State::Connecting) socket_ = Socket::Open;
        if (std::holds_alternative<input::Pong>(input)) awaits_pong_ = false;
        const bool has_socket = before == State::Connecting || before == State::Connected;
        if (std::holds_alternative<input::Ended>(input) && has_socket) lose_socket();
        if (std::holds_alternative<input::Deferred>(input) && before == State::Connecting) {
            lose_socket();
            last_open_.reset();  // nothing has reached the venue
            ++deferred;
        }
    }

    void lose_socket() {
        socket_ = Socket::None;
        awaits_pong_ = false;
    }

    void check(const action::Open&, const SessionInput&) {
        REQUIRE(socket_ == Socket::None);
        REQUIRE(told_ == State::Connecting);
        if (last_open_ && told_cause_ != Cause::Start) {
            const double shortest = 1.0 - settings_.backoff.jitter_factor;
            const double apart = static_cast<double>((now_ - *last_open_).count());
            REQUIRE(apart + 1.0 >= static_cast<double>(settings_.backoff.initial_delay.count()) * shortest);
        }
        last_open_ = now_;
        socket_ = Socket::Opening;
    }

    void check(const action::Close& close, const SessionInput& input) {
        REQUIRE(socket_ != Socket::None);
        REQUIRE_FALSE(std::holds_alternative<input::Ended>(input));
        REQUIRE_FALSE(std::holds_alternative<input::Deferred>(input));
        REQUIRE(close.reason.size() <= 123);
        lose_socket();
    }

    void check(const action::Ping&, const SessionInput&) {
        REQUIRE(socket_ == Socket::Open);
        REQUIRE_FALSE(awaits_pong_);
        awaits_pong_ = true;
        ++pinged;
    }

    void check(const action::Restore&, const SessionInput&) {
        REQUIRE(socket_ == Socket::Open);
        REQUIRE(told_ == State::Connected);
    }

    void check(const action::Announce& change, const SessionInput& input) {
        REQUIRE(change.previous == told_);
        REQUIRE(is_edge(change.previous, change.state));
        REQUIRE(change.cause != Cause::Unspecified);
        REQUIRE(change.retry_in >= 0s);
        if (change.state == State::Connected) {
            REQUIRE(std::holds_alternative<input::Opened>(input));
            ++opened;
        }
        if (change.state == State::Failed) {
            REQUIRE(settings_.max_retries > 0);
            REQUIRE(change.attempt >= settings_.max_retries);
            ++gave_up;
        }
        if (change.state == State::Reconnecting) REQUIRE(machine_.next_deadline() == now_ + change.retry_in);
        told_ = change.state;
        told_cause_ = change.cause;
    }

    void check_rest() const {
        const std::optional<SteadyTime> deadline = machine_.next_deadline();
        switch (machine_.state()) {
            case State::Disconnected:
                REQUIRE(socket_ == Socket::None);
                REQUIRE_FALSE(deadline.has_value());
                REQUIRE(machine_.consecutive_failures() == 0);
                break;
            case State::Connecting:
                REQUIRE(socket_ == Socket::Opening);
                REQUIRE(deadline.has_value());
                break;
            case State::Connected:
                REQUIRE(socket_ == Socket::Open);
                if (settings_.ping_interval > 0s || settings_.stale_after > 0s) REQUIRE(deadline.has_value());
                break;
            case State::Reconnecting:
                REQUIRE(socket_ == Socket::None);
                REQUIRE(deadline.has_value());
                break;
            case State::Failed:
                REQUIRE(socket_ == Socket::None);
                REQUIRE(deadline.has_value() == (settings_.failed_retry_interval > 0s));
                break;
        }
    }

    SessionSettings settings_;
    SessionMachine machine_;
    SteadyTime now_;
    Socket socket_ = Socket::None;
    bool awaits_pong_ = false;
    State told_ = State::Disconnected;
    Cause told_cause_ = Cause::Unspecified;
    std::optional<SteadyTime> last_open_;
};

TEST_CASE("a hundred machines keep every rule through 100,000 random inputs") {
    Chance chance(20240229);
    unsigned opened = 0;
    unsigned pinged = 0;
    unsigned gave_up = 0;
    unsigned deferred = 0;
    for (int machine = 0; machine < 100; ++machine) {
        Checked checked(random_settings(chance), SteadyTime{1000s});
        for (int i = 0; i < 1000; ++i)
            checked.step(chance);
        opened += checked.opened;
        pinged += checked.pinged;
        gave_up += checked.gave_up;
        deferred += checked.deferred;
    }
    // The walk has been everywhere.
    CHECK(opened > 1000);
    CHECK(pinged > 500);
    CHECK(gave_up > 100);
    CHECK(deferred > 100);
}

}  // namespace
