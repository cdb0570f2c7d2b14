#include "render.hpp"

#include "render_process.hpp"
#include "text.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

namespace fairlead::ctl {
namespace {

std::string yes_no(bool value) {
    return value ? "yes" : "no";
}

std::string state_of(const v1::ConnectionStatus& connection) {
    std::string state = connection_state(connection.status());
    if (connection.paused()) return state + " (paused)";
    if (connection.retry_in_ms() != 0) return fmt::format("{} (in {})", state, duration_ms(connection.retry_in_ms()));
    return state;
}

std::string last_cause(const v1::ConnectionStatus& connection) {
    const std::string name = cause(connection.last_cause());
    return connection.last_detail().empty() ? name : name + ": " + printable(connection.last_detail(), false, 200);
}

// Of connections that have more than one.
std::string sockets_text(const v1::Connections& connections) {
    std::vector<std::vector<std::string>> rows = {{"ID", "SOCKET", "STATE", "SESSION", "MESSAGES", "FIRST", "LATER",
                                                   "BY", "SUBSCRIPTIONS", "ENDPOINT", "URL", "LAST CAUSE"}};
    for (const v1::ConnectionStatus& connection : connections.connections()) {
        if (connection.sockets_size() < 2) continue;
        for (const v1::SocketStatus& socket : connection.sockets()) {
            const std::string end = cause(socket.last_cause());
            rows.push_back({connection.id(),
                            fmt::format("{}.{}{}", socket.shard(), socket.leg(), socket.successor() ? " (next)" : ""),
                            connection_state(socket.status()), std::to_string(socket.session()),
                            std::to_string(socket.messages()), std::to_string(socket.wins()),
                            std::to_string(socket.losses()),
                            socket.losses() == 0 ? "-" : fmt::format("{}us", socket.mean_delay_us()),
                            std::to_string(socket.subscriptions()), or_dash(socket.endpoint()), or_dash(socket.url()),
                            socket.last_detail().empty() ? end : end + ": " + socket.last_detail()});
        }
    }
    return rows.size() == 1 ? "" : "\n" + table(rows);
}

std::string reload_text(const v1::ReloadResult& result) {
    std::vector<std::vector<std::string>> rows = {{"CONNECTION", "ACTION", "BECAUSE OF"}};
    for (const auto& change : result.changes())
        rows.push_back({or_dash(change.connection()), change.action(), or_dash(change.detail())});
    if (rows.size() == 1) return "nothing has changed\n";
    return table(rows) + (result.applied() ? "" : "# dry run: nothing was done\n");
}

std::string connections_text(const v1::Connections& connections) {
    std::vector<std::vector<std::string>> rows = {{"ID", "STATE", "FOR", "READY", "LIVENESS", "SESSION", "ATTEMPTS",
                                                   "TOPICS", "MESSAGES", "LAST MESSAGE", "GAPS", "PING", "URL",
                                                   "LAST CAUSE"}};
    for (const v1::ConnectionStatus& connection : connections.connections()) {
        const std::uint64_t ping_us = connection.ping_round_trip_us();
        rows.push_back({connection.id(), state_of(connection),
                        connection.uptime_ms() == 0 ? "-" : duration_ms(connection.uptime_ms()),
                        yes_no(connection.ready()), liveness(connection.liveness()),
                        std::to_string(connection.session()), std::to_string(connection.reconnect_attempts()),
                        std::to_string(connection.topics()), std::to_string(connection.messages()),
                        date_time(connection.last_message_ns()), std::to_string(gaps_of(connection)),
                        ping_us == 0 ? "-" : fmt::format("{}us", ping_us), or_dash(connection.url()),
                        last_cause(connection)});
    }
    return rows.size() == 1 ? "no connections\n" : table(rows) + sockets_text(connections);
}

std::string subscriptions_text(const v1::Subscriptions& subscriptions) {
    std::vector<std::vector<std::string>> rows = {
        {"CONNECTION", "STATE", "SINCE", "TIMES SENT", "RETRY", "CHANNEL", "DETAIL"}};
    for (const v1::SubscriptionStatus& subscription : subscriptions.subscriptions()) {
        const std::uint64_t retry_ms = subscription.retry_in_ms();
        rows.push_back(
            {subscription.connection(), subscription_state(subscription.state()), date_time(subscription.since_ns()),
             std::to_string(subscription.times_sent()), retry_ms == 0 ? "-" : "in " + duration_ms(retry_ms),
             printable(subscription.channel(), false, 200), or_dash(printable(subscription.detail(), false, 200))});
    }
    return rows.size() == 1 ? "no subscriptions\n" : table(rows);
}

std::string gaps_text(const v1::Gaps& gaps, const std::string& message) {
    std::vector<std::vector<std::string>> rows = {{"TOPIC", "NUMBER", "FROM", "TO", "LOST", "CAUSE", "WHY"}};
    for (const v1::GapRecord& record : gaps.gaps()) {
        const v1::Gap& gap = record.gap();
        rows.push_back({record.topic(), std::to_string(record.sequence()), date_time(gap.from_ns()),
                        date_time(gap.to_ns()), gap.count() == 0 ? "?" : std::to_string(gap.count()),
                        gap_cause(gap.cause()), reason(gap)});
    }
    std::string text = rows.size() == 1 ? "no gaps\n" : table(rows);
    if (gaps.forgotten() != 0) text += fmt::format("# {} older ones are forgotten\n", gaps.forgotten());
    if (!message.empty()) text += "# " + message + "\n";
    return text;
}

}  // namespace

std::string render_text(const v1::Reply& reply) {
    switch (reply.result_case()) {
        case v1::Reply::kStatus:
            return status_text(reply.status());
        case v1::Reply::kConnections:
            return connections_text(reply.connections());
        case v1::Reply::kSubscriptions:
            return subscriptions_text(reply.subscriptions());
        case v1::Reply::kReload:
            return reload_text(reply.reload());
        case v1::Reply::kConsumers:
            return consumers_text(reply.consumers());
        case v1::Reply::kAlerts:
            return alerts_text(reply.alerts());
        case v1::Reply::kAlertChannels:
            return alert_channels_text(reply.alert_channels());
        case v1::Reply::kConfig:
            return config_text(reply.config());
        case v1::Reply::kGaps:
            return gaps_text(reply.gaps(), reply.message());
        default:
            return (reply.message().empty() ? code(reply.code()) : reply.message()) + "\n";
    }
}

std::string render_json(const v1::Reply& reply) {
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    options.always_print_primitive_fields = true;
    std::string json;
    const auto status = google::protobuf::util::MessageToJsonString(reply, &json, options);
    return status.ok() ? json + "\n" : "{}\n";
}

}  // namespace fairlead::ctl
