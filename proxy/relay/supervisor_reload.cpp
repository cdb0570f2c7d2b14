// Another configuration for a running relay: each connection gets what has changed for it, and no more.
#include "relay/supervisor.hpp"

#include <fmt/format.h>

namespace fairlead::relay {
namespace {

void tell(v1::ReloadResult& result, const std::string& connection, std::string_view action, std::string detail) {
    auto& change = *result.add_changes();
    change.set_connection(connection);
    change.set_action(std::string(action));
    change.set_detail(std::move(detail));
}

}  // namespace

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
        make(wanted).start();
        configured_.insert(id);
        services_.log.write(seam::LogLevel::Info, id, "added", {{"cause", "reload"}});
        return;
    }
    const auto plan = plan_reload(running->config(), wanted);
    if (plan.action == ReloadAction::Keep) return;
    if (dry_run) return tell(result, id, to_string(plan.action), plan.detail);
    services_.log.write(seam::LogLevel::Info, id, "reloaded",
                        {{"action", to_string(plan.action)}, {"detail", plan.detail}});
    const auto outcome =
        plan.action == ReloadAction::Replace ? replace(*running, wanted, plan) : running->apply(wanted, plan);
    const bool done = outcome.code == v1::CODE_OK;
    tell(result, id, to_string(plan.action), done ? plan.detail : plan.detail + "; " + outcome.message);
}

// What commands have made of it stays: further subscriptions, and a pause.
Outcome Supervisor::replace(Connection& running, const config::ConnectionConfig& wanted, const ReloadPlan& plan) {
    const std::string id = wanted.id;
    const auto subscriptions = running.subscriptions_by_command();
    const bool is_paused = running.is_paused();
    take_away(id, core::Cause::Reload, "settings have changed: " + plan.detail);
    Connection& made = make(wanted);
    configured_.insert(id);
    Outcome outcome;
    if (!subscriptions.empty()) {
        made.subscribe(subscriptions, [&outcome](const Outcome& result) {
            if (result.code != v1::CODE_OK) outcome = result;
        });
    }
    if (is_paused)
        made.pause();
    else
        made.start();
    return outcome;
}

}  // namespace fairlead::relay
