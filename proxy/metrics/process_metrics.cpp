// The half of the table that tells of the sidecar as a whole.
#include "metrics/table.hpp"
#include "seam/transport.hpp"

#include <map>

namespace fairlead::metrics {
namespace {

double count(std::uint64_t value) {
    return static_cast<double>(value);
}

double seconds_of_ns(std::uint64_t nanoseconds) {
    return static_cast<double>(nanoseconds) / 1e9;
}

template <class Value>
void each_channel(const Source& source, Samples& samples, Value value) {
    for (const auto& channel : source.snapshot.alert_channels.channels())
        samples.add({channel.channel()}, value(channel));
}

void published(const Source& source, Samples& samples) {
    const auto& by_kind = source.snapshot.status.published_by_kind();
    for (const auto& [kind, number] : std::map(by_kind.begin(), by_kind.end()))
        samples.add({kind}, count(number));
}

void reloads(const Source& source, Samples& samples) {
    samples.add({"success"}, count(source.snapshot.status.last_reload().succeeded()));
    samples.add({"failure"}, count(source.snapshot.status.last_reload().failed()));
}

double last_reload_successful(const Source& source) {
    const auto& last = source.snapshot.status.last_reload();
    return last.time_ns() == 0 || last.ok() ? 1 : 0;
}

}  // namespace

const std::vector<Metric>& process_metrics() {
    using Channel = v1::AlertChannel;
    static const std::vector<Metric> table = {
        {"fairlead_build_info",
         Type::Gauge,
         "Always 1; the label tells the version.",
         {"version"},
         [](const Source& s, Samples& samples) { samples.add({s.snapshot.status.version()}, 1); }},
        {"process_cpu_seconds_total",
         Type::Counter,
         "Processor time of the process, user and system.",
         {},
         [](const Source& s) { return s.process.cpu_seconds; }},
        {"process_resident_memory_bytes",
         Type::Gauge,
         "Memory that the process has in use.",
         {},
         [](const Source& s) { return count(s.process.resident_bytes); }},
        {"process_open_fds",
         Type::Gauge,
         "Open file descriptors.",
         {},
         [](const Source& s) { return count(s.process.open_fds); }},
        {"process_start_time_seconds",
         Type::Gauge,
         "When the process was started, in Unix time.",
         {},
         [](const Source& s) { return s.process.start_time_seconds; }},
        {"fairlead_send_queue_capacity",
         Type::Gauge,
         "Messages that can wait for one venue's socket.",
         {},
         [](const Source&) { return count(seam::Link::kMaxQueuedMessages); }},
        {"fairlead_published_total", Type::Counter, "Messages on the stream socket, by kind.", {"kind"}, published},
        {"fairlead_slow_consumer_episodes_total",
         Type::Counter,
         "Times that a consumer's queue became full.",
         {},
         [](const Source& s) { return count(s.snapshot.status.slow_consumer_episodes()); }},
        {"fairlead_consumers",
         Type::Gauge,
         "Consumers that are connected to the stream socket.",
         {},
         [](const Source& s) { return count(s.snapshot.status.consumers()); }},
        {"fairlead_consumers_opened_total",
         Type::Counter,
         "Consumers that have connected to it.",
         {},
         [](const Source& s) { return count(s.snapshot.status.consumers_opened()); }},
        {"fairlead_topics",
         Type::Gauge,
         "Topics that are open.",
         {},
         [](const Source& s) { return count(s.snapshot.status.topics()); }},
        {"fairlead_journal_messages",
         Type::Gauge,
         "Messages held for replay.",
         {},
         [](const Source& s) { return count(s.snapshot.status.journal_messages()); }},
        {"fairlead_journal_bytes",
         Type::Gauge,
         "Bytes held for replay.",
         {},
         [](const Source& s) { return count(s.snapshot.status.journal_bytes()); }},
        {"fairlead_journal_evicted_total",
         Type::Counter,
         "Messages that had to go because of journal.max_bytes.",
         {},
         [](const Source& s) { return count(s.snapshot.status.journal_evicted()); }},
        {"fairlead_replays_total",
         Type::Counter,
         "Replays and snapshots that were asked for.",
         {},
         [](const Source& s) { return count(s.snapshot.status.replays()); }},
        {"fairlead_replays_active",
         Type::Gauge,
         "Replays and snapshots under way.",
         {},
         [](const Source& s) { return count(s.snapshot.status.replays_active()); }},
        {"fairlead_replays_refused_total",
         Type::Counter,
         "Replays that were too many at once.",
         {},
         [](const Source& s) { return count(s.snapshot.status.replays_refused()); }},
        {"fairlead_replayed_messages_total",
         Type::Counter,
         "Messages that were sent again by replays.",
         {},
         [](const Source& s) { return count(s.snapshot.status.replayed_messages()); }},
        {"fairlead_forward_latency_seconds",
         Type::Histogram,
         "From reading a message to its hand-over to ZeroMQ.",
         {},
         [](const Source& s, Samples& samples) { samples.add({}, s.snapshot.status.forward_latency()); }},
        {"fairlead_loop_stalls_total",
         Type::Counter,
         "Turns of the relay loop that took longer than 10 ms.",
         {},
         [](const Source& s) { return count(s.snapshot.status.loop_stalls()); }},
        {"fairlead_loop_longest_turn_seconds",
         Type::Gauge,
         "The longest turn of the relay loop since start.",
         {},
         [](const Source& s) { return count(s.snapshot.status.loop_longest_turn_us()) / 1e6; }},
        {"fairlead_relay_waited_seconds_total",
         Type::Counter,
         "Time in which the relay thread could run and had no processor.",
         {},
         [](const Source& s) { return s.process.first_waited_seconds; }},
        {"fairlead_control_requests_total",
         Type::Counter,
         "Requests of every surface, refused ones among them.",
         {},
         [](const Source& s) { return count(s.snapshot.status.control_requests()); }},
        {"fairlead_control_refused_total",
         Type::Counter,
         "Requests that were ill-formed, too large or too many.",
         {},
         [](const Source& s) { return count(s.snapshot.status.control_refused()); }},
        {"fairlead_config_reloads_total",
         Type::Counter,
         "Reloads of the configuration, by their result.",
         {"result"},
         reloads},
        {"fairlead_config_last_reload_successful",
         Type::Gauge,
         "0 when the last reload was refused.",
         {},
         last_reload_successful},
        {"fairlead_config_loaded_timestamp_seconds",
         Type::Gauge,
         "When the configuration was loaded, in Unix time.",
         {},
         [](const Source& s) { return seconds_of_ns(s.snapshot.status.config_loaded_ns()); }},
        {"fairlead_alerts_raised_total",
         Type::Counter,
         "Alerts that were raised.",
         {},
         [](const Source& s) { return count(s.snapshot.alerts_raised); }},
        {"fairlead_alert_channel_delivered_total",
         Type::Counter,
         "Alerts that the channel has delivered.",
         {"channel"},
         [](const Source& s, Samples& samples) {
             each_channel(s, samples, [](const Channel& channel) { return count(channel.delivered()); });
         }},
        {"fairlead_alert_channel_failed_total",
         Type::Counter,
         "Alerts that it has given up after every retry.",
         {"channel"},
         [](const Source& s, Samples& samples) {
             each_channel(s, samples, [](const Channel& channel) { return count(channel.failed()); });
         }},
        {"fairlead_alert_channel_dropped_total",
         Type::Counter,
         "Alerts for which its queue had no room.",
         {"channel"},
         [](const Source& s, Samples& samples) {
             each_channel(s, samples, [](const Channel& channel) { return count(channel.dropped()); });
         }},
        {"fairlead_alert_queue_depth",
         Type::Gauge,
         "Alerts that wait for delivery.",
         {"channel"},
         [](const Source& s, Samples& samples) {
             each_channel(s, samples, [](const Channel& channel) { return count(channel.queued()); });
         }},
        {"fairlead_alert_queue_capacity",
         Type::Gauge,
         "Alerts that can wait; 0 = the channel has no queue.",
         {"channel"},
         [](const Source& s, Samples& samples) {
             each_channel(s, samples, [](const Channel& channel) { return count(channel.capacity()); });
         }},
        {"fairlead_draining",
         Type::Gauge,
         "1 while the sidecar is ending.",
         {},
         [](const Source& s) { return s.snapshot.status.draining() ? 1.0 : 0.0; }},
        {"fairlead_snapshot_timestamp_seconds",
         Type::Gauge,
         "When these numbers were taken, in Unix time.",
         {},
         [](const Source& s) {
             return seconds_of_ns(static_cast<std::uint64_t>(s.snapshot.taken.time_since_epoch().count()));
         }},
    };
    return table;
}

}  // namespace fairlead::metrics
