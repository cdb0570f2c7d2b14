// The part of a connection's subscriptions that one socket carries, and the redundant legs that carry it: one leg for
// each configured one. What they bring goes through the splicer whenever there is more than one socket.
#pragma once

#include "config/config.hpp"
#include "core/combined_state.hpp"
#include "core/topic_liveness.hpp"
#include "publish/topic_group.hpp"
#include "relay/leg.hpp"
#include "relay/services.hpp"
#include "relay/splicer.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::relay {

class Shard;

// A message on its way, and whence it came.
struct Arrival {
    const seam::InboundMessage& message;
    const venue::Facts& facts;
    core::WallTime received{};
    std::uint32_t session = 0;
    std::uint32_t leg = 0;
    bool alone = true;  // no other socket of its shard is open that could bring the same
};

// Called on the relay thread. A shard must not be destroyed inside any of them.
class ShardOwner {
public:
    virtual ~ShardOwner() = default;
    virtual std::uint32_t next_session() = 0;
    virtual void on_shard_message(Shard& shard, Leg& leg, Upstream& socket, const Arrival& arrival) = 0;
    // A change of one leg. `before` and `after` are the shard's own states: those of its best leg.
    virtual void on_shard_change(Shard& shard, Leg& leg, Upstream& socket, const core::action::Announce& change,
                                 core::ConnectionState before, core::ConnectionState after) = 0;
    virtual void on_disconnect(core::Cause cause, std::uint16_t close_code) = 0;  // as LegOwner's
    virtual void on_shard_ready(Shard& shard) = 0;
    virtual void on_shard_subscription(Shard& shard, Leg& leg, const core::SubscriptionFlow::Change& change) = 0;
    // A message that had to wait for its place.
    virtual void on_held(Shard& shard, publish::Topic& topic, const core::HeldMessage& message) = 0;
    // Messages of this topic may be lost, though a socket is connected.
    virtual void on_unproved(Shard& shard, publish::Topic& topic, core::Cause cause, const std::string& detail) = 0;
    virtual void on_taken_over(Shard& shard, Leg& leg, const Upstream& old, const core::Rotation::Action& action,
                               bool lost) = 0;
    virtual void on_rotation_abandoned(Shard& shard, Leg& leg, const core::Rotation::Action& action) = 0;
};

class Shard final : private LegOwner {
public:
    Shard(ShardOwner& owner, const Services& services, const config::ConnectionConfig& config,
          publish::TopicGroup& topics, std::uint32_t index);
    ~Shard() override;

    void start();
    void stop(core::Cause cause, const std::string& detail);
    void reconnect(const std::string& detail);
    // Of every leg; the best of what became of it. What is not connected, beside one that is, is opened anew.
    Leg::Rotate rotate(core::Cause cause, const std::string& detail);

    void add(const std::string& subscription);
    // False = only new sockets are free of it.
    bool remove(const std::string& subscription);
    void talk();
    // On the leg on which it is best off; null = this shard does not carry it.
    const core::FlowTopic* find(std::string_view subscription) const;
    // Of every leg: once more, on the same socket.
    void resubscribe(const std::string& subscription);
    void configure();
    // Once in each heartbeat interval.
    void tick();

    // Whether copies may come, and what arrives has to be offered.
    bool is_splicing() const { return splicer_.is_active(); }
    core::SpliceResult offer(publish::Topic& topic, Upstream& socket, std::uint64_t key, std::uint64_t venue_sequence,
                             const Arrival& arrival);

    // No other socket is open that could bring the same.
    bool is_alone() const { return !splicer_.is_active() || splicer_.open_sockets() < 2; }
    // A message that had to wait leaves: the first copy, after all.
    void count_held(const core::HeldMessage& held);

    std::uint32_t index() const { return index_; }
    core::ConnectionState state() const;
    bool is_connected() const { return state() == core::ConnectionState::Connected; }
    // At least one leg is connected and has sent its subscriptions.
    bool is_ready() const;
    // The first leg that is connected; null = none is.
    Upstream* connected_socket();
    unsigned connected_sockets() const;
    const std::vector<std::unique_ptr<Leg>>& legs() const { return legs_; }
    bool is_rotating() const;
    // Of its sockets, and of those that it has let go.
    SocketTotals totals() const;
    // When the venue was heard last, on whichever socket.
    std::optional<core::SteadyTime> last_data() const;

    core::TopicLiveness liveness;  // of its topics; the owner's
    bool told_failed = false;      // to consumers, since the last connection; the owner's

private:
    std::uint32_t next_session() override { return owner_.next_session(); }
    void on_socket_attempt(Leg& leg, Upstream& socket) override;
    void on_socket_open(Leg& leg, Upstream& socket) override;
    void on_socket_end(Leg& leg, Upstream& socket, core::Cause cause, const std::string& detail) override;
    void on_disconnect(core::Cause cause, std::uint16_t close_code) override {
        owner_.on_disconnect(cause, close_code);
    }
    void on_leg_change(Leg& leg, Upstream& socket, const core::action::Announce& change) override;
    void on_leg_message(Leg& leg, Upstream& socket, const Inbound& inbound) override;
    bool wants_keys() const override { return splicer_.is_active(); }
    void on_leg_ready(Leg& leg, Upstream& socket) override;
    void on_leg_subscription(Leg& leg, Upstream& socket, const core::SubscriptionFlow::Change& change) override;
    void on_rotation_begins(Leg& leg) override;
    bool has_caught_up(const Leg& leg, const Upstream& next) override;
    bool may_take_over(const Leg& leg, const Upstream& next) override;
    void on_take_over(Leg& leg, const Upstream& next, bool caught_up) override;
    void on_taken_over(Leg& leg, const Upstream& old, const core::Rotation::Action& action, bool lost) override;
    void on_rotation_abandoned(Leg& leg, const core::Rotation::Action& action) override;

    void note_delay(Upstream& socket, const core::SpliceResult& result);
    bool has_stalled(const Upstream& socket, core::SteadyTime now) const;
    void note_missing(const Upstream& brought_by, core::SteadyTime now);
    void restart(const Upstream& socket, const std::string& detail);
    // Whether what has left must be remembered even with one socket: another endpoint may bring it again.
    bool is_always_splicing() const;
    void end_splicing_if_done();
    void settle_joined_legs();
    void on_timer();
    void arm();
    bool is_settled_in(const Upstream& socket) const;

    ShardOwner& owner_;
    const Services& services_;
    const config::ConnectionConfig& config_;
    const std::uint32_t index_;
    Splicer splicer_;
    std::vector<std::unique_ptr<Leg>> legs_;
    std::unique_ptr<seam::Timer> timer_;  // while something waits, or a leg joins
    bool is_armed_ = false;
    core::ConnectionState state_ = core::ConnectionState::Disconnected;
    core::SteadyTime splice_until_{};  // with one leg: what others brought is past the window
};

}  // namespace fairlead::relay
