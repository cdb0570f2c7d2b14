// What a connection tells of its changes: in-band to those whose data is interrupted, everything on its state topic.
#include "relay/connection.hpp"
#include "relay/convert.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::relay {

using core::ConnectionState;
using core::action::Announce;

void Connection::on_shard_change(Shard& shard, Leg& leg, Upstream& socket, const Announce& change,
                                 ConnectionState before, ConnectionState after) {
    // Of the last failure or loss: what begins afterwards does not hide it.
    if (change.state != ConnectionState::Connecting && change.state != ConnectionState::Connected) {
        last_cause_ = change.cause;
        last_detail_ = change.detail;
    }
    const bool was_up = before == ConnectionState::Connected;
    const bool is_up = after == ConnectionState::Connected;
    if (was_up && !is_up) {
        ready_ = false;
        begin_outage(shard, socket, change);
    }
    if (was_up != is_up || is_single())
        topics_.set_liveness(shard.index(), is_up ? v1::LIVENESS_LIVE : v1::LIVENESS_DOWN);
    if (change.state == ConnectionState::Connected) begin_proof(shard);
    if (!was_up && is_up) shard.liveness.begin_session();
    tell(shard, leg, socket, change, before, after);
    log_change(shard, leg, socket, change);
    if (after == ConnectionState::Failed) shard.told_failed = true;
    if (is_up) shard.told_failed = false;
}

void Connection::account(ConnectionState before, ConnectionState after, const Announce& change) {
    const auto now = services_.clock.now();
    if (before != ConnectionState::Connected && after == ConnectionState::Connected) {
        facts_.opened_at = now;
        facts_.last_opened = services_.clock.wall();
        facts_.reconnect_latency = facts_.lost_at ? now - *facts_.lost_at : core::Duration{0};
        if (facts_.lost_at) {
            ++facts_.reconnects_succeeded;
            facts_.last_reconnect = facts_.last_opened;
            facts_.reconnect_latencies.add(facts_.reconnect_latency);
        }
        facts_.lost_at.reset();
    }
    if (before == ConnectionState::Connected && after != ConnectionState::Connected && facts_.opened_at) {
        facts_.total_uptime += now - *facts_.opened_at;
        facts_.opened_at.reset();
        facts_.lost_at = now;
    }
    if (core::is_failed_attempt(change) && facts_.lost_at) ++facts_.reconnects_failed;
}

// With one socket the change of the socket is the change of the connection. With several, the connection has the state
// of the best one; what happens to the others is told as an event of a connection that stays connected.
void Connection::tell(const Shard& shard, const Leg& leg, const Upstream& socket, const Announce& change,
                      ConnectionState before, ConnectionState after) {
    const auto connection_before = state_;
    state_ = combined_state();
    // Where another socket has taken over from the only one, the connection has not changed.
    const bool is_the_only_one = is_single() && &socket == &leg.current();
    if (is_the_only_one) state_ = change.state;
    account(connection_before, state_, change);
    alert_change(shard, leg, socket, change, connection_before);
    const auto session = socket.facts().number;
    const auto event_of = [&](ConnectionState previous, ConnectionState state) {
        Announce told = change;
        told.previous = previous;
        told.state = state;
        return to_event(config_.id, told, socket.facts(), facts_.reconnect_latency);
    };

    // What interrupts or resumes the data stands in the data; waiting and trying do neither. Failing again after
    // failed_retry_interval is no news to them.
    const bool was_up = before == ConnectionState::Connected;
    const bool is_up = after == ConnectionState::Connected;
    if (was_up && !is_up) tell_in_band(shard.index(), event_of(before, ConnectionState::Disconnected), session);
    if (!was_up && is_up) tell_in_band(shard.index(), event_of(before, after), session);
    if (after == ConnectionState::Failed && before != after && !shard.told_failed)
        tell_in_band(shard.index(), event_of(before, after), session);

    if (is_the_only_one) return tell_state(event_of(change.previous, change.state), shard, leg, session);
    const bool stays_up = connection_before == ConnectionState::Connected && state_ == ConnectionState::Connected;
    if (stays_up) {
        const bool is_edge = change.previous == ConnectionState::Connected ||
                             change.state == ConnectionState::Connected || change.state == ConnectionState::Failed;
        if (is_edge) tell_state(event_of(state_, state_), shard, leg, session);
        return;
    }
    if (connection_before == state_) return;
    if (connection_before == ConnectionState::Connected && state_ != ConnectionState::Disconnected) {
        tell_state(event_of(connection_before, ConnectionState::Disconnected), shard, leg, session);
        return tell_state(event_of(ConnectionState::Disconnected, state_), shard, leg, session);
    }
    tell_state(event_of(connection_before, state_), shard, leg, session);
}

void Connection::tell_in_band(std::uint32_t shard, const v1::ConnectionEvent& event, std::uint32_t session) {
    topics_.for_each_data_topic([&](publish::Topic& topic) {
        if (topic.shard == shard || topic.shard == publish::kEveryShard)
            services_.publisher.state(topic, event, session);
    });
}

void Connection::tell_state(v1::ConnectionEvent event, const Shard& shard, const Leg& leg, std::uint32_t session) {
    event.set_sockets(sockets_wanted());
    event.set_sockets_connected(sockets_connected());
    event.set_shard(shard.index());
    event.set_leg(leg.index());
    services_.publisher.state(topics_.state_topic(), event, session);
}

void Connection::begin_outage(const Shard& shard, const Upstream& socket, const Announce& change) {
    const publish::Outage outage{.from_ns = to_ns(socket.facts().last_heard),
                                 .reason = static_cast<v1::Cause>(change.cause),
                                 .detail = change.detail};
    topics_.for_each_data_topic([&](publish::Topic& topic) {
        if (topic.shard != shard.index() && topic.shard != publish::kEveryShard) return;
        publish::TopicGroup::begin_outage(topic, outage);
        unproved_.erase(&topic);
        sequence_.forget(topic);
    });
}

void Connection::on_shard_ready(Shard&) {
    const bool all = std::ranges::all_of(shards_, [](const auto& entry) { return entry.second->is_ready(); });
    if (all && !ready_) announce_ready();
}

void Connection::announce_ready() {
    const Upstream* socket = connected_socket();
    if (!socket) return;
    ready_ = true;
    v1::ConnectionEvent event;
    event.set_connection(config_.id);
    event.set_state(v1::CONNECTION_STATE_CONNECTED);
    event.set_previous(v1::CONNECTION_STATE_CONNECTED);
    event.set_ready(true);
    event.set_subscriptions(static_cast<std::uint32_t>(pool_.size()));
    event.set_endpoint(socket->facts().open.endpoint);
    event.set_sockets(sockets_wanted());
    event.set_sockets_connected(sockets_connected());
    services_.publisher.state(topics_.state_topic(), event, socket->facts().number);
}

void Connection::on_taken_over(Shard& shard, Leg& leg, const Upstream& old, const core::Rotation::Action& action,
                               bool lost) {
    ++facts_.rotations;
    begin_proof(shard);
    const Upstream& socket = leg.current();
    const auto detail = fmt::format("session {} took over from session {}{}{}", socket.facts().number,
                                    old.facts().number, action.detail.empty() ? "" : ": ", action.detail);
    const bool clean = action.caught_up && !lost;
    services_.log.write(clean ? seam::LogLevel::Info : seam::LogLevel::Warning, config_.id, "rotated",
                        {{"cause", core::to_string(action.cause)},
                         {"detail", detail},
                         {"caught_up", clean ? "yes" : "no"},
                         {"endpoint", socket.facts().open.endpoint}});
    const Announce change{.previous = ConnectionState::Connected,
                          .state = ConnectionState::Connected,
                          .cause = lost ? core::Cause::Rotation : action.cause,
                          .detail = detail};
    auto event = to_event(config_.id, change, socket.facts(), core::Duration{0});
    event.set_ready(ready_ && socket.is_ready());
    tell_state(std::move(event), shard, leg, socket.facts().number);
}

void Connection::on_rotation_abandoned(Shard& shard, Leg& leg, const core::Rotation::Action& action) {
    ++facts_.rotations_failed;
    (void)shard;
    services_.log.write(seam::LogLevel::Warning, config_.id, "rotation_abandoned",
                        {{"cause", core::to_string(action.cause)},
                         {"detail", action.detail},
                         {"leg", config_.legs > 1 ? fmt::to_string(leg.index()) : ""}});
}

// One line for each edge. An attempt that fails as the last one did is told at debug level only.
void Connection::log_change(const Shard& shard, const Leg& leg, const Upstream& socket, const Announce& change) {
    const SessionFacts& facts = socket.facts();
    std::string failure = fmt::format("{} {}", core::to_string(change.cause), change.detail);
    auto level = seam::LogLevel::Info;
    if (change.state == ConnectionState::Connecting) level = seam::LogLevel::Debug;
    if (change.state == ConnectionState::Failed)
        level = shard.told_failed ? seam::LogLevel::Debug : seam::LogLevel::Error;
    const bool wanted = change.cause == core::Cause::Shutdown || change.cause == core::Cause::Command;
    if (change.state == ConnectionState::Disconnected && !wanted) level = seam::LogLevel::Warning;
    if (change.state == ConnectionState::Reconnecting && !wanted) level = seam::LogLevel::Warning;
    if (change.state == ConnectionState::Reconnecting && failure == last_logged_) level = seam::LogLevel::Debug;
    if (change.state == ConnectionState::Connected)
        last_logged_.clear();
    else if (change.state != ConnectionState::Connecting)
        last_logged_ = std::move(failure);

    const auto attempt = fmt::to_string(change.attempt);
    const auto wait = fmt::format("{}ms", std::chrono::ceil<std::chrono::milliseconds>(change.retry_in).count());
    const auto session = fmt::to_string(facts.number);
    const auto which = fmt::format("{}.{}", shard.index(), leg.index());
    const bool waits = change.state == ConnectionState::Reconnecting;
    const bool open = change.state == ConnectionState::Connected;
    services_.log.write(level, config_.id, core::to_string(change.state),
                        {{"previous", core::to_string(change.previous)},
                         {"cause", core::to_string(change.cause)},
                         {"detail", change.detail},
                         {"socket", is_single() ? "" : which},
                         {"attempt", change.attempt > 0 ? attempt : ""},
                         {"retry_in", waits ? wait : ""},
                         {"endpoint", open ? facts.open.endpoint : ""},
                         {"session", open ? session : ""}});
}

}  // namespace fairlead::relay
