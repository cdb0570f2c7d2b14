// Another configuration for a running relay: each connection gets what has changed for it, and no more.
#include "relay/supervisor.hpp"

#include <fmt/format.h>

#include <cassert>

namespace fairlead::relay {
namespace {

void tell(v1::ReloadResult& result, const std::string& connection, std::string_view action, std::string detail) {
    auto& change = *result.add_changes();
    change.set_connection(connection);
    change.set_action(std::string(action));
    change.set_detail(std::move(detail));
}

}  // namespace

Outcome Supervisor::may_reload(const config::Config& config) const {
    for (const auto& [id, wanted] : config.connections) {
        const auto running = connections_.find(id);
        if (running == connections_.end() || !configured_.contains(id)) continue;
        const Connection& connection = *running->second;
        const auto plan = plan_reload(connection.config(), wanted);
        if (plan.action == ReloadAction::Keep) continue;
        const auto outcome = connection.has_room_for(wanted, plan);
        if (outcome.code != v1::CODE_OK)
            return {v1::CODE_UNAVAILABLE, fmt::format("connection `{}`: {}", id, outcome.message)};
    }
    return {};
}

void Supervisor::reload(const config::Config& config, bool dry_run, v1::ReloadResult& result) {
    if (shut_down_) return;
    if (!dry_run) {
        network_ = config.network;
        profile_directories_ = config.profiles.directories;
    }
    reload_removed(config, dry_run, result);
    for (const auto& entry : config.connections)
        reload_one(entry.second, dry_run, result);
    result.set_applied(!dry_run);
}

void Supervisor::reload_removed(const config::Config& config, bool dry_run, v1::ReloadResult& result) {
    const auto configured = configured_;
    for (const auto& id : configured) {
        if (config.connections.contains(id)) continue;
        tell(result, id, "removed", "it is not in the file any more");
        if (!dry_run) take_away(id, core::Cause::Reload, "removed from the configuration");
    }
}

void Supervisor::reload_one(const config::ConnectionConfig& wanted, bool dry_run, v1::ReloadResult& result) {
    const std::string& id = wanted.id;
    Connection* running = find(id);
    if (running && !configured_.contains(id))
        return tell(result, id, "kept", "a connection of this name was added by command: remove it first");
    if (!running) {
        tell(result, id, "added", "");
        if (dry_run) return;
        Connection& made = make(wanted);
        demand_again(made);
        made.start();
        configured_.insert(id);
        services_.log.write(seam::LogLevel::Info, id, "added", {{"cause", "reload"}});
        return;
    }
    const auto plan = plan_reload(running->config(), wanted);
    if (plan.action == ReloadAction::Keep) return;
    if (dry_run) return tell(result, id, to_string(plan.action), plan.detail);
    services_.log.write(seam::LogLevel::Info, id, "reloaded",
                        {{"action", to_string(plan.action)}, {"detail", plan.detail}});
    if (plan.action == ReloadAction::Replace)
        replace(*running, wanted, plan);
    else
        running->apply(wanted, plan);
    tell(result, id, to_string(plan.action), plan.detail);
}

// What commands have made of it stays: further subscriptions, before consumers take the room, and a pause.
void Supervisor::replace(Connection& running, const config::ConnectionConfig& wanted, const ReloadPlan& plan) {
    const std::string id = wanted.id;
    const auto subscriptions = running.subscriptions_by_command();
    const bool is_paused = running.is_paused();
    take_away(id, core::Cause::Reload, "settings have changed: " + plan.detail);
    Connection& made = make(wanted);
    configured_.insert(id);
    if (!subscriptions.empty())
        made.subscribe(subscriptions, [](const Outcome& outcome) {
            assert(outcome.code == v1::CODE_OK);
            (void)outcome;
        });
    demand_again(made);
    if (is_paused)
        made.pause();
    else
        made.start();
}

}  // namespace fairlead::relay
