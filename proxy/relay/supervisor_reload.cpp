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
    if (!dry_run) network_ = config.network;
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
    tell(result, id, to_string(plan.action), plan.detail);
    if (dry_run) return;
    services_.log.write(seam::LogLevel::Info, id, "reloaded",
                        {{"action", to_string(plan.action)}, {"detail", plan.detail}});
    if (plan.action != ReloadAction::Replace) return running->apply(wanted, plan);
    take_away(id, core::Cause::Reload, "settings have changed: " + plan.detail);
    make(wanted).start();
    configured_.insert(id);
}

}  // namespace fairlead::relay
