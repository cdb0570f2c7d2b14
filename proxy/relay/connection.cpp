#include "relay/connection.hpp"

#include "relay/convert.hpp"

#include <algorithm>

namespace fairlead::relay {

using core::ConnectionState;

namespace {

publish::GroupOptions group_options(const config::ConnectionConfig& config) {
    return {.max_topics = config.max_topics,
            .last_value = config.last_value,
            .venue_step = config.sequence.tells_previous() ? 0 : config.sequence.step};
}

}  // namespace

Connection::Connection(config::ConnectionConfig config, const Services& services)
    : config_(std::move(config)),
      services_(services),
      venue_(config_),
      pool_(config::pool_settings(config_)),
      demand_(demand_settings()),
      topics_(services.publisher.open_group(config_.id, group_options(config_))),
      single_topic_(venue_.has_single_channel() ? &topics_.data_topic(venue::Venue::kSingleChannel) : nullptr) {
    shard_at(0);
    for (const auto& subscription : config_.subscriptions) {
        const auto placed = pool_.place(subscription.written());
        wanted_by_[subscription.written()] |= kByConfig;
        if (placed.added) shard_at(placed.shard).add(subscription.written());
    }
}

Connection::~Connection() {
    shards_.clear();
    services_.publisher.close_group(topics_, end_code_);
}

void Connection::start() {
    running_ = true;
    for (auto& [index, shard] : shards_)
        shard->start();
}

void Connection::stop(core::Cause cause, const std::string& detail) {
    running_ = false;
    for (auto& [index, shard] : shards_)
        shard->stop(cause, detail);
    facts_.lost_at.reset();  // a rest that was asked for is no outage
    alert({.edge = core::AlertEdge::Closed});
}

void Connection::tick() {
    const auto now = services_.clock.now();
    apply(demand_.tick(now));
    place_again();
    const bool looks = now - looked_at_ >= look_interval(config_);
    if (looks) looked_at_ = now;
    for (auto& [index, shard] : shards_) {
        shard->tick();
        if (looks) look_after(*shard);
        const Upstream* socket = shard->connected_socket();
        if (!socket || config_.stale_after <= core::Duration{0}) continue;
        const auto since = shard->last_data().value_or(*socket->facts().opened_at);
        const bool silent = now - since > config_.stale_after / 2;
        topics_.set_liveness(index, silent ? v1::LIVENESS_STALE : v1::LIVENESS_LIVE);
    }
    alert_staleness();
}

ConnectionState Connection::combined_state() const {
    auto best = ConnectionState::Disconnected;
    for (const auto& entry : shards_)
        best = core::better(entry.second->state(), best);
    return best;
}

std::uint32_t Connection::sockets_wanted() const {
    return static_cast<std::uint32_t>(shards_.size() * config_.legs);
}

std::uint32_t Connection::sockets_connected() const {
    std::uint32_t connected = 0;
    for (const auto& entry : shards_)
        connected += entry.second->connected_sockets();
    return connected;
}

Upstream* Connection::connected_socket() {
    for (auto& entry : shards_)
        if (Upstream* socket = entry.second->connected_socket()) return socket;
    return nullptr;
}

}  // namespace fairlead::relay
