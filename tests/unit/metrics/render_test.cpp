#include "metrics/render.hpp"

#include "metrics/table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace fairlead;
using metrics::ProcessNumbers;
using metrics::Snapshot;

namespace {

std::string text_of(const Snapshot& snapshot, const ProcessNumbers& process = {}) {
    return metrics::to_text(metrics::render(snapshot, process));
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

v1::ConnectionStatus& add_connection(Snapshot& snapshot, const std::string& id) {
    auto& connection = *snapshot.connections.add_connections();
    connection.set_id(id);
    return connection;
}

}  // namespace

TEST_CASE("every name is there once, with a type, a help and distinct labels") {
    std::set<std::string> names;
    for (const auto* half : {&metrics::connection_metrics(), &metrics::process_metrics()}) {
        for (const auto& metric : *half) {
            CAPTURE(metric.name);
            CHECK(names.insert(metric.name).second);
            CHECK_FALSE(metric.help.empty());
            CHECK(std::set<std::string>(metric.labels.begin(), metric.labels.end()).size() == metric.labels.size());
        }
    }
    CHECK(std::ranges::all_of(metrics::connection_metrics(),
                              [](const auto& metric) { return metric.labels.front() == "connection"; }));
    CHECK(std::ranges::none_of(metrics::process_metrics(), [](const auto& metric) {
        return std::ranges::find(metric.labels, "connection") != metric.labels.end();
    }));
}

TEST_CASE("a connection that is up") {
    Snapshot snapshot;
    auto& connection = add_connection(snapshot, "venue");
    connection.set_status(v1::CONNECTION_STATE_CONNECTED);
    connection.set_ready(true);
    connection.set_uptime_ms(1'500);
    connection.set_reconnect_attempts(7);
    connection.set_reconnects_succeeded(2);
    connection.set_reconnects_failed(3);
    connection.set_messages(123'456'789'012);
    connection.set_last_reconnect_ns(1'700'000'000'250'000'000);
    (*connection.mutable_gaps_by_cause())["upstream"] = 4;
    (*connection.mutable_subscriptions_by_state())["flowing"] = 5;
    const auto text = text_of(snapshot);
    CHECK(has_line(text, "fairlead_connection_up{connection=\"venue\"} 1"));
    CHECK(has_line(text, "fairlead_connection_ready{connection=\"venue\"} 1"));
    CHECK(has_line(text, "fairlead_connection_failed{connection=\"venue\"} 0"));
    CHECK(has_line(text, "network_connection_uptime_seconds{connection=\"venue\"} 1.5"));
    CHECK(has_line(text, "network_reconnect_attempts_total{connection=\"venue\"} 7"));
    CHECK(has_line(text, "network_reconnect_success_total{connection=\"venue\"} 2"));
    CHECK(has_line(text, "network_reconnect_failures_total{connection=\"venue\"} 3"));
    CHECK(has_line(text, "fairlead_messages_total{connection=\"venue\"} 123456789012"));
    CHECK(has_line(text, "network_last_reconnect_timestamp{connection=\"venue\"} 1700000000.25"));
    CHECK(has_line(text, "fairlead_gaps_total{connection=\"venue\",cause=\"upstream\"} 4"));
    CHECK(has_line(text, "fairlead_subscriptions{connection=\"venue\",state=\"flowing\"} 5"));
    CHECK(has_line(text, "# TYPE network_reconnect_attempts_total counter"));
    CHECK(has_line(text, "# TYPE fairlead_connection_up gauge"));
    // Without TLS there is no certificate.
    CHECK(text.find("fairlead_certificate_expiry") == std::string::npos);
}

TEST_CASE("what compression saves and what it costs") {
    Snapshot snapshot;
    auto& connection = add_connection(snapshot, "a");
    connection.set_compressed_bytes(2'000);
    connection.set_inflated_bytes(9'000);
    connection.set_inflate_us(1'250'000);
    const auto text = text_of(snapshot);
    CHECK(has_line(text, "fairlead_websocket_compressed_bytes_total{connection=\"a\"} 2000"));
    CHECK(has_line(text, "fairlead_websocket_inflated_bytes_total{connection=\"a\"} 9000"));
    CHECK(has_line(text, "fairlead_websocket_inflate_seconds_total{connection=\"a\"} 1.25"));
}

TEST_CASE("disconnects are told by reason and close code, legs by their place") {
    Snapshot snapshot;
    auto& connection = add_connection(snapshot, "a");
    auto& ended = *connection.add_disconnects();
    ended.set_cause(v1::CAUSE_PEER_CLOSED);
    ended.set_close_code(1012);
    ended.set_count(3);
    for (std::uint32_t leg : {0U, 1U}) {
        auto& socket = *connection.add_sockets();
        socket.set_leg(leg);
        socket.set_wins(10 + leg);
        socket.set_mean_delay_us(250);
    }
    connection.add_sockets()->set_successor(true);
    const auto text = text_of(snapshot);
    CHECK(has_line(text, "fairlead_disconnects_total{connection=\"a\",reason=\"peer_closed\",close_code=\"1012\"} 3"));
    CHECK(has_line(text, "fairlead_leg_wins_total{connection=\"a\",shard=\"0\",leg=\"0\"} 10"));
    CHECK(has_line(text, "fairlead_leg_wins_total{connection=\"a\",shard=\"0\",leg=\"1\"} 11"));
    CHECK(has_line(text, "fairlead_leg_mean_delay_seconds{connection=\"a\",shard=\"0\",leg=\"1\"} 0.00025"));
}

TEST_CASE("a histogram is cumulated, and its last bucket is the count") {
    Snapshot snapshot;
    auto& latency = *add_connection(snapshot, "a").mutable_reconnect_latency();
    for (const double bound : {0.5, 1.0})
        latency.add_bounds(bound);
    for (const std::uint64_t count : {2, 3, 5})
        latency.add_counts(count);
    latency.set_sum(12.5);
    const auto text = text_of(snapshot);
    CHECK(has_line(text, "network_reconnect_latency_seconds_bucket{connection=\"a\",le=\"0.5\"} 2"));
    CHECK(has_line(text, "network_reconnect_latency_seconds_bucket{connection=\"a\",le=\"1\"} 5"));
    CHECK(has_line(text, "network_reconnect_latency_seconds_bucket{connection=\"a\",le=\"+Inf\"} 10"));
    CHECK(has_line(text, "network_reconnect_latency_seconds_count{connection=\"a\"} 10"));
    CHECK(has_line(text, "network_reconnect_latency_seconds_sum{connection=\"a\"} 12.5"));
}

TEST_CASE("the sidecar as a whole, and its process") {
    Snapshot snapshot;
    snapshot.status.set_version("1.2.3");
    snapshot.status.set_draining(true);
    snapshot.status.set_loop_longest_turn_us(2'500);
    (*snapshot.status.mutable_published_by_kind())["data"] = 9;
    snapshot.alerts_raised = 6;
    auto& channel = *snapshot.alert_channels.add_channels();
    channel.set_channel("webhook");
    channel.set_queued(2);
    channel.set_capacity(100);
    snapshot.taken = core::WallTime(std::chrono::milliseconds{1'700'000'000'500});
    const auto text = text_of(snapshot, {.cpu_seconds = 1.25,
                                         .resident_bytes = 4096,
                                         .open_fds = 17,
                                         .start_time_seconds = 1'600'000'000,
                                         .first_waited_seconds = 0.75});
    CHECK(has_line(text, "fairlead_build_info{version=\"1.2.3\"} 1"));
    CHECK(has_line(text, "fairlead_draining 1"));
    CHECK(has_line(text, "fairlead_loop_longest_turn_seconds 0.0025"));
    CHECK(has_line(text, "fairlead_published_total{kind=\"data\"} 9"));
    CHECK(has_line(text, "fairlead_alerts_raised_total 6"));
    CHECK(has_line(text, "fairlead_alert_queue_depth{channel=\"webhook\"} 2"));
    CHECK(has_line(text, "fairlead_alert_queue_capacity{channel=\"webhook\"} 100"));
    CHECK(has_line(text, "fairlead_snapshot_timestamp_seconds 1700000000.5"));
    CHECK(has_line(text, "process_cpu_seconds_total 1.25"));
    CHECK(has_line(text, "process_resident_memory_bytes 4096"));
    CHECK(has_line(text, "process_open_fds 17"));
    CHECK(has_line(text, "process_start_time_seconds 1600000000"));
    CHECK(has_line(text, "fairlead_relay_waited_seconds_total 0.75"));
}

TEST_CASE("the last reload counts as successful until one has failed") {
    Snapshot snapshot;
    CHECK(has_line(text_of(snapshot), "fairlead_config_last_reload_successful 1"));
    snapshot.status.mutable_last_reload()->set_time_ns(5);
    snapshot.status.mutable_last_reload()->set_failed(1);
    CHECK(has_line(text_of(snapshot), "fairlead_config_last_reload_successful 0"));
    CHECK(has_line(text_of(snapshot), "fairlead_config_reloads_total{result=\"failure\"} 1"));
    snapshot.status.mutable_last_reload()->set_ok(true);
    CHECK(has_line(text_of(snapshot), "fairlead_config_last_reload_successful 1"));
}

TEST_CASE("what the system says of this process is plausible") {
    const auto process = metrics::read_process();
    CHECK(process.cpu_seconds > 0);
    CHECK(process.resident_bytes > 1'000'000);
    CHECK(process.open_fds >= 3);
    CHECK(process.start_time_seconds > 1'500'000'000);
    CHECK(process.first_waited_seconds > 0);
}

TEST_CASE("a scrape sees the latest picture, and keeps the one that it has") {
    metrics::SnapshotExchange exchange;
    CHECK(exchange.get() == nullptr);
    CHECK(metrics::Collector(exchange).Collect().empty());
    exchange.put({.alerts_raised = 1});
    const auto first = exchange.get();
    exchange.put({.alerts_raised = 2});
    CHECK(first->alerts_raised == 1);
    CHECK(exchange.get()->alerts_raised == 2);
    CHECK_FALSE(metrics::Collector(exchange).Collect().empty());
}
