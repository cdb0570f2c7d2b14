#include "ctl/arguments.hpp"
#include "ctl/render.hpp"
#include "ctl/render_process.hpp"

#include <doctest/doctest.h>

#include <string>
#include <variant>
#include <vector>

using namespace fairlead;
using Words = std::vector<std::string>;

namespace {

constexpr std::uint64_t kTime = 1735689601'000'000'000;  // 2025-01-01T00:00:01Z

v1::Request request(const Words& words) {
    const auto result = ctl::parse_arguments(words, {});
    if (const auto* stop = std::get_if<ctl::Stop>(&result)) FAIL(stop->err, stop->out);
    return std::get<v1::Request>(std::get<ctl::Arguments>(result).command);
}

ctl::Stop stopped(const Words& words) {
    const auto result = ctl::parse_arguments(words, {});
    REQUIRE(std::holds_alternative<ctl::Stop>(result));
    return std::get<ctl::Stop>(result);
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("commands about the sidecar become their requests") {
    CHECK(request({"consumers"}).has_list_consumers());
    CHECK_FALSE(request({"consumers"}).list_consumers().open_only());
    CHECK(request({"consumers", "--open"}).list_consumers().open_only());
    CHECK(request({"config"}).has_get_config());
    CHECK(request({"log-level", "debug"}).set_log_level().level() == "debug");
    CHECK(request({"drain"}).has_drain());
}

TEST_CASE("alerts are listed, and their channels are listed and switched") {
    CHECK(request({"alerts"}).list_alerts().min_level() == v1::ALERT_LEVEL_UNSPECIFIED);
    const auto some = request({"alerts", "--connection", "x", "--level", "warning", "--limit", "5"}).list_alerts();
    CHECK(some.connection() == "x");
    CHECK(some.min_level() == v1::ALERT_LEVEL_WARNING);
    CHECK(some.limit() == 5);
    CHECK(request({"alerts", "channels"}).has_list_alert_channels());

    const auto on = request({"alerts", "set", "log", "--on"}).set_alert_channel();
    CHECK(on.channel() == "log");
    CHECK(on.enabled());
    CHECK(on.level() == v1::ALERT_LEVEL_UNSPECIFIED);
    const auto off = request({"alerts", "set", "webhook", "--off"}).set_alert_channel();
    CHECK(off.has_enabled());
    CHECK_FALSE(off.enabled());
    const auto level = request({"alerts", "set", "stream", "--level", "critical"}).set_alert_channel();
    CHECK_FALSE(level.has_enabled());
    CHECK(level.level() == v1::ALERT_LEVEL_CRITICAL);
}

TEST_CASE("wrong arguments of these are a usage error") {
    for (const Words& words : std::vector<Words>{{"alerts", "--level", "loud"},
                                                 {"alerts", "set"},
                                                 {"alerts", "set", "log"},
                                                 {"alerts", "set", "log", "--on", "--off"},
                                                 {"alerts", "set", "log", "--level", "unspecified"},
                                                 {"log-level"},
                                                 {"log-level", "trace"},
                                                 {"completion"},
                                                 {"completion", "tcsh"}}) {
        const auto stop = stopped(words);
        CHECK(stop.exit_code == ctl::kUsage);
        CHECK_FALSE(stop.err.empty());
    }
}

TEST_CASE("top is no request") {
    const auto result = ctl::parse_arguments({"top", "--once"}, {});
    CHECK(std::get<ctl::Top>(std::get<ctl::Arguments>(result).command).once);
}

TEST_CASE("consumers for people; what a process calls itself does not steer the terminal") {
    v1::Reply reply;
    auto& consumers = *reply.mutable_consumers();
    CHECK(ctl::render_text(reply) == "no consumers\n");
    auto& open = *consumers.add_consumers();
    open.set_peer("process 1 (a\x1b[31m)");
    open.set_endpoint("ipc:///s");
    open.set_since_ns(kTime);
    auto& gone = *consumers.add_consumers();
    gone.set_peer("127.0.0.1:5");
    gone.set_until_ns(kTime);
    gone.set_reason("closed by the consumer");
    consumers.set_opened(12);
    consumers.set_forgotten(10);
    const std::string text = ctl::render_text(reply);
    CHECK(has(text, "process 1 (a\\x1b[31m)"));
    CHECK(has(text, "2025-01-01T00:00:01Z"));
    CHECK(has(text, "closed by the consumer"));
    CHECK(has(text, "# 12 in all; 10 older ones are forgotten\n"));
}

TEST_CASE("alerts and channels for people") {
    v1::Reply reply;
    auto& alerts = *reply.mutable_alerts();
    CHECK(ctl::render_text(reply) == "no alerts\n");
    auto& record = *alerts.add_alerts();
    record.set_number(3);
    record.mutable_alert()->set_level(v1::ALERT_LEVEL_CRITICAL);
    record.mutable_alert()->set_type("connection_lost");
    record.mutable_alert()->set_text("gone\nfor good");
    record.set_resolved(true);
    record.set_resolved_ns(kTime);
    const std::string text = ctl::render_text(reply);
    CHECK(has(text, "critical"));
    CHECK(has(text, "connection_lost"));
    CHECK(has(text, "gone\\nfor good"));
    CHECK(has(text, "2025-01-01T00:00:01Z"));

    auto& channels = *reply.mutable_alert_channels();
    CHECK(ctl::render_text(reply) == "no channels\n");
    auto& channel = *channels.add_channels();
    channel.set_channel("webhook");
    channel.set_level(v1::ALERT_LEVEL_WARNING);
    channel.set_queued(2);
    channel.set_capacity(100);
    channel.set_last_error("refused");
    const std::string told = ctl::render_text(reply);
    CHECK(has(told, "webhook"));
    CHECK(has(told, "no"));
    CHECK(has(told, "2/100"));
    CHECK(has(told, "refused"));
}

TEST_CASE("the configuration is told as TOML, what is said about it as comments") {
    v1::Reply reply;
    auto& config = *reply.mutable_config();
    config.set_toml("[stream]\n");
    config.set_digest("abc");
    config.set_file("/etc/f.toml");
    config.set_loaded_ns(kTime);
    auto& reload = *config.mutable_last_reload();
    CHECK(ctl::render_text(reply) ==
          "# /etc/f.toml, loaded at 2025-01-01T00:00:01Z\n# SHA-256 abc\n# last reload: none\n[stream]\n");
    reload.set_time_ns(kTime);
    reload.set_detail("f:1:2: x\ny");
    reload.set_failed(1);
    CHECK(ctl::reload_outcome(reload) == "FAILED at 2025-01-01T00:00:01Z: f:1:2: x\\ny (0 done, 1 failed)");
}

TEST_CASE("status tells of consumers, the configuration and the end") {
    v1::Status status;
    status.set_consumers(2);
    status.set_consumers_opened(9);
    status.set_draining(true);
    (*status.mutable_published_by_kind())["data"] = 7;
    const std::string text = ctl::status_text(status);
    CHECK(has(text, "2 connected, 9 in all"));
    CHECK(has(text, ", ending"));
    CHECK(has(text, "7 data"));
    CHECK(has(text, "none"));
}

TEST_CASE("a subscription tells since when, why, and when it is tried again") {
    v1::Reply reply;
    auto& subscription = *reply.mutable_subscriptions()->add_subscriptions();
    subscription.set_channel("btc@trade");
    subscription.set_since_ns(kTime);
    subscription.set_retry_in_ms(90'000);
    subscription.set_detail("no such\tsymbol");
    const std::string text = ctl::render_text(reply);
    CHECK(has(text, "2025-01-01T00:00:01Z"));
    CHECK(has(text, "in 1m30s"));
    CHECK(has(text, "no such\\tsymbol"));
}

TEST_CASE("a completion script is whole, and made of what the program knows") {
    for (const std::string shell : {"bash", "zsh", "fish"}) {
        const auto stop = stopped({"completion", shell});
        CHECK(stop.exit_code == ctl::kOk);
        for (const char* part :
             {"\tcommand\tlog-level\t", "/log-level\targument\tLEVEL\tdebug error info warning\t",
              "/reconnect\targument\tID\t@ids\t", "/alerts/set\tflag\t--on\t", "/subscribe\targument*\tCHANNEL\t",
              "/send\toption\t--binary\t@files\t", "/\toption\t--control\t"})
            CHECK_MESSAGE(has(stop.out, part), shell, ": ", part);
        for (const char* mark : {"@TABLE@", "@PROGRAM@", "@IDS@"})
            CHECK_FALSE(has(stop.out, mark));
    }
}
