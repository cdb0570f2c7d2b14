#include "alert/alerts.hpp"

#include "fake_http_client.hpp"
#include "world.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using alert::Alerts;
using alert::ChannelChange;
using core::AlertEdge;

namespace {

struct Stage : support::World {
    explicit Stage(config::AlertsConfig settings = {}) : config(std::move(settings)) {}

    static config::AlertsConfig with_webhook(core::AlertLevel level = core::AlertLevel::Info) {
        config::AlertsConfig config;
        config.channels["webhook"] = {.level = level, .url = config::SecretText("http://h/hook")};
        return config;
    }
    void edge(AlertEdge edge, unsigned failures = 0, const std::string& connection = "a") {
        alerts.on_edge(connection, {.edge = edge, .failures = failures});
    }
    std::vector<std::string> streamed(const std::string& connection = "a") const {
        std::vector<std::string> types;
        for (const auto& message : sink.of(v1::KIND_ALERT, "alert/" + connection + "/"))
            types.push_back(message.as<v1::Alert>().type());
        return types;
    }
    v1::AlertChannel channel(const std::string& name) const {
        v1::AlertChannels channels;
        alerts.describe(channels);
        for (const auto& entry : channels.channels())
            if (entry.channel() == name) return entry;
        return {};
    }
    ChannelChange set(const std::string& name, std::optional<bool> enabled, v1::AlertLevel level = {}) {
        v1::SetAlertChannel command;
        command.set_channel(name);
        if (enabled) command.set_enabled(*enabled);
        command.set_level(level);
        return alerts.set_channel(command);
    }

    config::AlertsConfig config;
    support::FakeHttpClient http;
    Alerts alerts{{publisher, log, {http, timers, clock, random}}, "host:1", config};
};

}  // namespace

TEST_CASE("an alert is on its connection's topic, without a number") {
    Stage stage;
    stage.edge(AlertEdge::Lost, 3);
    const auto messages = stage.sink.on("alert/a/");
    REQUIRE(messages.size() == 1);
    CHECK(messages[0].header.kind() == v1::KIND_ALERT);
    CHECK(messages[0].header.sequence() == 0);
    CHECK(messages[0].header.epoch() == 77);
    const auto told = messages[0].as<v1::Alert>();
    CHECK(told.type() == "connection_lost");
    CHECK(told.level() == v1::ALERT_LEVEL_WARNING);
    CHECK(told.connection() == "a");
    CHECK(told.time_ns() == messages[0].header.receive_time_ns());
    CHECK(told.time_ns() > 0);
    CHECK(told.text() == "connection lost");
}

TEST_CASE("the stream is told what begins, the log from warning on, and its end") {
    Stage stage;
    stage.edge(AlertEdge::Lost, 1);
    stage.edge(AlertEdge::AttemptFailed, 3);
    stage.edge(AlertEdge::Connected);
    CHECK(stage.streamed() == std::vector<std::string>{"connection_lost", "reconnect_failure", "reconnect_success"});
    CHECK(stage.log.lines == std::vector<std::string>{
                                 "a alert type=reconnect_failure alert_level=warning number=2 text=could not "
                                 "connect, 3 failures in a row",
                                 "a alert_resolved type=reconnect_failure alert_level=warning number=2 text=could not "
                                 "connect, 3 failures in a row"});
    CHECK(stage.channel("stream").delivered() == 3);
    CHECK(stage.channel("log").delivered() == 2);
}

TEST_CASE("the history says what was raised and what is over") {
    Stage stage;
    stage.edge(AlertEdge::Lost, 1);
    stage.clock.advance(2s);
    stage.edge(AlertEdge::Connected);
    stage.edge(AlertEdge::Lost, 1, "b");
    v1::Alerts alerts;
    stage.alerts.describe(alerts);
    REQUIRE(alerts.alerts_size() == 3);
    CHECK(alerts.raised() == 3);
    CHECK(alerts.alerts(0).resolved());
    CHECK(alerts.alerts(0).resolved_ns() == alerts.alerts(0).alert().time_ns() + 2'000'000'000);
    CHECK(alerts.alerts(1).alert().type() == "reconnect_success");
    CHECK(alerts.alerts(1).resolved());
    CHECK(alerts.alerts(1).resolved_ns() == alerts.alerts(1).alert().time_ns());
    CHECK_FALSE(alerts.alerts(2).resolved());
}

TEST_CASE("one that has become graver takes the place of the lesser one") {
    Stage stage;
    stage.edge(AlertEdge::AttemptFailed, 1);
    stage.edge(AlertEdge::AttemptFailed, 5);
    v1::Alerts alerts;
    stage.alerts.describe(alerts);
    REQUIRE(alerts.alerts_size() == 2);
    CHECK(alerts.alerts(0).resolved());
    CHECK(alerts.alerts(1).alert().level() == v1::ALERT_LEVEL_CRITICAL);
    CHECK_FALSE(alerts.alerts(1).resolved());
}

TEST_CASE("a channel takes what reaches its level, and nothing when it is off; the history has it all the same") {
    Stage stage;
    CHECK(stage.set("stream", std::nullopt, v1::ALERT_LEVEL_CRITICAL) == ChannelChange::Done);
    stage.edge(AlertEdge::AttemptFailed, 4);
    CHECK(stage.streamed().empty());
    stage.edge(AlertEdge::AttemptFailed, 5);
    CHECK(stage.streamed().size() == 1);
    CHECK(stage.set("stream", false) == ChannelChange::Done);
    stage.edge(AlertEdge::GaveUp, 5);
    CHECK(stage.streamed().size() == 1);
    CHECK(stage.set("stream", true) == ChannelChange::Done);
    CHECK(stage.channel("stream").level() == v1::ALERT_LEVEL_CRITICAL);
    CHECK(stage.alerts.raised() == 3);
}

TEST_CASE("a channel that is not there cannot be set, a webhook is there where it is configured") {
    Stage stage;
    CHECK(stage.set("email", true) == ChannelChange::Unknown);
    CHECK(stage.set("webhook", true) == ChannelChange::NotConfigured);
    CHECK(stage.channel("webhook").channel().empty());
    stage.alerts.configure(Stage::with_webhook());
    CHECK(stage.set("webhook", false) == ChannelChange::Done);
    CHECK_FALSE(stage.channel("webhook").enabled());
    CHECK(stage.channel("webhook").capacity() == 1000);
}

TEST_CASE("the configuration, loaded again, overrules what commands have set") {
    Stage stage(Stage::with_webhook());
    stage.set("stream", false);
    stage.set("log", std::nullopt, v1::ALERT_LEVEL_CRITICAL);
    stage.edge(AlertEdge::Lost, 1);
    auto config = stage.config;
    config.history = 0;
    stage.alerts.configure(config);
    CHECK(stage.channel("stream").enabled());
    CHECK(stage.channel("log").level() == v1::ALERT_LEVEL_WARNING);
    CHECK(stage.http.open() == 1);
    v1::Alerts alerts;
    stage.alerts.describe(alerts);
    CHECK(alerts.alerts_size() == 0);
    CHECK(alerts.forgotten() == 1);
    config.channels.erase("webhook");
    stage.alerts.configure(config);
    CHECK(stage.http.open() == 0);
    CHECK(stage.set("webhook", true) == ChannelChange::NotConfigured);
    stage.edge(AlertEdge::Connected);  // must not reach what has gone
}

TEST_CASE("a webhook is told beginnings and ends, from its level on") {
    Stage stage(Stage::with_webhook(core::AlertLevel::Warning));
    stage.edge(AlertEdge::Lost, 1);
    CHECK(stage.http.open() == 0);
    stage.edge(AlertEdge::AttemptFailed, 3);
    REQUIRE(stage.http.open() == 1);
    CHECK(stage.http.request().body.find("\"type\":\"reconnect_failure\"") != std::string::npos);
    stage.http.answer(200);
    stage.edge(AlertEdge::Connected);
    CHECK(stage.http.request().body.find("\"resolved\":true") != std::string::npos);
    CHECK(stage.http.request().body.find("reconnect_success") == std::string::npos);
    stage.http.answer(404);
    CHECK(stage.channel("webhook").delivered() == 1);
    CHECK(stage.channel("webhook").failed() == 1);
    CHECK(stage.channel("webhook").last_error() == "it answered 404");
}

TEST_CASE("an Alertmanager hears again what reaches the level of the channel, while it is on") {
    auto config = Stage::with_webhook();
    config.channels["webhook"].format = config::WebhookFormat::Alertmanager;
    Stage stage(config);
    stage.edge(AlertEdge::Lost, 1);
    stage.edge(AlertEdge::AttemptFailed, 5);
    while (stage.http.open() > 0)
        stage.http.answer(200);
    stage.set("webhook", true, v1::ALERT_LEVEL_CRITICAL);
    stage.timers.advance(1min);
    REQUIRE(stage.http.open() == 1);
    CHECK(stage.http.request().body.find("reconnect_failure") != std::string::npos);
    CHECK(stage.http.request().body.find("connection_lost") == std::string::npos);
    stage.http.answer(200);
    stage.set("webhook", false);
    stage.timers.advance(1min);
    CHECK(stage.http.open() == 0);
}

TEST_CASE("a text is bounded, between characters") {
    Stage stage;
    std::string detail;
    for (int i = 0; i < 1000; ++i)
        detail += "\xc3\xa4";
    stage.alerts.on_edge("a", {.edge = AlertEdge::Lost, .detail = detail});
    const auto text = stage.sink.on("alert/a/")[0].as<v1::Alert>().text();
    CHECK(text.size() <= Alerts::kMaxTextBytes);
    CHECK(text.ends_with("\xc3\xa4"));
}
