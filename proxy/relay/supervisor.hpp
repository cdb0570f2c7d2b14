// Which connections exist. Everything that asks or commands them comes through here.
#pragma once

#include "config/config.hpp"
#include "core/rate_limit.hpp"
#include "fairlead/v1/control.pb.h"
#include "relay/connection.hpp"
#include "relay/outcome.hpp"
#include "relay/services.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace fairlead::relay {

// Relay thread only.
class Supervisor {
public:
    Supervisor(const config::Config& config, const Services& services);
    ~Supervisor();

    // Connects everything and begins the heartbeats.
    void start();
    // Closes every socket with 1001 and ends every topic. Nothing can be added afterwards.
    void shut_down();

    // Whether reload() can do all that `config` wants; else why not. Any problem has to be found here: reload() must
    // not be called then.
    Outcome may_reload(const config::Config& config) const;
    // Applies another configuration, or with `dry_run` only tells what would change. Connections that were added by
    // command stay as they are.
    void reload(const config::Config& config, bool dry_run, v1::ReloadResult& result);

    // Consumers subscribe to this prefix of topics, or do not any more. Once for each edge.
    void demand(std::string_view prefix, bool wanted);

    // By command: until it is removed, or the process ends.
    Outcome add(config::ConnectionConfig config);
    Outcome remove(const std::string& id);
    // Null = no connection of that name. Valid until it is removed.
    Connection* find(const std::string& id);

    // Of the connection `id`, or of all when it is empty. NotFound leaves the list empty.
    Outcome describe(const std::string& id, v1::Connections& list) const;
    Outcome describe(const std::string& id, v1::Subscriptions& list) const;
    // What the supervisor knows of the process: connections, messages, topics.
    void describe(v1::Status& status) const;

    const config::NetworkConfig& network_defaults() const { return network_; }
    // Where profiles of one's own are, for connections that are added by command.
    const std::vector<std::string>& profile_directories() const { return profile_directories_; }

    static constexpr std::size_t kMaxConnections = 1'000;
    static constexpr double kAdditionsPerSecond = 5;
    static constexpr double kAdditionsAtOnce = 200;

private:
    void heartbeat();
    Connection& make(config::ConnectionConfig config);
    void demand_again(Connection& made);
    void take_away(const std::string& id, core::Cause cause, const std::string& detail);
    void reload_removed(const config::Config& config, bool dry_run, v1::ReloadResult& result);
    void replace(Connection& running, const config::ConnectionConfig& wanted, const ReloadPlan& plan);
    void reload_one(const config::ConnectionConfig& wanted, bool dry_run, v1::ReloadResult& result);
    template <class List>
    Outcome describe_each(const std::string& id, List& list) const;

    const Services& services_;
    config::NetworkConfig network_;
    std::vector<std::string> profile_directories_;
    const core::Duration heartbeat_interval_;
    std::map<std::string, std::unique_ptr<Connection>> connections_;
    std::set<std::string> configured_;  // those of the configuration file
    // Connection -> the channels that consumers subscribe to: for connections that come later, too.
    std::map<std::string, std::set<std::string>> demanded_;
    std::unique_ptr<seam::Timer> heartbeat_timer_;
    core::SteadyTime next_heartbeat_{};
    const core::SteadyTime started_;
    // Of connections that were removed: totals never shrink.
    std::uint64_t past_messages_ = 0;
    std::uint64_t past_bytes_ = 0;
    core::RateLimit additions_;  // adding and removing in turns must not become a storm of attempts
    bool shut_down_ = false;
};

}  // namespace fairlead::relay
