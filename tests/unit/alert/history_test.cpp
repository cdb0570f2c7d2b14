#include "alert/history.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using alert::History;
using alert::Record;
using core::AlertLevel;
using core::AlertType;

namespace {

Record record(const std::string& connection, AlertLevel level = AlertLevel::Info, core::Duration raised = 1s,
              AlertType type = AlertType::ConnectionLost) {
    return {.type = type, .level = level, .connection = connection, .text = "text", .raised = core::WallTime{raised}};
}

std::vector<std::uint64_t> numbers(const History& history, const v1::ListAlerts& query = {}) {
    v1::Alerts alerts;
    history.select(query, alerts);
    std::vector<std::uint64_t> found;
    for (const auto& entry : alerts.alerts())
        found.push_back(entry.number());
    return found;
}

}  // namespace

TEST_CASE("alerts are numbered from 1, the oldest makes room and is counted") {
    History history(2);
    for (const auto* connection : {"a", "b", "c"})
        history.add(record(connection));
    CHECK(numbers(history) == std::vector<std::uint64_t>{2, 3});
    CHECK(history.raised() == 3);
    CHECK(history.forgotten() == 1);
    history.resize(1);
    CHECK(numbers(history) == std::vector<std::uint64_t>{3});
    history.resize(10);
    history.add(record("d"));
    CHECK(numbers(history) == std::vector<std::uint64_t>{3, 4});
}

TEST_CASE("a query filters by connection, level and time, and takes the latest") {
    History history(100);
    history.add(record("a", AlertLevel::Info, 1s));
    history.add(record("b", AlertLevel::Warning, 2s));
    history.add(record("a", AlertLevel::Critical, 3s));
    history.add(record("a", AlertLevel::Warning, 4s));
    v1::ListAlerts query;
    query.set_connection("a");
    CHECK(numbers(history, query) == std::vector<std::uint64_t>{1, 3, 4});
    query.set_min_level(v1::ALERT_LEVEL_WARNING);
    CHECK(numbers(history, query) == std::vector<std::uint64_t>{3, 4});
    query.set_limit(1);
    CHECK(numbers(history, query) == std::vector<std::uint64_t>{4});
    v1::ListAlerts since;
    since.set_since_ns(2'000'000'000);
    CHECK(numbers(history, since) == std::vector<std::uint64_t>{3, 4});
}

TEST_CASE("what stands is resolved where it is listed, also when the list has forgotten it") {
    History history(1);
    history.add(record("a"));
    history.add(record("b"));
    CHECK(history.standing().size() == 2);
    const Record* forgotten = history.resolve("a", AlertType::ConnectionLost, "", core::WallTime{5s});
    REQUIRE(forgotten);
    CHECK(forgotten->number == 1);
    CHECK(forgotten->resolved == core::WallTime{5s});
    v1::Alerts standing;
    history.select({}, standing);
    REQUIRE(standing.alerts_size() == 1);
    CHECK_FALSE(standing.alerts(0).resolved());  // b, which is another one
    CHECK(history.resolve("a", AlertType::ConnectionLost, "", core::WallTime{6s}) == nullptr);
    REQUIRE(history.resolve("b", AlertType::ConnectionLost, "", core::WallTime{7s}));
    v1::Alerts alerts;
    history.select({}, alerts);
    REQUIRE(alerts.alerts_size() == 1);
    CHECK(alerts.alerts(0).resolved());
    CHECK(alerts.alerts(0).resolved_ns() == 7'000'000'000);
    CHECK(alerts.alerts(0).alert().type() == "connection_lost");
    CHECK(alerts.alerts(0).alert().time_ns() == 1'000'000'000);
    CHECK(history.standing().empty());
}

TEST_CASE("types and subjects stand beside each other, and events do not stand") {
    History history(0);
    auto rejected = record("a", AlertLevel::Warning, 1s, AlertType::SubscriptionRejected);
    rejected.subject = "x";
    history.add(rejected);
    rejected.subject = "y";
    history.add(rejected);
    history.add(record("a"));
    auto event = record("a", AlertLevel::Info, 1s, AlertType::ReconnectSuccess);
    event.resolved = event.raised;
    history.add(event);
    CHECK(history.standing().size() == 3);
    CHECK(history.resolve("a", AlertType::SubscriptionRejected, "y", core::WallTime{2s})->number == 2);
    CHECK(history.standing().size() == 2);
    CHECK(numbers(history).empty());
    CHECK(history.forgotten() == 4);
}

TEST_CASE("a list is bounded in bytes: the newest are in it") {
    History history(10'000);
    auto large = record("a");
    large.text = std::string(500, 'x');
    for (int i = 0; i < 10'000; ++i)
        history.add(large);
    v1::Alerts alerts;
    history.select({}, alerts);
    CHECK(alerts.ByteSizeLong() <= History::kMaxListedBytes);
    CHECK(alerts.alerts_size() > 1'500);
    CHECK(alerts.alerts().rbegin()->number() == 10'000);
}
