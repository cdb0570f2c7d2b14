#include "relay/supervisor.hpp"

#include "relay/convert.hpp"
#include "relay/histogram.hpp"

#include <fmt/format.h>

namespace fairlead::relay {

Supervisor::Supervisor(const config::Config& config, const Services& services)
    : services_(services),
      network_(config.network),
      profile_directories_(config.profiles.directories),
      heartbeat_interval_(config.stream.heartbeat_interval),
      started_(services.clock.now()),
      additions_(kAdditionsPerSecond, kAdditionsAtOnce, started_) {
    heartbeat_timer_ = services_.timers.create([this] { heartbeat(); });
    for (const auto& [id, connection] : config.connections) {
        make(connection);
        configured_.insert(id);
    }
}

Supervisor::~Supervisor() = default;

void Supervisor::start() {
    for (auto& [id, connection] : connections_)
        connection->start();
    next_heartbeat_ = services_.clock.now() + heartbeat_interval_;
    heartbeat_timer_->arm(next_heartbeat_);
}

void Supervisor::heartbeat() {
    for (auto& [id, connection] : connections_)
        connection->tick();
    services_.publisher.tick();
    // After a stall the beats that were missed are not made up for.
    next_heartbeat_ = std::max(next_heartbeat_ + heartbeat_interval_, services_.clock.now());
    heartbeat_timer_->arm(next_heartbeat_);
}

void Supervisor::shut_down() {
    if (shut_down_) return;
    shut_down_ = true;
    heartbeat_timer_->cancel();
    for (auto& [id, connection] : connections_) {
        connection->stop(core::Cause::Shutdown, "fairlead is ending");
        connection->set_end_code(v1::END_CODE_SHUTDOWN);
    }
    connections_.clear();
}

Outcome Supervisor::add(config::ConnectionConfig config) {
    if (shut_down_) return {v1::CODE_UNAVAILABLE, "fairlead is ending"};
    if (connections_.contains(config.id))
        return {v1::CODE_EXISTS,
                fmt::format("connection `{}` exists: remove it first, or choose another id", config.id)};
    if (connections_.size() >= kMaxConnections)
        return {v1::CODE_LIMITED, fmt::format("{} connections is the most for one sidecar", kMaxConnections)};
    if (!additions_.allow(services_.clock.now()))
        return {v1::CODE_LIMITED, "too many connections were added in a short time: wait a second"};
    if (!services_.publisher.may_open_topic())
        return {v1::CODE_LIMITED, "too many topics are open: remove connections, or lower their max_topics"};
    const std::string id = config.id;
    Connection& connection = make(std::move(config));
    demand_again(connection);
    services_.log.write(seam::LogLevel::Info, id, "added", {{"cause", "command"}});
    connection.start();
    return {v1::CODE_OK, fmt::format("connection `{}` added: connecting", id)};
}

Outcome Supervisor::remove(const std::string& id) {
    if (!connections_.contains(id)) return {v1::CODE_NOT_FOUND, fmt::format("no connection `{}`", id)};
    take_away(id, core::Cause::Command, "removed by command");
    return {v1::CODE_OK, fmt::format("connection `{}` removed", id)};
}

Connection& Supervisor::make(config::ConnectionConfig config) {
    const std::string id = config.id;
    return *connections_.emplace(id, std::make_unique<Connection>(std::move(config), services_)).first->second;
}

// What consumers wanted of a connection of that name before it came.
void Supervisor::demand_again(Connection& made) {
    const auto found = demanded_.find(made.id());
    if (found == demanded_.end()) return;
    for (const auto& channel : found->second)
        made.demand(channel, true);
}

void Supervisor::demand(std::string_view prefix, bool wanted) {
    auto topic = core::demanded_topic(prefix);
    if (!topic) return;
    auto& channels = demanded_[topic->connection];
    const bool is_edge = wanted ? channels.insert(topic->channel).second : channels.erase(topic->channel) > 0;
    if (channels.empty()) demanded_.erase(topic->connection);
    if (!is_edge || shut_down_) return;
    if (Connection* connection = find(topic->connection)) connection->demand(topic->channel, wanted);
}

void Supervisor::take_away(const std::string& id, core::Cause cause, const std::string& detail) {
    const auto found = connections_.find(id);
    found->second->stop(cause, detail);
    past_messages_ += found->second->facts().messages;
    past_bytes_ += found->second->facts().bytes;
    connections_.erase(found);
    configured_.erase(id);
    services_.log.write(seam::LogLevel::Info, id, "removed", {{"cause", core::to_string(cause)}});
}

Connection* Supervisor::find(const std::string& id) {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}

template <class List>
Outcome Supervisor::describe_each(const std::string& id, List& list) const {
    if (id.empty()) {
        for (const auto& [name, connection] : connections_)
            connection->describe(list);
        return {};
    }
    const auto found = connections_.find(id);
    if (found == connections_.end()) return {v1::CODE_NOT_FOUND, fmt::format("no connection `{}`", id)};
    found->second->describe(list);
    return {};
}

Outcome Supervisor::describe(const std::string& id, v1::Connections& list) const {
    return describe_each(id, list);
}

Outcome Supervisor::describe(const std::string& id, v1::Subscriptions& list) const {
    return describe_each(id, list);
}

void Supervisor::describe(v1::Status& status) const {
    std::uint64_t messages = past_messages_;
    std::uint64_t bytes = past_bytes_;
    std::uint32_t connected = 0;
    std::uint32_t failed = 0;
    for (const auto& [id, connection] : connections_) {
        messages += connection->facts().messages;
        bytes += connection->facts().bytes;
        connected += connection->state() == core::ConnectionState::Connected ? 1 : 0;
        failed += connection->state() == core::ConnectionState::Failed ? 1 : 0;
    }
    status.set_epoch(services_.publisher.epoch());
    status.set_uptime_ms(to_ms(services_.clock.now() - started_));
    status.set_connections(static_cast<std::uint32_t>(connections_.size()));
    status.set_connected(connected);
    status.set_failed(failed);
    status.set_messages(messages);
    status.set_bytes(bytes);
    status.set_published(services_.publisher.counters().published);
    status.set_slow_consumer_episodes(services_.publisher.counters().slow_consumer_episodes);
    status.set_topics(static_cast<std::uint32_t>(services_.publisher.topics()));
    to_proto(services_.publisher.forward_latency(), *status.mutable_forward_latency());
    const auto& by_kind = services_.publisher.counters().by_kind;
    auto& published = *status.mutable_published_by_kind();
    published["data"] = by_kind[v1::KIND_DATA];
    published["state"] = by_kind[v1::KIND_STATE];
    published["gap"] = by_kind[v1::KIND_GAP];
    published["heartbeat"] = by_kind[v1::KIND_HEARTBEAT];
    published["alert"] = by_kind[v1::KIND_ALERT];
    published["end"] = by_kind[v1::KIND_END];
}

}  // namespace fairlead::relay
