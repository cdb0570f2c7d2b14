#include "connection_tracker.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace fairlead;
using client::UpDown;

namespace {

struct Step {
    v1::ConnectionState previous;
    v1::ConnectionState state;
    UpDown change;
    std::optional<v1::Liveness> heartbeat{};  // instead of an event
};

struct Row {
    std::string name;
    std::vector<Step> steps;
};

constexpr auto kDisconnected = v1::CONNECTION_STATE_DISCONNECTED;
constexpr auto kConnecting = v1::CONNECTION_STATE_CONNECTING;
constexpr auto kConnected = v1::CONNECTION_STATE_CONNECTED;
constexpr auto kReconnecting = v1::CONNECTION_STATE_RECONNECTING;
constexpr auto kFailed = v1::CONNECTION_STATE_FAILED;
constexpr UpDown kNone{};
constexpr UpDown kUp{.came_up = true};
constexpr UpDown kDown{.went_down = true};
constexpr UpDown kBoth{.went_down = true, .came_up = true};

Step heartbeat(v1::Liveness liveness, UpDown change) {
    return {kDisconnected, kDisconnected, change, liveness};
}

UpDown apply(client::ConnectionTracker& tracker, const Step& step) {
    if (step.heartbeat) return tracker.on_heartbeat(*step.heartbeat);
    v1::ConnectionEvent event;
    event.set_previous(step.previous);
    event.set_state(step.state);
    return tracker.on_event(event);
}

}  // namespace

TEST_CASE("a connection comes up and goes down once for each change") {
    const std::vector<Row> rows = {
        {"a whole life",
         {{kDisconnected, kConnecting, kNone},
          {kConnecting, kConnected, kUp},
          {kConnected, kConnected, kNone},
          {kConnected, kDisconnected, kDown},
          {kDisconnected, kReconnecting, kNone},
          {kReconnecting, kConnecting, kNone},
          {kConnecting, kConnected, kUp}}},
        {"attempts that fail change nothing",
         {{kDisconnected, kConnecting, kNone}, {kConnecting, kReconnecting, kNone}, {kReconnecting, kFailed, kNone}}},
        {"a late joiner learns how things are without a change",
         {heartbeat(v1::LIVENESS_LIVE, kNone), {kConnected, kDisconnected, kDown}}},
        {"a late joiner without a heartbeat hears the loss", {{kConnected, kDisconnected, kDown}}},
        {"stale is still up", {{kConnecting, kConnected, kUp}, heartbeat(v1::LIVENESS_STALE, kNone)}},
        {"a heartbeat makes up for a lost event of loss",
         {{kConnecting, kConnected, kUp},
          heartbeat(v1::LIVENESS_DOWN, kDown),
          heartbeat(v1::LIVENESS_DOWN, kNone),
          {kConnected, kDisconnected, kNone}}},
        {"a heartbeat makes up for a lost event of return",
         {{kConnected, kDisconnected, kDown}, heartbeat(v1::LIVENESS_LIVE, kUp), {kConnecting, kConnected, kBoth}}},
        {"a later event makes up for a lost event of loss",
         {{kConnecting, kConnected, kUp}, {kReconnecting, kConnecting, kDown}}},
        {"a return after an unheard loss tells both",
         {{kConnecting, kConnected, kUp}, {kConnecting, kConnected, kBoth}}},
        {"a heartbeat that says nothing changes nothing",
         {{kConnecting, kConnected, kUp}, heartbeat(v1::LIVENESS_UNSPECIFIED, kNone)}},
    };
    for (const Row& row : rows) {
        client::ConnectionTracker tracker;
        for (std::size_t i = 0; i < row.steps.size(); ++i) {
            INFO(row.name, ", step ", i);
            CHECK(apply(tracker, row.steps[i]) == row.steps[i].change);
        }
    }
}
