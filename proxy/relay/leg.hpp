// One redundant leg: a socket, and beside it for a while the one that is to replace it. Carries out what core::Rotation
// decides, and chooses the endpoint by core::Failover.
#pragma once

#include "config/config.hpp"
#include "core/backoff.hpp"
#include "core/failover.hpp"
#include "core/repair.hpp"
#include "core/rotation.hpp"
#include "relay/services.hpp"
#include "relay/socket_totals.hpp"
#include "relay/upstream.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::relay {

class Leg;

// Called on the relay thread. A leg must not be destroyed inside any of them.
class LegOwner {
public:
    virtual ~LegOwner() = default;
    virtual std::uint32_t next_session() = 0;
    // Of every socket, also of one that is to take over: an attempt begins, it has opened, it is gone. For what has
    // opened `end` follows; it may follow an attempt that failed, too.
    virtual void on_socket_attempt(Leg& leg, Upstream& socket) = 0;
    virtual void on_socket_open(Leg& leg, Upstream& socket) = 0;
    virtual void on_socket_end(Leg& leg, Upstream& socket, core::Cause cause, const std::string& detail) = 0;
    // Once for every socket that was open and is not any more. `close_code` is the venue's; 0 = none was received.
    virtual void on_disconnect(core::Cause cause, std::uint16_t close_code) = 0;
    // Of the socket in use, after the above. When it was lost and another has taken over, leg.current() is that one.
    virtual void on_leg_change(Leg& leg, Upstream& socket, const core::action::Announce& change) = 0;
    virtual void on_leg_message(Leg& leg, Upstream& socket, const Inbound& inbound) = 0;
    virtual bool wants_keys() const = 0;  // as UpstreamOwner's
    virtual void on_leg_ready(Leg& leg, Upstream& socket) = 0;
    virtual void on_leg_subscription(Leg& leg, Upstream& socket, const core::SubscriptionFlow::Change& change) = 0;
    // A rotation is about to open its socket.
    virtual void on_rotation_begins(Leg& leg) = 0;
    // Whether everything that flows has been seen on the socket that is to take over.
    virtual bool has_caught_up(const Leg& leg, const Upstream& next) = 0;
    // Whether it carries anything at all, so that it may take over although it has not caught up.
    virtual bool may_take_over(const Leg& leg, const Upstream& next) = 0;
    // It takes over now.
    virtual void on_take_over(Leg& leg, const Upstream& next, bool caught_up) = 0;
    // leg.current() is the new socket; `old` is closed after this. `lost` = the old one had been lost by itself.
    virtual void on_taken_over(Leg& leg, const Upstream& old, const core::Rotation::Action& action, bool lost) = 0;
    virtual void on_rotation_abandoned(Leg& leg, const core::Rotation::Action& action) = 0;
};

class Leg final : private UpstreamOwner {
public:
    // `index` from 0; each leg prefers another endpoint.
    Leg(LegOwner& owner, const Services& services, const config::ConnectionConfig& config, unsigned index);
    ~Leg() override;

    void start() { current_->start(); }
    void stop(core::Cause cause, const std::string& detail);
    // Closes before it opens.
    void reconnect(const std::string& detail);

    // Begun: it may have been abandoned at once, which the owner has been told.
    enum class Rotate { Begun, UnderWay, NotConnected, TooSoon };
    // Make-before-break.
    Rotate rotate(core::Cause cause, std::string detail);
    bool is_rotating() const { return next_ != nullptr; }

    void add(const std::string& subscription);
    // False = only a new socket is free of it.
    bool remove(const std::string& subscription);
    // Says what has been added or removed.
    void talk();
    void note_flowing(std::string_view subscription);

    // Settings have changed (they are read where they stand); what concerns a running socket applies at once.
    void configure();
    // Once in each heartbeat interval.
    void tick();

    // For a socket of this leg, by its slot.
    void count_win(unsigned slot);

    unsigned index() const { return index_; }
    Upstream& current() { return *current_; }
    const Upstream& current() const { return *current_; }
    const Upstream* next() const { return next_.get(); }
    // Of sockets that this leg has let go.
    const SocketTotals& past() const { return past_; }

    core::Repair repair;  // of the venue's numbers; the owner's

private:
    std::uint32_t next_session() override { return owner_.next_session(); }
    std::size_t url_for_attempt(Upstream& socket) override;
    void on_change(Upstream& socket, const core::action::Announce& change) override;
    void on_message(Upstream& socket, const Inbound& inbound) override;
    bool wants_keys() const override { return owner_.wants_keys(); }
    void on_ready(Upstream& socket) override;
    void on_subscription(Upstream& socket, const core::SubscriptionFlow::Change& change) override;

    std::unique_ptr<Upstream> make_socket(unsigned slot);
    void on_current_change(Upstream& socket, const core::action::Announce& change);
    void on_next_change(Upstream& socket, const core::action::Announce& change);
    void perform(const core::Rotation::Action& action, bool lost = false);
    void open_next(const core::Rotation::Action& action);
    void take_over(const core::Rotation::Action& action, bool lost);
    void abandon(const core::Rotation::Action& action);
    void let_go(std::unique_ptr<Upstream> socket, core::Cause cause, const std::string& detail);
    bool may_rotate(core::Cause cause, core::SteadyTime now);
    void on_timer();
    void arm();

    LegOwner& owner_;
    const Services& services_;
    const config::ConnectionConfig& config_;
    const unsigned index_;
    core::Failover failover_;
    core::Failover next_failover_;  // of the socket that is to take over
    core::Rotation rotation_;
    core::Backoff rotation_pace_;  // between rotations that nobody commanded
    core::SteadyTime next_rotation_{};
    std::unique_ptr<seam::Timer> timer_;
    std::unique_ptr<seam::Timer> burial_;
    std::unique_ptr<Upstream> current_;
    std::unique_ptr<Upstream> next_;
    std::vector<std::unique_ptr<Upstream>> let_go_;  // to be destroyed in a later turn: one may be in a call
    SocketTotals past_;
    std::optional<core::SteadyTime> rotated_at_;
    std::optional<core::SteadyTime> failed_back_at_;
    bool stable_ = false;  // the present connection of current_ has held
};

}  // namespace fairlead::relay
