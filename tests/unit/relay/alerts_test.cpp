// Which edges a connection tells to whoever makes alerts of them.
#include "live_connection.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using core::AlertEdge;
using core::AlertInput;

namespace {

struct RecordingAlerts final : seam::AlertSink {
    void on_edge(const std::string& connection, const AlertInput& input) override {
        CHECK(connection == "demo");
        inputs.push_back(input);
    }
    std::vector<AlertEdge> take() {
        std::vector<AlertEdge> edges;
        for (const auto& input : std::exchange(inputs, {}))
            edges.push_back(input.edge);
        return edges;
    }
    std::vector<AlertInput> inputs;
};

using Edges = std::vector<AlertEdge>;

struct Stage : support::World {
    explicit Stage(const config::ConnectionConfig& config) {
        services.alerts = &alerts;
        connection = std::make_unique<relay::Connection>(config, services);
        connection->start();
    }
    void accept() {
        venue.last().accept();
        venue.last().drain();
    }
    RecordingAlerts alerts;
    std::unique_ptr<relay::Connection> connection;
};

config::ConnectionConfig with_retries(unsigned retries) {
    auto config = support::numbered_config();
    config.network.max_retries = retries;
    config.network.alert_threshold = 2;
    config.network.max_consecutive_failures = 4;
    return config;
}

}  // namespace

TEST_CASE("an outage: every edge, with the failures in a row and the thresholds of the connection") {
    Stage stage(with_retries(3));
    stage.accept();
    CHECK(stage.alerts.take() == Edges{AlertEdge::AttemptBegins, AlertEdge::Connected});
    stage.timers.advance(1min);  // it was stable
    stage.venue.last().end({.cause = core::Cause::ConnectionLost, .detail = "reset"});
    REQUIRE(stage.alerts.inputs.size() == 1);
    CHECK(stage.alerts.inputs[0].failures == 1);
    CHECK(stage.alerts.inputs[0].thresholds.warning == 2);
    CHECK(stage.alerts.inputs[0].thresholds.critical == 4);
    CHECK(stage.alerts.inputs[0].detail == "reset");
    CHECK(stage.alerts.inputs[0].subject.empty());
    CHECK(stage.alerts.take() == Edges{AlertEdge::Lost});
    stage.timers.advance(2s);
    stage.venue.last().end({.cause = core::Cause::ConnectFailed});
    REQUIRE(stage.alerts.inputs.size() == 2);
    CHECK(stage.alerts.inputs[1].failures == 2);
    CHECK(stage.alerts.take() == Edges{AlertEdge::AttemptBegins, AlertEdge::AttemptFailed});
    stage.timers.advance(3s);
    stage.accept();
    REQUIRE(stage.alerts.inputs.size() == 2);
    CHECK(stage.alerts.inputs[1].detail == "127.0.0.1:9, 5s after the loss");
    CHECK(stage.alerts.take() == Edges{AlertEdge::AttemptBegins, AlertEdge::Connected});
}

TEST_CASE("giving up is told, and coming back by command") {
    Stage stage(with_retries(1));
    stage.venue.last().end({.cause = core::Cause::ConnectFailed});
    stage.timers.advance(2s);
    stage.venue.last().end({.cause = core::Cause::ConnectFailed});
    CHECK(stage.alerts.take() ==
          Edges{AlertEdge::AttemptBegins, AlertEdge::AttemptFailed, AlertEdge::AttemptBegins, AlertEdge::GaveUp});
    stage.connection->reconnect(/*hard=*/true);
    stage.timers.advance(2s);
    stage.accept();
    const auto edges = stage.alerts.take();
    REQUIRE_FALSE(edges.empty());
    CHECK(edges.back() == AlertEdge::Connected);
}

TEST_CASE("what was commanded is no loss") {
    Stage stage(with_retries(3));
    stage.accept();
    stage.timers.advance(1min);
    stage.alerts.take();
    stage.connection->reconnect(/*hard=*/true);
    stage.timers.advance(2s);
    stage.accept();
    for (const auto edge : stage.alerts.take())
        CHECK(edge != AlertEdge::Lost);
    stage.connection->pause();
    const auto edges = stage.alerts.take();
    REQUIRE_FALSE(edges.empty());
    CHECK(edges.back() == AlertEdge::Closed);
    for (const auto edge : edges)
        CHECK(edge != AlertEdge::Lost);
}

TEST_CASE("silence begins and ends") {
    auto config = with_retries(3);
    config.stale_after = 10s;
    Stage stage(config);
    stage.accept();
    stage.alerts.take();
    stage.timers.advance(6s);
    stage.connection->tick();
    stage.connection->tick();
    CHECK(stage.alerts.take() == Edges{AlertEdge::StaleBegins});
    stage.venue.last().say(R"({"s":"A","t":1})");
    stage.connection->tick();
    CHECK(stage.alerts.take() == Edges{AlertEdge::StaleEnds});
}

TEST_CASE("a hole in the venue's numbers names the topic") {
    Stage stage(with_retries(3));
    stage.accept();
    stage.alerts.take();
    stage.venue.last().say(R"({"s":"A","t":1})");
    stage.venue.last().say(R"({"s":"A","t":2})");
    CHECK(stage.alerts.take().empty());
    stage.venue.last().say(R"({"s":"A","t":5})");
    REQUIRE(stage.alerts.inputs.size() == 1);
    CHECK(stage.alerts.inputs[0].edge == AlertEdge::Gap);
    CHECK(stage.alerts.inputs[0].subject == "data/demo/A/");
}

TEST_CASE("of two legs the death of one is no loss, that of both is") {
    auto config = with_retries(0);
    config.legs = 2;
    Stage stage(config);
    stage.venue.at(0).accept();
    stage.venue.at(1).accept();
    stage.alerts.take();
    stage.venue.at(0).end({.cause = core::Cause::ConnectionLost});
    for (const auto& input : stage.alerts.inputs)
        CHECK(input.edge != AlertEdge::Lost);
    stage.alerts.take();
    stage.venue.at(1).end({.cause = core::Cause::ConnectionLost});
    REQUIRE_FALSE(stage.alerts.inputs.empty());
    CHECK(stage.alerts.inputs[0].edge == AlertEdge::Lost);
    CHECK(stage.alerts.inputs[0].subject == "0.1");
}

TEST_CASE("an attempt that the venue's limit puts off has not failed") {
    struct UsedUp final : seam::Budget {
        std::optional<core::Duration> take(std::string_view, unsigned, core::Duration) override {
            if (refusals == 0) return std::nullopt;
            --refusals;
            return core::Duration{5s};
        }
        int refusals = 0;
    } budget;
    auto config = with_retries(3);
    config.venue.limits.connections = {.count = 1, .per = 5s};
    Stage stage(config);
    stage.services.budget = &budget;
    stage.accept();
    stage.timers.advance(1min);
    stage.alerts.take();
    budget.refusals = 2;
    stage.venue.last().end({.cause = core::Cause::ConnectionLost});
    stage.timers.advance(7s);
    CHECK(budget.refusals == 0);
    CHECK(stage.alerts.take() == Edges{AlertEdge::Lost, AlertEdge::AttemptBegins, AlertEdge::AttemptBegins});
    stage.timers.advance(5s);
    stage.accept();
    CHECK(stage.alerts.take() == Edges{AlertEdge::AttemptBegins, AlertEdge::Connected});
    v1::Connections list;
    stage.connection->describe(list);
    CHECK(list.connections(0).reconnects_succeeded() == 1);
    CHECK(list.connections(0).reconnects_failed() == 0);
}
