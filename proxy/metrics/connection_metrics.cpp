// The half of the table with the label `connection`.
#include "core/cause.hpp"
#include "metrics/table.hpp"

#include <map>
#include <string_view>

namespace fairlead::metrics {
namespace {

double seconds_of_ns(std::uint64_t nanoseconds) {
    return static_cast<double>(nanoseconds) / 1e9;
}

double seconds_of_us(std::uint64_t microseconds) {
    return static_cast<double>(microseconds) / 1e6;
}

double seconds_of_ms(std::uint64_t milliseconds) {
    return static_cast<double>(milliseconds) / 1e3;
}

double count(std::uint64_t value) {
    return static_cast<double>(value);
}

double is(bool value) {
    return value ? 1 : 0;
}

void disconnects(const Connection& connection, Samples& samples) {
    for (const auto& entry : connection.disconnects()) {
        const auto cause = core::to_string(static_cast<core::Cause>(entry.cause()));
        samples.add({std::string(cause), std::to_string(entry.close_code())}, count(entry.count()));
    }
}

void gaps(const Connection& connection, Samples& samples) {
    for (const auto& [cause, number] : std::map(connection.gaps_by_cause().begin(), connection.gaps_by_cause().end()))
        samples.add({cause}, count(number));
}

void subscriptions(const Connection& connection, Samples& samples) {
    const auto& by_state = connection.subscriptions_by_state();
    for (const auto& [state, number] : std::map(by_state.begin(), by_state.end()))
        samples.add({state}, number);
}

template <class Value>
void each_leg(const Connection& connection, Samples& samples, Value value) {
    for (const auto& socket : connection.sockets())
        if (!socket.successor())
            samples.add({std::to_string(socket.shard()), std::to_string(socket.leg())}, value(socket));
}

}  // namespace

const std::vector<Metric>& connection_metrics() {
    static const std::vector<Metric> table = {
        {"network_reconnect_attempts_total",
         Type::Counter,
         "Attempts to connect, without the first of each socket.",
         {"connection"},
         [](const Connection& c) { return count(c.reconnect_attempts()); }},
        {"network_reconnect_success_total",
         Type::Counter,
         "Returns of the connection after a loss.",
         {"connection"},
         [](const Connection& c) { return count(c.reconnects_succeeded()); }},
        {"network_reconnect_failures_total",
         Type::Counter,
         "Attempts to return after a loss that failed.",
         {"connection"},
         [](const Connection& c) { return count(c.reconnects_failed()); }},
        {"network_connection_uptime_seconds",
         Type::Gauge,
         "Age of the present connection, 0 while there is none.",
         {"connection"},
         [](const Connection& c) { return seconds_of_ms(c.uptime_ms()); }},
        {"network_last_reconnect_timestamp",
         Type::Gauge,
         "When it returned last, in Unix time; 0 = never.",
         {"connection"},
         [](const Connection& c) { return seconds_of_ns(c.last_reconnect_ns()); }},
        {"network_reconnect_latency_seconds",
         Type::Histogram,
         "From the loss of the connection to its return.",
         {"connection"},
         [](const Connection& c, Samples& s) { s.add({}, c.reconnect_latency()); }},
        {"fairlead_connection_up",
         Type::Gauge,
         "1 while it is connected.",
         {"connection"},
         [](const Connection& c) { return is(c.status() == v1::CONNECTION_STATE_CONNECTED); }},
        {"fairlead_connection_ready",
         Type::Gauge,
         "1 while it is connected and its subscriptions have been sent.",
         {"connection"},
         [](const Connection& c) { return is(c.ready()); }},
        {"fairlead_connection_paused",
         Type::Gauge,
         "1 while it rests by command.",
         {"connection"},
         [](const Connection& c) { return is(c.paused()); }},
        {"fairlead_connection_failed",
         Type::Gauge,
         "1 when it has been given up after max_retries.",
         {"connection"},
         [](const Connection& c) { return is(c.status() == v1::CONNECTION_STATE_FAILED); }},
        {"fairlead_connection_attempts_total",
         Type::Counter,
         "Attempts to connect of every socket, by their result.",
         {"connection", "result"},
         [](const Connection& c, Samples& s) {
             s.add({"success"}, count(c.successful_connects()));
             s.add({"failure"}, count(c.failed_attempts()));
         }},
        {"fairlead_disconnects_total",
         Type::Counter,
         "Open sockets that ended, by reason and the venue's close code.",
         {"connection", "reason", "close_code"},
         disconnects},
        {"fairlead_backoff_seconds",
         Type::Gauge,
         "Until the next attempt; 0 = none is waited for.",
         {"connection"},
         [](const Connection& c) { return seconds_of_ms(c.retry_in_ms()); }},
        {"fairlead_messages_total",
         Type::Counter,
         "Messages of the venue that were relayed.",
         {"connection"},
         [](const Connection& c) { return count(c.messages()); }},
        {"fairlead_bytes_total",
         Type::Counter,
         "Their bytes.",
         {"connection"},
         [](const Connection& c) { return count(c.bytes()); }},
        {"fairlead_websocket_compressed_bytes_total",
         Type::Counter,
         "Bytes of messages that came compressed, as they came.",
         {"connection"},
         [](const Connection& c) { return count(c.compressed_bytes()); }},
        {"fairlead_websocket_inflated_bytes_total",
         Type::Counter,
         "Bytes that these messages have.",
         {"connection"},
         [](const Connection& c) { return count(c.inflated_bytes()); }},
        {"fairlead_websocket_inflate_seconds_total",
         Type::Counter,
         "Time that inflating them took.",
         {"connection"},
         [](const Connection& c) { return seconds_of_us(c.inflate_us()); }},
        {"fairlead_last_message_timestamp_seconds",
         Type::Gauge,
         "When the last one came, in Unix time; 0 = never.",
         {"connection"},
         [](const Connection& c) { return seconds_of_ns(c.last_message_ns()); }},
        {"fairlead_ping_round_trip_seconds",
         Type::Gauge,
         "Of the last ping; 0 = none was measured yet.",
         {"connection"},
         [](const Connection& c) { return seconds_of_us(c.ping_round_trip_us()); }},
        {"fairlead_stale",
         Type::Gauge,
         "1 while no data comes though it is connected.",
         {"connection"},
         [](const Connection& c) { return is(c.stale()); }},
        {"fairlead_gaps_total",
         Type::Counter,
         "Gaps told to consumers, by who had to drop.",
         {"connection", "cause"},
         gaps},
        {"fairlead_venue_gaps_total",
         Type::Counter,
         "Holes in the venue's own numbers.",
         {"connection"},
         [](const Connection& c) { return count(c.venue_gaps()); }},
        {"fairlead_duplicates_dropped_total",
         Type::Counter,
         "Copies of messages that another socket had brought.",
         {"connection"},
         [](const Connection& c) { return count(c.duplicates_dropped()); }},
        {"fairlead_unrouted_messages_total",
         Type::Counter,
         "Messages whose channel could not be found.",
         {"connection"},
         [](const Connection& c) { return count(c.unrouted()); }},
        {"fairlead_rotations_total",
         Type::Counter,
         "Sockets that were to be replaced while they worked.",
         {"connection", "result"},
         [](const Connection& c, Samples& s) {
             s.add({"completed"}, count(c.rotations()));
             s.add({"failed"}, count(c.rotations_failed()));
         }},
        {"fairlead_subscriptions",
         Type::Gauge,
         "Subscriptions of the intent, by their state.",
         {"connection", "state"},
         subscriptions},
        {"fairlead_subscriptions_rejected_total",
         Type::Counter,
         "Subscriptions that the venue has refused.",
         {"connection"},
         [](const Connection& c) { return count(c.subscriptions_rejected()); }},
        {"fairlead_repairs_total",
         Type::Counter,
         "Subscriptions sent again, or sockets rotated, for a dead channel.",
         {"connection"},
         [](const Connection& c) { return count(c.repairs()); }},
        {"fairlead_leg_wins_total",
         Type::Counter,
         "Messages of which this socket's copy came first.",
         {"connection", "shard", "leg"},
         [](const Connection& c, Samples& s) {
             each_leg(c, s, [](const v1::SocketStatus& socket) { return count(socket.wins()); });
         }},
        {"fairlead_leg_losses_total",
         Type::Counter,
         "Copies that came later than another socket's.",
         {"connection", "shard", "leg"},
         [](const Connection& c, Samples& s) {
             each_leg(c, s, [](const v1::SocketStatus& socket) { return count(socket.losses()); });
         }},
        {"fairlead_leg_mean_delay_seconds",
         Type::Gauge,
         "By which those were late.",
         {"connection", "shard", "leg"},
         [](const Connection& c, Samples& s) {
             each_leg(c, s, [](const v1::SocketStatus& socket) { return seconds_of_us(socket.mean_delay_us()); });
         }},
        {"fairlead_certificate_expiry_timestamp_seconds",
         Type::Gauge,
         "Until when the venue's certificate is valid, in Unix time; absent without TLS.",
         {"connection"},
         [](const Connection& c, Samples& s) {
             if (c.certificate_expires_ns() > 0) s.add({}, seconds_of_ns(c.certificate_expires_ns()));
         }},
        {"fairlead_send_queue_messages",
         Type::Gauge,
         "Messages to the venue that wait for its sockets.",
         {"connection"},
         [](const Connection& c) { return count(c.send_queue_messages()); }},
    };
    return table;
}

}  // namespace fairlead::metrics
