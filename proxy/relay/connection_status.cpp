// What a connection tells operators of itself.
#include "relay/connection.hpp"
#include "relay/convert.hpp"

#include <algorithm>

namespace fairlead::relay {
namespace {

using core::ConnectionState;

void describe_socket(const config::ConnectionConfig& config, const Shard& shard, const Leg& leg, const Upstream& socket,
                     v1::SocketStatus& status) {
    const SessionFacts& facts = socket.facts();
    status.set_shard(shard.index());
    status.set_leg(leg.index());
    status.set_successor(&socket == leg.next());
    status.set_status(to_proto(socket.state()));
    status.set_url(config.urls[std::min(socket.url_index(), config.urls.size() - 1)].display());
    status.set_endpoint(facts.open.endpoint);
    status.set_session(facts.number);
    status.set_messages(facts.messages);
    status.set_bytes(facts.bytes);
    status.set_wins(socket.counters.wins);
    status.set_losses(socket.counters.losses);
    if (socket.counters.losses > 0) {
        const auto mean = socket.counters.delay / static_cast<std::int64_t>(socket.counters.losses);
        status.set_mean_delay_us(static_cast<std::uint64_t>(mean / std::chrono::microseconds{1}));
    }
    status.set_subscriptions(static_cast<std::uint32_t>(socket.intent().size()));
    status.set_ping_round_trip_us(static_cast<std::uint64_t>(facts.round_trip / std::chrono::microseconds{1}));
    status.set_consecutive_failures(socket.session().consecutive_failures());
    status.set_last_cause(static_cast<v1::Cause>(socket.last_cause()));
    status.set_last_detail(socket.last_detail());
    status.set_venue_pings(facts.venue_pings);
    if (socket.is_connected()) status.set_connected_ns(to_ns(facts.last_opened));
}

}  // namespace

void Connection::describe(v1::Connections& list) const {
    v1::ConnectionStatus& status = *list.add_connections();
    const auto now = services_.clock.now();
    SocketTotals totals = past_;
    unsigned failures = 0;
    const Upstream* shown = nullptr;  // the first that is connected, else the first
    std::optional<core::SteadyTime> next_attempt;
    for (const auto& [index, shard] : shards_) {
        totals.add(shard->totals());
        for (const auto& leg : shard->legs()) {
            for (const Upstream* socket : {static_cast<const Upstream*>(&leg->current()), leg->next()}) {
                if (socket) describe_socket(config_, *shard, *leg, *socket, *status.add_sockets());
            }
            const Upstream& current = leg->current();
            failures = std::max(failures, current.session().consecutive_failures());
            if (!shown || (current.is_connected() && !shown->is_connected())) shown = &current;
            const auto deadline = current.session().next_deadline();
            const bool waits = current.state() == ConnectionState::Reconnecting && deadline;
            if (waits && (!next_attempt || *deadline < *next_attempt)) next_attempt = deadline;
        }
    }
    const SessionFacts& facts = shown->facts();
    status.set_id(config_.id);
    status.set_url(config_.urls[std::min(shown->url_index(), config_.urls.size() - 1)].display());
    status.set_profile(config_.profile);
    status.set_status(to_proto(state_));
    status.set_last_connected_ns(to_ns(facts_.last_opened));
    status.set_reconnect_attempts(static_cast<std::uint32_t>(totals.reconnects));
    status.set_consecutive_failures(failures);
    const auto open_for = facts_.opened_at ? now - *facts_.opened_at : core::Duration{0};
    status.set_total_uptime_ms(to_ms(facts_.total_uptime + open_for));
    status.set_last_reconnect_latency_ms(to_ms(facts_.reconnect_latency));
    status.set_session(facts.number);
    status.set_endpoint(facts.open.endpoint);
    status.set_tls(facts.open.tls);
    status.set_last_cause(static_cast<v1::Cause>(last_cause_));
    status.set_last_detail(last_detail_);
    status.set_messages(facts_.messages);
    status.set_bytes(facts_.bytes);
    status.set_last_message_ns(to_ns(facts_.last_message));
    status.set_ping_round_trip_us(static_cast<std::uint64_t>(facts.round_trip / std::chrono::microseconds{1}));
    if (state_ == ConnectionState::Reconnecting && next_attempt && *next_attempt > now)
        status.set_retry_in_ms(to_ms(*next_attempt - now));
    status.set_paused(paused_);
    status.set_liveness(topics_.overall());
    status.set_topics(static_cast<std::uint32_t>(topics_.size()));
    status.set_unrouted(unrouted_);
    status.set_successful_connects(totals.opens);
    status.set_failed_attempts(totals.failed_attempts);
    status.set_compressed_bytes(totals.inflation.compressed_bytes);
    status.set_inflated_bytes(totals.inflation.inflated_bytes);
    status.set_inflate_us(static_cast<std::uint64_t>(totals.inflation.took / std::chrono::microseconds{1}));
    status.set_ready(ready_);
    status.set_max_retries(config_.network.max_retries);
    status.set_rotations(facts_.rotations);
    status.set_rotations_failed(facts_.rotations_failed);
    status.set_duplicates_dropped(facts_.duplicates);
    status.set_venue_gaps(sequence_.counters().gaps);
    status.set_venue_repeats(sequence_.counters().repeats);
    status.set_venue_resets(sequence_.counters().resets);
    status.set_venue_out_of_order(sequence_.counters().out_of_order);
    describe_numbers(status);
}

}  // namespace fairlead::relay
