// One connection of the configuration: its subscriptions over one or several sockets, its topics, its face to
// operators. Messages pass through here to the publisher; changes of state become events in-band.
#pragma once

#include "config/config.hpp"
#include "core/demand.hpp"
#include "core/histogram.hpp"
#include "core/pool.hpp"
#include "fairlead/v1/control.pb.h"
#include "publish/topic_group.hpp"
#include "relay/disconnects.hpp"
#include "relay/outcome.hpp"
#include "relay/reload.hpp"
#include "relay/sequence_watch.hpp"
#include "relay/services.hpp"
#include "relay/shard.hpp"
#include "venue/venue.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace fairlead::relay {

// Numbers about the connection as a whole, for status and metrics.
struct ConnectionFacts {
    std::optional<core::SteadyTime> opened_at{};  // connected since, on any socket
    std::optional<core::SteadyTime> lost_at{};    // of the last loss, until the next connection
    core::WallTime last_opened{};
    core::Duration total_uptime{};       // of past connections
    core::Duration reconnect_latency{};  // from the last loss to the present connection
    core::WallTime last_message{};
    std::uint64_t messages = 0;  // that left
    std::uint64_t bytes = 0;
    std::uint64_t duplicates = 0;  // copies from another socket, dropped
    std::uint64_t rotations = 0;   // completed
    std::uint64_t rotations_failed = 0;
    std::uint64_t rejected = 0;              // subscriptions, by the venue
    std::uint64_t repairs = 0;               // of channels that had died
    Disconnects disconnects{};               // of every socket
    std::uint64_t reconnects_succeeded = 0;  // of the connection as a whole: returns after a loss
    std::uint64_t reconnects_failed = 0;     // attempts after a loss that failed
    core::WallTime last_reconnect{};
    core::ReconnectLatency reconnect_latencies{core::kReconnectLatencyBounds};
};

// Relay thread only.
class Connection final : private ShardOwner {
public:
    Connection(config::ConnectionConfig config, const Services& services);
    // Ends its topics; an open socket is closed with 1000.
    ~Connection() override;

    void start();
    // For the end of the process or the removal of the connection; its topics have not ended yet.
    void stop(core::Cause cause, const std::string& detail);
    // Tells END on its topics when it is destroyed; the default is REMOVED.
    void set_end_code(v1::EndCode code) { end_code_ = code; }

    Outcome pause();
    Outcome resume();
    // Without `hard`, make-before-break wherever a socket is connected.
    Outcome reconnect(bool hard);
    Outcome rotate();
    void subscribe(const std::vector<std::string>& texts, Done done);
    Outcome unsubscribe(const std::vector<std::string>& texts);
    // A consumer wants this topic, or no consumer wants it any more; `channel` as the venue writes it.
    void demand(std::string_view channel, bool wanted);
    void send(std::string_view payload, bool binary, Done done);

    // Whether the sockets can carry the subscriptions of `wanted` when `plan` has been done, beside those that commands
    // and, unless it is a Replace, consumers have added. Changes nothing.
    Outcome has_room_for(const config::ConnectionConfig& wanted, const ReloadPlan& plan) const;
    // Takes the settings of `plan`, which is no Replace. There is room for its subscriptions.
    void apply(config::ConnectionConfig config, const ReloadPlan& plan);
    // What a command has added to those of the configuration.
    std::vector<std::string> subscriptions_by_command() const;
    bool is_paused() const { return paused_; }

    void describe(v1::Connections& list) const;
    void describe(v1::Subscriptions& list) const;
    // Once in each heartbeat interval.
    void tick();

    const std::string& id() const { return config_.id; }
    const config::ConnectionConfig& config() const { return config_; }
    core::ConnectionState state() const { return state_; }
    const ConnectionFacts& facts() const { return facts_; }

    static constexpr std::size_t kMaxSubscriptions = Upstream::kMaxSubscriptions;
    static constexpr std::size_t kMaxDemanded = 5'000;  // topics that are subscribed on demand, at once
    static constexpr std::size_t kMaxSubscriptionBytes = std::size_t{64} << 10;  // of one text
    static constexpr std::size_t kMaxWaiting = 1'000;                            // replies that wait for the socket

private:
    std::uint32_t next_session() override { return ++sessions_; }
    void on_shard_message(Shard& shard, Leg& leg, Upstream& socket, const Arrival& arrival) override;
    void on_shard_change(Shard& shard, Leg& leg, Upstream& socket, const core::action::Announce& change,
                         core::ConnectionState before, core::ConnectionState after) override;
    void on_disconnect(core::Cause cause, std::uint16_t close_code) override {
        facts_.disconnects.add(cause, close_code);
    }
    void on_shard_ready(Shard& shard) override;
    void on_shard_subscription(Shard& shard, Leg& leg, const core::SubscriptionFlow::Change& change) override;
    void on_held(Shard& shard, publish::Topic& topic, const core::HeldMessage& message) override;
    void on_unproved(Shard& shard, publish::Topic& topic, core::Cause cause, const std::string& detail) override;
    void on_taken_over(Shard& shard, Leg& leg, const Upstream& old, const core::Rotation::Action& action,
                       bool lost) override;
    void on_rotation_abandoned(Shard& shard, Leg& leg, const core::Rotation::Action& action) override;

    // connection_messages.cpp
    struct Leaving;
    publish::Topic& topic_of(const venue::Facts& facts);
    void offer(Shard& shard, Leg& leg, Upstream& socket, publish::Topic& topic, const Arrival& arrival);
    void leave(publish::Topic& topic, const Arrival& arrival, Leg* leg);
    bool check_sequence(publish::Topic& topic, const Arrival& arrival, Leg* leg, std::uint64_t& venue_sequence);
    void repair(publish::Topic& topic, Leg* leg);

    // connection_events.cpp
    void account(core::ConnectionState before, core::ConnectionState after, const core::action::Announce& change);
    void tell(const Shard& shard, const Leg& leg, const Upstream& socket, const core::action::Announce& change,
              core::ConnectionState before, core::ConnectionState after);
    void tell_in_band(std::uint32_t shard, const v1::ConnectionEvent& event, std::uint32_t session);
    void tell_state(v1::ConnectionEvent event, const Shard& shard, const Leg& leg, std::uint32_t session);
    void begin_outage(const Shard& shard, const Upstream& socket, const core::action::Announce& change);
    void log_change(const Shard& shard, const Leg& leg, const Upstream& socket, const core::action::Announce& change);
    void announce_ready();

    // connection_commands.cpp
    Outcome revive();
    Shard& shard_at(core::Pool::Shard index);
    // False = too many replies wait already, and `done` has been told.
    bool may_wait(const Done& done) const;

    // connection_subscriptions.cpp
    static constexpr unsigned kByConfig = 1;
    static constexpr unsigned kByCommand = 2;
    static constexpr unsigned kByDemand = 4;
    struct Wanted {
        Outcome outcome{};
        std::size_t added = 0;
        std::set<Shard*> touched{};
    };
    struct Dropped {
        std::size_t found = 0;
        std::size_t removed = 0;
        bool is_free = true;  // no open socket carries it any more, or will soon
    };
    struct Reached {
        std::string text{};
        bool refused = false;  // all of them
    };
    Wanted want(const std::vector<std::string>& topics, unsigned source);
    Wanted keep(const std::vector<std::string>& topics, unsigned source);
    Dropped drop(const std::vector<std::string>& topics, unsigned sources);
    std::vector<std::string> not_wanted_any_more(const config::ConnectionConfig& wanted) const;
    Reached states_of(const std::vector<std::string>& topics) const;
    void describe(const std::string& topic, const Shard& shard, v1::SubscriptionStatus& entry) const;
    const core::FlowTopic* find_subscription(std::string_view topic) const;
    void prove(publish::Topic& topic);
    void begin_proof(const Shard& shard);
    void begin_proof(std::string_view channel);
    void look_after(Shard& shard);
    void act_on(Shard& shard, const core::LivenessChange& change);
    core::DemandSettings demand_settings() const;
    void apply(const core::Demand::Changes& changes);
    void place(const std::vector<std::string>& demanded);
    void place_again();
    void wait_until_settled(const std::vector<Upstream*>& sockets, std::function<void(bool handed)> done);

    // connection_alerts.cpp
    void alert(core::AlertInput input) const;
    void alert_change(const Shard& shard, const Leg& leg, const Upstream& socket, const core::action::Announce& change,
                      core::ConnectionState connection_before) const;
    void alert_staleness();

    // connection_numbers.cpp
    void describe_numbers(v1::ConnectionStatus& status) const;

    core::ConnectionState combined_state() const;
    std::uint32_t sockets_wanted() const;
    std::uint32_t sockets_connected() const;
    bool is_single() const { return sockets_wanted() == 1; }
    Upstream* connected_socket();

    config::ConnectionConfig config_;
    const Services& services_;
    venue::Venue venue_;
    core::Pool pool_;
    core::Demand demand_;
    std::set<std::string, std::less<>> unplaced_;                              // demanded, but there was no room
    std::string place_next_;                                                   // of those
    std::map<std::string, unsigned, std::less<>> wanted_by_;                   // subscription -> who wants it
    std::map<std::string, core::SubscriptionState, std::less<>> exceptional_;  // refused or stale, as told
    publish::TopicGroup& topics_;
    publish::Topic* single_topic_;  // of a connection with one channel; else null
    std::map<std::uint32_t, std::unique_ptr<Shard>> shards_;
    SequenceWatch sequence_;
    std::unordered_set<publish::Topic*> unproved_;  // owe a gap that a venue number can still disprove
    ConnectionFacts facts_;
    SocketTotals past_;                                                  // of shards that were given up
    core::ConnectionState state_ = core::ConnectionState::Disconnected;  // of the best socket, as told last
    core::SteadyTime looked_at_{};                                       // at its channels
    std::uint32_t sessions_ = 0;
    std::uint64_t unrouted_ = 0;
    std::size_t waiting_ = 0;
    bool paused_ = false;
    bool running_ = false;
    bool ready_ = false;
    bool alerted_stale_ = false;
    v1::EndCode end_code_ = v1::END_CODE_REMOVED;
    core::Cause last_cause_ = core::Cause::Unspecified;
    std::string last_detail_;
    std::string last_logged_;  // cause and detail of the failure that was told last
};

}  // namespace fairlead::relay
