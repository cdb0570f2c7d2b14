#include "admin/json.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace fairlead;
using admin::Json;

TEST_CASE("fields keep their names, and are there when they are empty") {
    v1::Status status;
    status.set_version("1");
    status.set_messages(18'446'744'073'709'551'615U);
    (*status.mutable_published_by_kind())["state"] = 2;
    (*status.mutable_published_by_kind())["data"] = 1;
    status.mutable_forward_latency()->add_bounds(0.5);
    const Json json = admin::to_json(status);
    CHECK(json["version"] == "1");
    CHECK(json["messages"] == 18'446'744'073'709'551'615U);
    CHECK(json["instance"] == "");
    CHECK(json["connected"] == 0);
    CHECK(json["draining"] == false);
    CHECK(json["published_by_kind"].dump() == R"({"data":1,"state":2})");
    CHECK(json["forward_latency"]["bounds"].dump() == "[0.5]");
    CHECK(json["forward_latency"]["counts"].dump() == "[]");
    CHECK(json["last_reload"] == nullptr);
    CHECK(json["config_loaded"] == nullptr);
    CHECK_FALSE(json.contains("config_loaded_ns"));
    CHECK(json.size() == static_cast<std::size_t>(v1::Status::descriptor()->field_count()));
}

TEST_CASE("enumerators lose their prefix, times become RFC 3339") {
    v1::AlertRecord record;
    record.mutable_alert()->set_level(v1::ALERT_LEVEL_CRITICAL);
    record.mutable_alert()->set_time_ns(1'767'225'600'000'000'000);
    record.set_resolved_ns(1'767'225'600'120'000'000);
    const Json json = admin::to_json(record);
    CHECK(json["alert"]["level"] == "critical");
    CHECK(json["alert"]["time"] == "2026-01-01T00:00:00Z");
    CHECK(json["resolved"] == false);  // the name is taken
    CHECK(json["resolved_at"] == "2026-01-01T00:00:00.12Z");

    v1::DisconnectCount count;
    count.set_cause(v1::CAUSE_PEER_CLOSED);
    CHECK(admin::to_json(count)["cause"] == "peer_closed");
    v1::SubscriptionStatus subscription;
    subscription.set_state(v1::SUBSCRIPTION_STATE_FLOWING);
    subscription.add_wanted_by("config");
    CHECK(admin::to_json(subscription)["state"] == "flowing");
    CHECK(admin::to_json(subscription)["wanted_by"].dump() == R"(["config"])");
}

TEST_CASE("a connection has the keys that operators know, first and to the letter") {
    v1::ConnectionStatus connection;
    connection.set_id("binance");
    connection.set_url("wss://host/ws");
    connection.set_status(v1::CONNECTION_STATE_RECONNECTING);
    connection.set_reconnect_attempts(3);
    connection.set_consecutive_failures(1);
    connection.set_total_uptime_ms(3'600'000);
    connection.set_last_reconnect_latency_ms(1'500);
    connection.add_sockets()->set_leg(1);
    Json json = admin::connection_to_json(connection);
    Json first = Json::object();
    for (const auto& [key, value] : json.items())
        if (first.size() < 8) first[key] = value;
    CHECK(first.dump() ==
          R"({"id":"binance","url":"wss://host/ws","status":"reconnecting","last_connected":null,)"
          R"("reconnect_attempts":3,"consecutive_failures":1,"total_uptime":"3600s","last_reconnect_latency":"1.5s"})");
    CHECK(json["total_uptime_ms"] == 3'600'000);
    CHECK(json["sockets"][0]["leg"] == 1);
    CHECK(json["sockets"][0]["connected"] == nullptr);
    CHECK(json.size() == static_cast<std::size_t>(v1::ConnectionStatus::descriptor()->field_count()) + 2);
}

TEST_CASE("durations in seconds have no zeros at the end") {
    struct Row {
        std::uint64_t ms;
        const char* text;
    };
    for (const auto& [ms, text] : {Row{0, "0s"}, Row{5, "0.005s"}, Row{250, "0.25s"}, Row{100'000, "100s"}}) {
        v1::ConnectionStatus connection;
        connection.set_last_reconnect_latency_ms(ms);
        CHECK(admin::connection_to_json(connection)["last_reconnect_latency"] == text);
    }
}

TEST_CASE("bytes that are no text do not end anything") {
    CHECK(admin::to_text(Json(std::string("a\xff"))) == "\"a\xef\xbf\xbd\"\n");
}
