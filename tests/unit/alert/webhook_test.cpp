#include "alert/webhook.hpp"

#include "fake_http_client.hpp"
#include "fake_time.hpp"
#include "recorders.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using alert::Record;
using alert::Webhook;

namespace {

struct Stage {
    explicit Stage(config::WebhookFormat format = config::WebhookFormat::Json, unsigned queue = 1000) {
        config.url = config::SecretText("http://h/hook");
        config.format = format;
        config.queue = queue;
        webhook.emplace(alert::WebhookServices{http, timers, clock, random}, "host:1", config,
                        [this] { return standing; });
    }
    Record record(const std::string& text) const { return {.connection = "a", .text = text, .raised = clock.wall()}; }
    void push(const std::string& text) { webhook->push(record(text)); }
    bool asks_for(const std::string& text) const { return http.request().body.find(text) != std::string::npos; }

    support::FakeClock clock;
    support::FakeTimers timers{clock};
    support::FixedRandom random;
    support::FakeHttpClient http;
    config::AlertChannelConfig config;
    std::vector<Record> standing;
    std::optional<Webhook> webhook;
};

}  // namespace

TEST_CASE("an alert is sent at once, those that come meanwhile follow in one batch") {
    Stage stage;
    stage.push("first");
    REQUIRE(stage.http.open() == 1);
    CHECK(stage.http.request().method == "POST");
    CHECK(stage.http.request().url == "http://h/hook");
    CHECK(stage.http.request().timeout == Webhook::kTimeout);
    CHECK(stage.asks_for("first"));
    stage.push("second");
    stage.push("third");
    CHECK(stage.http.open() == 1);  // one at a time
    CHECK(stage.webhook->queued() == 3);
    stage.http.answer(200);
    CHECK(stage.webhook->counters().delivered == 1);
    CHECK(stage.asks_for("second"));
    CHECK(stage.asks_for("third"));
    stage.http.answer(204);
    CHECK(stage.webhook->counters().delivered == 3);
    CHECK(stage.webhook->queued() == 0);
    CHECK(stage.http.open() == 0);
}

TEST_CASE("a server that fails is asked again, ever more rarely, with the same alerts") {
    Stage stage;
    stage.push("one");
    const std::vector<seam::HttpAnswer> failures = {
        {.error = "connection refused"}, {.status = 500}, {.status = 503}, {.status = 408}, {.status = 429}};
    core::Duration wait = 1s;
    for (const auto& failure : failures) {
        stage.http.answer(failure);
        CHECK(stage.http.open() == 0);
        CHECK_FALSE(stage.webhook->last_error().empty());
        stage.timers.advance(wait - 1ms);
        CHECK(stage.http.open() == 0);
        stage.timers.advance(1ms);
        REQUIRE(stage.http.open() == 1);
        CHECK(stage.asks_for("one"));
        wait *= 2;
    }
    CHECK(stage.webhook->last_error() == "it answered 429");
    stage.http.answer(200);
    CHECK(stage.webhook->counters().delivered == 1);
    CHECK(stage.webhook->counters().failed == 0);
    CHECK(stage.webhook->last_error().empty());
    stage.push("two");
    stage.http.answer(500);
    stage.timers.advance(1s);  // the waiting begins anew
    CHECK(stage.http.open() == 1);
}

TEST_CASE("a server that names a time is asked after it, within reason") {
    Stage stage;
    stage.push("one");
    stage.http.answer({.status = 503, .retry_after = 30s});
    stage.timers.advance(29s);
    CHECK(stage.http.open() == 0);
    stage.timers.advance(1s);
    REQUIRE(stage.http.open() == 1);
    stage.http.answer({.status = 503, .retry_after = 24h});
    stage.timers.advance(5min);
    CHECK(stage.http.open() == 1);
}

TEST_CASE("a batch is given up after its last attempt, and the next one has attempts of its own") {
    Stage stage;
    stage.push("one");
    for (unsigned attempt = 1; attempt < Webhook::kMaxAttempts; ++attempt) {
        stage.http.answer(500);
        stage.timers.advance(1min);
        REQUIRE(stage.http.open() == 1);
    }
    stage.push("two");
    stage.http.answer(500);
    CHECK(stage.webhook->counters().failed == 1);
    CHECK(stage.webhook->queued() == 1);
    CHECK(stage.http.open() == 0);  // not at once: the server fails
    stage.timers.advance(1min);
    CHECK(stage.asks_for("two"));
    CHECK_FALSE(stage.asks_for("one"));
    stage.http.answer(200);
    CHECK(stage.webhook->counters().delivered == 1);
}

TEST_CASE("what is refused for good is not repeated") {
    Stage stage;
    for (const unsigned status : {400U, 401U, 404U, 302U}) {
        stage.push("one");
        stage.http.answer(status);
        CHECK(stage.http.open() == 0);
        CHECK(stage.webhook->queued() == 0);
    }
    CHECK(stage.webhook->counters().failed == 4);
    CHECK(stage.webhook->last_error() == "it answered 302");
}

TEST_CASE("the queue is bounded: the oldest that waits makes room and is counted") {
    Stage stage(config::WebhookFormat::Json, 3);
    for (const auto* text : {"first", "second", "third", "fourth", "fifth"})
        stage.push(text);
    CHECK(stage.webhook->queued() == 3);
    CHECK(stage.webhook->capacity() == 3);
    CHECK(stage.webhook->counters().dropped == 2);
    stage.http.answer(200);
    CHECK_FALSE(stage.asks_for("second"));
    CHECK_FALSE(stage.asks_for("third"));
    CHECK(stage.asks_for("fourth"));
    CHECK(stage.asks_for("fifth"));

    Stage tiny(config::WebhookFormat::Json, 1);
    tiny.push("first");
    tiny.push("second");
    CHECK(tiny.webhook->counters().dropped == 1);
    tiny.http.answer(200);
    CHECK(tiny.http.open() == 0);
}

TEST_CASE("a batch is bounded") {
    Stage stage;
    stage.push("first");
    for (std::size_t i = 0; i < Webhook::kMaxBatch + 1; ++i)
        stage.push("more");
    stage.http.answer(200);
    stage.http.answer(200);
    CHECK(stage.webhook->counters().delivered == Webhook::kMaxBatch + 1);
    CHECK(stage.webhook->queued() == 1);
}

TEST_CASE("a secret of the URL is resolved for each attempt, and shown nowhere") {
    Stage stage;
    stage.config.url = config::SecretText("http://${env:FAIRLEAD_TEST_HOOK}/hook");
    stage.webhook->configure(stage.config);
    stage.push("one");
    CHECK(stage.http.open() == 0);
    CHECK(stage.webhook->last_error().find("FAIRLEAD_TEST_HOOK") != std::string::npos);
    setenv("FAIRLEAD_TEST_HOOK", "s3cret", 1);
    stage.timers.advance(1s);
    REQUIRE(stage.http.open() == 1);
    CHECK(stage.http.request().url == "http://s3cret/hook");
    CHECK(stage.http.request().shown_host == "the webhook");
    unsetenv("FAIRLEAD_TEST_HOOK");
}

TEST_CASE("changed settings are tried at once, with what waits") {
    Stage stage;
    stage.push("one");
    stage.http.answer({.error = "connection refused"});
    stage.config.url = config::SecretText("http://other/hook");
    stage.config.ca_file = "/ca.pem";
    stage.webhook->configure(stage.config);
    stage.timers.advance(0s);
    REQUIRE(stage.http.open() == 1);
    CHECK(stage.http.request().url == "http://other/hook");
    CHECK(stage.http.request().ca_file == "/ca.pem");
    CHECK(stage.asks_for("one"));
}

TEST_CASE("an Alertmanager is found by its base or its endpoint") {
    for (const auto* url : {"http://h:9093", "http://h:9093/", "http://h:9093/api/v2/alerts"}) {
        Stage stage(config::WebhookFormat::Alertmanager);
        stage.config.url = config::SecretText(url);
        stage.webhook->configure(stage.config);
        stage.push("one");
        CHECK(stage.http.request().url == "http://h:9093/api/v2/alerts");
        CHECK(stage.http.request().body.starts_with("[{\"labels\":"));
    }
}

TEST_CASE("an Alertmanager is told every minute what stands, and repetitions do not count") {
    Stage stage(config::WebhookFormat::Alertmanager);
    stage.push("one");
    stage.http.answer(200);
    stage.standing = {stage.record("one"), stage.record("two")};
    stage.timers.advance(Webhook::kRepeat);
    REQUIRE(stage.http.open() == 1);
    CHECK(stage.asks_for("two"));
    CHECK(stage.webhook->queued() == 0);
    stage.http.answer(500);  // the next repetition is the retry
    CHECK(stage.webhook->last_error() == "it answered 500");
    stage.timers.advance(Webhook::kRepeat - 1ms);
    CHECK(stage.http.open() == 0);
    stage.timers.advance(1ms);
    CHECK(stage.http.open() == 1);
    stage.push("three");
    stage.http.answer(200);
    CHECK(stage.asks_for("three"));
    stage.http.answer(200);
    CHECK(stage.webhook->counters().delivered == 2);
    CHECK(stage.webhook->counters().failed == 0);
    stage.standing.clear();
    stage.timers.advance(10min);
    CHECK(stage.http.open() == 0);
}

TEST_CASE("plain JSON is told once") {
    Stage stage;
    stage.standing = {stage.record("one")};
    stage.timers.advance(1h);
    CHECK(stage.http.open() == 0);
}

TEST_CASE("the end of a webhook ends its request") {
    Stage stage;
    stage.push("one");
    stage.webhook.reset();
    CHECK(stage.http.open() == 0);
    CHECK(stage.timers.armed() == 0);
}
