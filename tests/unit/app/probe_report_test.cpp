// What a probe makes of what it saw: the verdict, the table, and what is never shown.
#include "app/probe_report.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <string>

using namespace std::chrono_literals;
using namespace fairlead;
using core::SubscriptionState;

namespace {

app::ProbeReport report_with(SubscriptionState state) {
    app::ProbeReport report{.connection = "a", .profile = "okx", .length = 10s, .opened = 100ms, .is_connected = true};
    report.subscriptions.push_back({.name = "books:BTC", .state = state});
    return report;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a probe is in order when every subscription flows or is acknowledged") {
    CHECK(app::judge(report_with(SubscriptionState::Flowing)).is_good);
    CHECK(app::judge(report_with(SubscriptionState::Acknowledged)).is_good);
    for (const auto state :
         {SubscriptionState::Pending, SubscriptionState::Sent, SubscriptionState::Stale, SubscriptionState::Rejected})
        CHECK_FALSE(app::judge(report_with(state)).is_good);
    auto report = report_with(SubscriptionState::Flowing);
    report.subscriptions.push_back({.name = "x:y", .state = SubscriptionState::Rejected, .detail = "no such thing"});
    const auto verdict = app::judge(report);
    CHECK_FALSE(verdict.is_good);
    CHECK(verdict.text == "1 of 2 subscriptions not in order: x:y is rejected: no such thing");
}

TEST_CASE("a probe that does not hold its connection fails, with the reason") {
    auto report = report_with(SubscriptionState::Flowing);
    report.is_connected = false;
    report.last_problem = "peer_closed: maintenance";
    CHECK(app::judge(report).text == "not connected at the end: peer_closed: maintenance");
    report.opened.reset();
    CHECK(app::judge(report).text == "never connected: peer_closed: maintenance");
    CHECK_FALSE(app::judge(report).is_good);
}

TEST_CASE("a text that is sent blindly is in order once any data has come") {
    auto report = report_with(SubscriptionState::Sent);
    report.texts_are_sent_blindly = true;
    CHECK_FALSE(app::judge(report).is_good);
    report.channels.push_back({.name = "all", .first_data = 1s, .messages = 1, .bytes = 5});
    CHECK(app::judge(report).is_good);
    report.texts_are_sent_blindly = false;
    CHECK_FALSE(app::judge(report).is_good);
}

TEST_CASE("the table tells times from the sending, the rate and the venue's pings") {
    auto report = report_with(SubscriptionState::Flowing);
    auto& entry = report.subscriptions.front();
    entry.sent = 500ms;
    entry.acknowledged = 750ms;
    entry.first_data = 2s;
    entry.messages = 40;
    report.venue_pings = 3;
    report.pings = {1s, 3s, 6s};
    report.round_trip = 1500us;
    const auto text = app::to_text(report);
    CAPTURE(text);
    CHECK(has(text, " 0.250s "));
    CHECK(has(text, " 1.500s "));
    CHECK(has(text, " 5.0 "));
    CHECK(has(text, "venue pings: 3, every 2.500s (shortest 2.000s, longest 3.000s); our round trip: 1.500 ms"));
    CHECK(has(text, "verdict: in order: "));
    const auto json = nlohmann::json::parse(app::to_json(report));
    CHECK(json["good"] == true);
    CHECK(json["subscriptions"][0]["rate"] == 5.0);
    CHECK(json["subscriptions"][0]["acknowledged"] == 0.75);
    CHECK(json["venue_pings"]["longest_spacing"] == 3.0);
}

TEST_CASE("an event leaves out what is empty, and survives any bytes") {
    const app::ProbeEvent event{.at = 1234ms, .name = "open", .fields = {{"tls", ""}, {"endpoint", "\xff:9"}}};
    CHECK(has(app::to_text(event), "1.234s  open"));
    CHECK_FALSE(has(app::to_text(event), "tls"));
    const auto json = nlohmann::json::parse(app::to_json(event));
    CHECK(json["event"] == "open");
    CHECK_FALSE(json.contains("tls"));
}

TEST_CASE("secrets are blotted out, also as JSON writes them, the longer one first") {
    app::Redaction redaction;
    redaction.add("abcd");
    redaction.add("abcdefgh");
    redaction.add("quo\"ted");
    redaction.add("****");
    redaction.add("abc");  // too short
    CHECK(redaction.apply("abcdefgh abcd abc") == "*** *** abc");
    CHECK(redaction.apply(R"({"key":"quo\"ted"})") == R"({"key":"***"})");
    CHECK(redaction.apply("abcdabcd").find("abcd") == std::string::npos);
}

TEST_CASE("an excerpt is one line of valid text, cut between characters") {
    CHECK(app::excerpt("a\nb\x7f") == "a b?");
    CHECK(app::excerpt("\xff\xfe") == "??");
    CHECK(app::excerpt("aé", 2) == "a…");
    CHECK(app::excerpt("abc", 3) == "abc");
}
