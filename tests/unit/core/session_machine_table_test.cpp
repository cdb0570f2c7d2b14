// Every state and every input: the full list of actions, the state after it and the next deadline. What is not listed
// as answered for a state must be ignored there.
#include "core/session_machine.hpp"
#include "session_machine_text.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;
using fairlead::test::text_of;
using State = ConnectionState;

constexpr SteadyTime kBegin{1000s};
constexpr double kNoJitter = 0.5;

SessionSettings settings() {
    SessionSettings settings;
    settings.backoff = {.initial_delay = 1s, .max_delay = 8s, .multiplier = 2.0, .jitter_factor = 0.1};
    settings.max_retries = 2;
    settings.connection_timeout = 30s;
    settings.ping_interval = 20s;
    settings.pong_timeout = 10s;
    settings.stale_after = 60s;
    settings.stable_after = 10s;
    return settings;
}

enum class Kind {
    Start,
    Stop,
    Shutdown,
    Reconnect,
    Opened,
    Ended,
    EndedWithRetryAfter,
    Deferred,
    Pong,
    EarlyTick,
    DueTick
};

constexpr Kind kAllKinds[] = {
    Kind::Start,    Kind::Stop, Kind::Shutdown,  Kind::Reconnect, Kind::Opened, Kind::Ended, Kind::EndedWithRetryAfter,
    Kind::Deferred, Kind::Pong, Kind::EarlyTick, Kind::DueTick};

SessionInput make_input(Kind kind) {
    switch (kind) {
        case Kind::Start:
            return input::Start{};
        case Kind::Stop:
            return input::Stop{Cause::Command, "paused"};
        case Kind::Shutdown:
            return input::Stop{Cause::Shutdown, "ending"};
        case Kind::Reconnect:
            return input::Reconnect{"asked"};
        case Kind::Opened:
            return input::Opened{};
        case Kind::Ended:
            return input::Ended{Cause::PeerClosed, "1001 going away", std::nullopt};
        case Kind::EndedWithRetryAfter:
            return input::Ended{Cause::UpgradeRefused, "HTTP 429", 45s};
        case Kind::Deferred:
            return input::Deferred{Cause::Budget, "venue.example", 7s};
        case Kind::Pong:
            return input::Pong{};
        case Kind::EarlyTick:
        case Kind::DueTick:
            return input::Tick{};
    }
    return input::Tick{};
}

// A machine brought into a state, and how far the time has come since kBegin.
struct Scene {
    SessionMachine machine{settings()};
    Duration now{0};

    std::string step(const SessionInput& input, Duration at) {
        now = at;
        return text_of(machine.step(input, kBegin + at, kNoJitter));
    }
};

struct Answer {
    Kind kind;
    std::string actions;
    State state;
    std::optional<Duration> deadline;  // since kBegin
};

struct Table {
    Scene (*scene)();
    State state;
    std::optional<Duration> deadline;  // since kBegin
    std::vector<Answer> answers;
};

std::optional<Duration> since_begin(std::optional<SteadyTime> time) {
    if (!time) return std::nullopt;
    return *time - kBegin;
}

// A due tick comes at the deadline, an early one just before it; where no timer runs both come an hour later.
Duration time_of(Kind kind, const Scene& scene) {
    const Duration deadline = since_begin(scene.machine.next_deadline()).value_or(scene.now + 1h);
    if (kind == Kind::EarlyTick) return deadline - 1ns;
    if (kind == Kind::DueTick) return deadline;
    return scene.now;
}

const Answer* find_answer(const Table& table, Kind kind) {
    for (const Answer& answer : table.answers) {
        if (answer.kind == kind) return &answer;
    }
    return nullptr;
}

void check(const Table& table) {
    for (const Kind kind : kAllKinds) {
        CAPTURE(static_cast<int>(kind));
        Scene scene = table.scene();
        REQUIRE(scene.machine.state() == table.state);
        REQUIRE(since_begin(scene.machine.next_deadline()) == table.deadline);
        const Answer* answer = find_answer(table, kind);
        const std::string actions = scene.step(make_input(kind), time_of(kind, scene));
        CHECK(actions == (answer ? answer->actions : ""));
        CHECK(scene.machine.state() == (answer ? answer->state : table.state));
        CHECK(since_begin(scene.machine.next_deadline()) == (answer ? answer->deadline : table.deadline));
    }
}

Scene disconnected() {
    return {};
}

Scene connecting() {
    Scene scene;
    scene.step(input::Start{}, 0s);
    return scene;
}

// Its second attempt, after a failure, was not made.
Scene deferred() {
    Scene scene = connecting();
    scene.step(input::Ended{Cause::ConnectionLost, "lost", std::nullopt}, 500ms);
    scene.step(input::Tick{}, 1500ms);
    scene.step(input::Deferred{Cause::Budget, "venue.example", 7s}, 1500ms);
    return scene;
}

Scene connected() {
    Scene scene = connecting();
    scene.step(input::Opened{}, 1s);
    return scene;
}

Scene stable() {
    Scene scene = connected();
    scene.step(input::Tick{}, 11s);
    return scene;
}

Scene awaiting_pong() {
    Scene scene = stable();
    scene.step(input::Tick{}, 21s);
    return scene;
}

Scene reconnecting() {
    Scene scene = connecting();
    scene.step(input::Ended{Cause::ConnectFailed, "refused", std::nullopt}, 500ms);
    return scene;
}

Scene told_to_wait() {
    Scene scene = connecting();
    scene.step(input::Ended{Cause::UpgradeRefused, "HTTP 429", 60s}, 500ms);
    return scene;
}

Scene commanded() {
    Scene scene = stable();
    scene.step(input::Reconnect{"asked"}, 15s);
    return scene;
}

Scene failed() {
    Scene scene = reconnecting();
    for (int retry = 1; retry <= 2; ++retry) {
        const Duration due = since_begin(scene.machine.next_deadline()).value();
        scene.step(input::Tick{}, due);
        scene.step(input::Ended{Cause::ConnectFailed, "refused", std::nullopt}, due + 500ms);
    }
    return scene;
}

Scene failed_with_interval() {
    Scene scene;
    SessionSettings with_interval = settings();
    with_interval.failed_retry_interval = 5min;
    with_interval.max_retries = 1;
    scene.machine.configure(with_interval);
    scene.step(input::Start{}, 0s);
    scene.step(input::Ended{Cause::ConnectFailed, "refused", std::nullopt}, 500ms);
    scene.step(input::Tick{}, 1500ms);
    scene.step(input::Ended{Cause::ConnectFailed, "refused", std::nullopt}, 2s);
    return scene;
}

TEST_CASE("disconnected: start is the only way out") {
    check({disconnected,
           State::Disconnected,
           std::nullopt,
           {{Kind::Start, "disconnected>connecting start #0\nopen", State::Connecting, 30s}}});
}

TEST_CASE("connecting: an attempt opens, fails, takes too long or is called off") {
    check(
        {connecting,
         State::Connecting,
         30s,
         {{Kind::Stop, "close 1000 stopped\nconnecting>disconnected command #0: paused", State::Disconnected, {}},
          {Kind::Shutdown, "close 1001 shutdown\nconnecting>disconnected shutdown #0: ending", State::Disconnected, {}},
          {Kind::Reconnect, "close 1000 reconnect\nconnecting>reconnecting command #0 in 1s: asked",
           State::Reconnecting, 1s},
          {Kind::Opened, "connecting>connected start #0\nrestore", State::Connected, 10s},
          {Kind::Ended, "connecting>reconnecting peer_closed #1 in 1s: 1001 going away", State::Reconnecting, 1s},
          {Kind::EndedWithRetryAfter, "connecting>reconnecting upgrade_refused #1 in 45s: HTTP 429",
           State::Reconnecting, 45s},
          {Kind::Deferred, "connecting>reconnecting budget #0 in 7s: venue.example", State::Reconnecting, 7s},
          {Kind::DueTick, "close 1000 timeout\nconnecting>reconnecting timeout #1 in 1s: no connection within 30s",
           State::Reconnecting, 31s}}});
}

TEST_CASE("connected, not yet stable: an end is announced and counts as a failure") {
    check(
        {connected,
         State::Connected,
         11s,
         {{Kind::Stop, "close 1000 stopped\nconnected>disconnected command #0: paused", State::Disconnected, {}},
          {Kind::Shutdown, "close 1001 shutdown\nconnected>disconnected shutdown #0: ending", State::Disconnected, {}},
          {Kind::Reconnect,
           "close 1000 reconnect\nconnected>disconnected command #0: asked\n"
           "disconnected>reconnecting command #0 in 0s: asked",
           State::Reconnecting, 1s},
          {Kind::Ended,
           "connected>disconnected peer_closed #0: 1001 going away\n"
           "disconnected>reconnecting peer_closed #1 in 1s: 1001 going away",
           State::Reconnecting, 2s},
          {Kind::EndedWithRetryAfter,
           "connected>disconnected upgrade_refused #0: HTTP 429\n"
           "disconnected>reconnecting upgrade_refused #1 in 45s: HTTP 429",
           State::Reconnecting, 46s},
          // Becoming stable is not told to anybody; the ping is next.
          {Kind::DueTick, "", State::Connected, 21s}}});
}

TEST_CASE("connected and stable: the next timer is the ping") {
    check(
        {stable,
         State::Connected,
         21s,
         {{Kind::Stop, "close 1000 stopped\nconnected>disconnected command #0: paused", State::Disconnected, {}},
          {Kind::Shutdown, "close 1001 shutdown\nconnected>disconnected shutdown #0: ending", State::Disconnected, {}},
          {Kind::Reconnect,
           "close 1000 reconnect\nconnected>disconnected command #0: asked\n"
           "disconnected>reconnecting command #0 in 0s: asked",
           State::Reconnecting, 11s},
          {Kind::Ended,
           "connected>disconnected peer_closed #0: 1001 going away\n"
           "disconnected>reconnecting peer_closed #1 in 1s: 1001 going away",
           State::Reconnecting, 12s},
          {Kind::EndedWithRetryAfter,
           "connected>disconnected upgrade_refused #0: HTTP 429\n"
           "disconnected>reconnecting upgrade_refused #1 in 45s: HTTP 429",
           State::Reconnecting, 56s},
          {Kind::DueTick, "ping", State::Connected, 31s}}});
}

TEST_CASE("connected, awaiting a pong: it comes, or the connection is given up") {
    check(
        {awaiting_pong,
         State::Connected,
         31s,
         {{Kind::Stop, "close 1000 stopped\nconnected>disconnected command #0: paused", State::Disconnected, {}},
          {Kind::Shutdown, "close 1001 shutdown\nconnected>disconnected shutdown #0: ending", State::Disconnected, {}},
          {Kind::Reconnect,
           "close 1000 reconnect\nconnected>disconnected command #0: asked\n"
           "disconnected>reconnecting command #0 in 0s: asked",
           State::Reconnecting, 21s},
          {Kind::Ended,
           "connected>disconnected peer_closed #0: 1001 going away\n"
           "disconnected>reconnecting peer_closed #1 in 1s: 1001 going away",
           State::Reconnecting, 22s},
          {Kind::EndedWithRetryAfter,
           "connected>disconnected upgrade_refused #0: HTTP 429\n"
           "disconnected>reconnecting upgrade_refused #1 in 45s: HTTP 429",
           State::Reconnecting, 66s},
          {Kind::Pong, "", State::Connected, 41s},
          {Kind::DueTick,
           "close 1011 no pong\nconnected>disconnected pong_timeout #0: no pong within 10s\n"
           "disconnected>reconnecting pong_timeout #1 in 1s: no pong within 10s",
           State::Reconnecting, 32s}}});
}

TEST_CASE("reconnecting after a failure: the backoff ends it, a command cannot bring it before initial_delay") {
    check({reconnecting,
           State::Reconnecting,
           1500ms,
           {{Kind::Stop, "reconnecting>disconnected command #0: paused", State::Disconnected, {}},
            {Kind::Shutdown, "reconnecting>disconnected shutdown #0: ending", State::Disconnected, {}},
            {Kind::Reconnect, "reconnecting>reconnecting command #1 in 500ms: asked", State::Reconnecting, 1s},
            {Kind::DueTick, "reconnecting>connecting backoff_over #1\nopen", State::Connecting, 31500ms}}});
}

TEST_CASE("reconnecting as the venue asked: a command overrules the venue") {
    check({told_to_wait,
           State::Reconnecting,
           60500ms,
           {{Kind::Stop, "reconnecting>disconnected command #0: paused", State::Disconnected, {}},
            {Kind::Shutdown, "reconnecting>disconnected shutdown #0: ending", State::Disconnected, {}},
            {Kind::Reconnect, "reconnecting>reconnecting command #1 in 500ms: asked", State::Reconnecting, 1s},
            {Kind::DueTick, "reconnecting>connecting backoff_over #1\nopen", State::Connecting, 90500ms}}});
}

TEST_CASE("reconnecting by command: a repeated command changes nothing, the attempt names the command") {
    check({commanded,
           State::Reconnecting,
           15s,
           {{Kind::Stop, "reconnecting>disconnected command #0: paused", State::Disconnected, {}},
            {Kind::Shutdown, "reconnecting>disconnected shutdown #0: ending", State::Disconnected, {}},
            {Kind::DueTick, "reconnecting>connecting command #0\nopen", State::Connecting, 45s}}});
}

TEST_CASE("failed: no timer runs, a command begins anew") {
    check({failed,
           State::Failed,
           std::nullopt,
           {{Kind::Stop, "failed>disconnected command #0: paused", State::Disconnected, {}},
            {Kind::Shutdown, "failed>disconnected shutdown #0: ending", State::Disconnected, {}},
            {Kind::Reconnect, "failed>reconnecting command #0 in 500ms: asked", State::Reconnecting, 5s}}});
}

TEST_CASE("failed with failed_retry_interval: the interval leads to one more attempt") {
    check({failed_with_interval,
           State::Failed,
           302s,
           {{Kind::Stop, "failed>disconnected command #0: paused", State::Disconnected, {}},
            {Kind::Shutdown, "failed>disconnected shutdown #0: ending", State::Disconnected, {}},
            {Kind::Reconnect, "failed>reconnecting command #0 in 500ms: asked", State::Reconnecting, 2500ms},
            {Kind::DueTick, "failed>connecting backoff_over #2\nopen", State::Connecting, 332s}}});
}

TEST_CASE("reconnecting, an attempt was deferred: no failure was counted, and the reason to attempt stands") {
    check({deferred,
           State::Reconnecting,
           8500ms,
           {{Kind::Stop, "reconnecting>disconnected command #0: paused", State::Disconnected, {}},
            {Kind::Shutdown, "reconnecting>disconnected shutdown #0: ending", State::Disconnected, {}},
            {Kind::Reconnect, "reconnecting>reconnecting command #1 in 1s: asked", State::Reconnecting, 2500ms},
            {Kind::DueTick, "reconnecting>connecting backoff_over #1\nopen", State::Connecting, 38500ms}}});
}

}  // namespace
