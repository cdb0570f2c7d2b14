#include "core/alert_rules.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead::core;

namespace {

using Edge = AlertEdge;
using Told = std::vector<std::string>;

// Rules, and a clock that moves when told.
struct Life {
    AlertRules rules;
    SteadyTime now{1h};

    // What is to be done, as texts: "+ type level", "! type level" for an event, "- type".
    Told step(const AlertInput& input) {
        Told told;
        for (const auto& action : rules.step(input, now)) {
            last_text = action.text;
            auto line = std::string(action.what == AlertAction::What::Raise     ? "+ "
                                    : action.what == AlertAction::What::Resolve ? "- "
                                                                                : "! ") +
                        std::string(to_string(action.type));
            if (action.what != AlertAction::What::Resolve) line += " " + std::string(to_string(action.level));
            if (!action.subject.empty()) line += " " + action.subject;
            told.push_back(line);
        }
        return told;
    }
    Told step(Edge edge, unsigned failures = 0, const std::string& subject = "") {
        return step({.edge = edge, .subject = subject, .failures = failures});
    }
    std::string last_text;
};

}  // namespace

TEST_CASE("the life of a connection, edge by edge") {
    struct Row {
        Edge edge;
        unsigned failures;
        Told told;
    };
    const std::vector<Row> rows = {
        {Edge::AttemptBegins, 0, {}},  // the first attempt is no attempt to come back
        {Edge::Connected, 0, {}},
        {Edge::Lost, 1, {"+ connection_lost info"}},
        {Edge::AttemptBegins, 1, {"+ reconnect_attempt info"}},
        {Edge::AttemptFailed, 2, {"+ reconnect_failure info"}},
        {Edge::AttemptBegins, 2, {}},  // stands already
        {Edge::AttemptFailed, 3, {"+ reconnect_failure warning"}},
        {Edge::AttemptFailed, 4, {}},
        {Edge::AttemptFailed, 5, {"+ reconnect_failure critical"}},
        {Edge::AttemptFailed, 6, {}},
        {Edge::GaveUp, 7, {"- reconnect_attempt", "+ max_retries_exceeded critical"}},
        {Edge::AttemptBegins, 7, {}},  // after failed_retry_interval
        {Edge::GaveUp, 8, {}},
        {Edge::AttemptBegins, 0, {}},
        {Edge::Connected,
         0,
         {"- connection_lost", "- max_retries_exceeded", "- reconnect_failure", "! reconnect_success info"}},
        {Edge::Connected, 0, {}},
        {Edge::Closed, 0, {}},
    };
    Life life;
    for (const auto& row : rows) {
        CAPTURE(static_cast<int>(row.edge));
        CAPTURE(row.failures);
        CHECK(life.step(row.edge, row.failures) == row.told);
    }
}

TEST_CASE("each level begins at its threshold, whichever is lower") {
    const auto level_of = [](unsigned failures, AlertThresholds thresholds) {
        AlertRules rules;
        const auto actions =
            rules.step({.edge = Edge::Lost, .failures = failures, .thresholds = thresholds}, SteadyTime{1h});
        REQUIRE(actions.size() == 1);
        return actions[0].level;
    };
    CHECK(level_of(0, {3, 5}) == AlertLevel::Info);
    CHECK(level_of(2, {3, 5}) == AlertLevel::Info);
    CHECK(level_of(3, {3, 5}) == AlertLevel::Warning);
    CHECK(level_of(4, {3, 5}) == AlertLevel::Warning);
    CHECK(level_of(5, {3, 5}) == AlertLevel::Critical);
    CHECK(level_of(3, {5, 3}) == AlertLevel::Critical);
    CHECK(level_of(1, {1, 1}) == AlertLevel::Critical);
}

TEST_CASE("an end of every kind of trouble is told once, and a second one is nothing") {
    struct Row {
        Edge begin;
        std::string subject;
        Told raised;
        Edge end;
        Told over;
    };
    const std::vector<Row> rows = {
        {Edge::Lost,
         "",
         {"+ connection_lost info"},
         Edge::Connected,
         {"- connection_lost", "! reconnect_success info"}},
        {Edge::Lost, "", {"+ connection_lost info"}, Edge::Closed, {"- connection_lost"}},
        {Edge::AttemptFailed,
         "",
         {"+ reconnect_failure info"},
         Edge::Connected,
         {"- reconnect_failure", "! reconnect_success info"}},
        {Edge::AttemptFailed, "", {"+ reconnect_failure info"}, Edge::Stopped, {"- reconnect_failure"}},
        {Edge::GaveUp, "", {"+ max_retries_exceeded critical"}, Edge::Closed, {"- max_retries_exceeded"}},
        {Edge::GaveUp, "", {"+ max_retries_exceeded critical"}, Edge::Stopped, {"- max_retries_exceeded"}},
        {Edge::StaleBegins, "", {"+ stale_data warning"}, Edge::StaleEnds, {"- stale_data"}},
        {Edge::StaleBegins, "", {"+ stale_data warning"}, Edge::Lost, {"- stale_data", "+ connection_lost info"}},
        {Edge::Rejected,
         "a@trade",
         {"+ subscription_rejected warning a@trade"},
         Edge::Accepted,
         {"- subscription_rejected a@trade"}},
        {Edge::Rejected,
         "a@trade",
         {"+ subscription_rejected warning a@trade"},
         Edge::Closed,
         {"- subscription_rejected a@trade"}},
    };
    for (const auto& row : rows) {
        CAPTURE(static_cast<int>(row.begin));
        CAPTURE(static_cast<int>(row.end));
        Life life;
        CHECK(life.step(row.begin, 0, row.subject) == row.raised);
        CHECK(life.step(row.begin, 0, row.subject).empty());  // stands
        CHECK(life.step(row.end, 0, row.subject) == row.over);
        if (row.end != Edge::Lost) CHECK(life.step(row.end, 0, row.subject).empty());
    }
}

TEST_CASE("an end without a beginning is nothing") {
    for (const auto edge :
         {Edge::AttemptBegins, Edge::Connected, Edge::Stopped, Edge::Closed, Edge::StaleEnds, Edge::Accepted}) {
        CAPTURE(static_cast<int>(edge));
        Life life;
        CHECK(life.step(edge).empty());
    }
}

TEST_CASE("missing messages are an event: told each time, with the topic") {
    Life life;
    CHECK(life.step(Edge::Gap, 0, "data/a/x/") == Told{"! upstream_gap warning data/a/x/"});
    CHECK(life.last_text.find("data/a/x/") != std::string::npos);
    CHECK(life.step(Edge::Gap, 0, "data/a/x/") == Told{"! upstream_gap warning data/a/x/"});
}

TEST_CASE("several sockets make one alert, which ends with the last of them") {
    Life life;
    CHECK(life.step(Edge::AttemptFailed, 1, "0.0") == Told{"+ reconnect_failure info"});
    CHECK(life.step(Edge::AttemptFailed, 1, "0.1").empty());
    CHECK(life.step(Edge::AttemptBegins, 1, "0.1") == Told{"+ reconnect_attempt info"});
    CHECK(life.step(Edge::AttemptFailed, 5, "0.1") == Told{"+ reconnect_failure critical"});
    CHECK(life.step(Edge::GaveUp, 5, "0.1") == Told{"+ max_retries_exceeded critical"});  // the other still tries
    CHECK(life.step(Edge::Connected, 0, "0.0").empty());
    CHECK(life.step(Edge::Connected, 0, "0.1") ==
          Told{"- max_retries_exceeded", "- reconnect_attempt", "- reconnect_failure", "! reconnect_success info"});
}

TEST_CASE("a connection of several sockets is back with the first, the others stay in trouble") {
    Life life;
    life.step(Edge::AttemptFailed, 1, "0.0");
    life.step(Edge::Lost, 1, "0.1");
    CHECK(life.step(Edge::Connected, 0, "0.1") == Told{"- connection_lost", "! reconnect_success info"});
    CHECK(life.step(Edge::Connected, 0, "0.0") == Told{"- reconnect_failure", "! reconnect_success info"});
}

TEST_CASE("a connection that flaps is told five times at once, then once a minute, and the rest is counted") {
    Life life;
    int lost = 0;
    const auto flap = [&] {
        for (const auto& told : life.step(Edge::Lost, 1))
            lost += told == "+ connection_lost info" ? 1 : 0;
        for (const auto& told : life.step(Edge::Connected))
            CHECK(told[0] != '+');
    };
    for (int i = 0; i < 100; ++i)
        flap();
    CHECK(lost == 5);
    for (int i = 0; i < 600; ++i) {
        life.now += 1s;
        flap();
    }
    CHECK(lost == 15);
    flap();
    flap();
    life.now += 1min;
    life.step(Edge::Lost, 1);
    CHECK(life.last_text.find("(2 more of these before were not told)") != std::string::npos);
    life.now += 1h;
    life.step(Edge::Connected);
    life.step(Edge::Lost, 1);
    CHECK(life.last_text.find("not told") == std::string::npos);
}

TEST_CASE("a graver level has a limit of its own, and what stands untold is told when there is room") {
    Life life;
    for (int i = 0; i < 5; ++i) {
        life.step(Edge::Lost, 1);
        life.step(Edge::Connected);
    }
    CHECK(life.step(Edge::Lost, 1).empty());
    CHECK(life.step(Edge::AttemptFailed, 5) == Told{"+ reconnect_failure critical"});
    life.now += 1min;
    CHECK(life.step(Edge::AttemptFailed, 6) == Told{"+ connection_lost info"});  // stands still, and is told now
    CHECK(life.step(Edge::Connected) == Told{"- connection_lost", "- reconnect_failure", "! reconnect_success info"});
}

TEST_CASE("what stands is bounded") {
    Life life;
    std::size_t raised = 0;
    for (std::size_t i = 0; i < 2 * AlertRules::kMaxSubjects; ++i) {
        life.now += 1min;
        raised += life.step(Edge::Rejected, 0, std::to_string(i)).size();
    }
    CHECK(raised == AlertRules::kMaxSubjects);
    CHECK(life.step(Edge::Closed).size() == AlertRules::kMaxSubjects);
}

TEST_CASE("the text says once what happened, and why") {
    struct Row {
        AlertInput input;
        std::string text;
    };
    const std::string why = "closed by the venue: 1008 policy violation";
    const std::vector<Row> rows = {
        {{.edge = Edge::Lost, .detail = why}, "connection lost: closed by the venue: 1008 policy violation"},
        {{.edge = Edge::AttemptBegins, .attempt = 2}, "attempt 2 to connect again"},
        {{.edge = Edge::AttemptBegins, .subject = "0.1", .attempt = 2}, "socket 0.1: attempt 2 to connect again"},
        {{.edge = Edge::AttemptFailed, .detail = "refused", .failures = 1}, "could not connect: refused"},
        {{.edge = Edge::AttemptFailed, .detail = "refused", .failures = 4},
         "could not connect, 4 failures in a row: refused"},
        {{.edge = Edge::AttemptFailed, .subject = "0.1", .detail = "refused", .failures = 2},
         "socket 0.1: could not connect, 2 failures in a row: refused"},
        {{.edge = Edge::GaveUp, .detail = "gave up after 3 retries: refused", .failures = 4},
         "gave up after 3 retries: refused"},
        {{.edge = Edge::GaveUp, .subject = "0.1", .failures = 4}, "socket 0.1: gave up"},
        {{.edge = Edge::Connected, .detail = "1.2.3.4:443, 3s after the loss"},
         "connected again: 1.2.3.4:443, 3s after the loss"},
        {{.edge = Edge::StaleBegins, .detail = "none for 5s, half of stale_after"},
         "connected, but no data: none for 5s, half of stale_after"},
        {{.edge = Edge::Rejected, .subject = "a@trade", .detail = "no such symbol"},
         "a@trade is not subscribed: no such symbol"},
        {{.edge = Edge::Gap, .subject = "data/a/x/", .detail = "the venue's own numbers show it"},
         "gap in data/a/x/: the venue's own numbers show it"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.text);
        Life life;
        const bool is_about_a_return = row.input.edge == Edge::AttemptBegins || row.input.edge == Edge::Connected;
        if (is_about_a_return) life.step(Edge::Lost, 1);
        life.step(row.input);
        CHECK(life.last_text == row.text);
    }
}
