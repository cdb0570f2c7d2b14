// One socket to the venue with the subscriptions that it is to carry: sends them when it opens, answers those who wait
// until something has been handed to the socket, keeps the numbers of this one socket.
#pragma once

#include "config/config.hpp"
#include "core/subscription_set.hpp"
#include "relay/convert.hpp"
#include "relay/services.hpp"
#include "relay/session.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::relay {

class Upstream;

// Called on the relay thread. An upstream must not be destroyed inside any of them.
class UpstreamOwner {
public:
    virtual ~UpstreamOwner() = default;
    // For a connection that has just opened: counts over all sockets of the connection, from 1.
    virtual std::uint32_t next_session() = 0;
    // For an attempt that begins now: which of the configured URLs.
    virtual std::size_t url_for_attempt(Upstream& upstream) = 0;
    virtual void on_change(Upstream& upstream, const core::action::Announce& change) = 0;
    virtual void on_message(Upstream& upstream, const seam::InboundMessage& message, core::WallTime received) = 0;
    // Every subscription of this socket has been handed to it.
    virtual void on_ready(Upstream& upstream) = 0;
};

struct UpstreamCounters {
    std::uint64_t wins = 0;                           // messages of which this socket's copy was the first
    std::uint64_t losses = 0;                         // copies that came after another socket's
    core::Duration delay{};                           // of those, together
    unsigned late_in_a_row = 0;                       // copies that were nearly forgotten
    std::optional<core::SteadyTime> missing_since{};  // another leg has brought something, and this one nothing
};

class Upstream final : private SessionOwner {
public:
    // `slot` tells the sockets of one leg group apart (core::SpliceLegs).
    Upstream(UpstreamOwner& owner, const Services& services, const config::ConnectionConfig& config, unsigned slot);
    ~Upstream() override;

    void start() { session_.start(); }
    void stop(core::Cause cause, std::string detail) { session_.stop(cause, std::move(detail)); }
    void reconnect(std::string detail) { session_.reconnect(std::move(detail)); }

    void configure() { session_.configure(session_settings(config_)); }

    // The subscriptions, as written. What is added is sent by send_pending().
    core::SubscriptionSet& intent() { return intent_; }
    const core::SubscriptionSet& intent() const { return intent_; }
    void send_pending();
    // Everything once more, on the same socket.
    void resubscribe();
    seam::SendResult send(std::string_view payload, bool binary) { return session_.send(payload, binary); }
    // Called once: true when everything that was sent until now has been handed to the socket, false when the
    // connection has ended before. Of an upstream that is connected.
    void when_drained(std::function<void(bool handed)> call) { waiting_.push_back(std::move(call)); }

    // As told last.
    core::ConnectionState state() const { return state_; }
    bool is_connected() const { return state_ == core::ConnectionState::Connected; }
    // Connected, and every subscription has been handed to the socket.
    bool is_ready() const { return ready_; }
    core::SteadyTime ready_at() const { return ready_at_; }
    // No more to be told to the owner: it is being let go.
    void disown() { disowned_ = true; }

    unsigned slot() const { return slot_; }
    std::size_t url_index() const { return url_index_; }
    const Session& session() const { return session_; }
    const SessionFacts& facts() const { return session_.facts(); }
    core::Cause last_cause() const { return last_cause_; }
    const std::string& last_detail() const { return last_detail_; }

    UpstreamCounters counters{};

    static constexpr std::size_t kMaxSubscriptions = 20'000;

private:
    std::variant<seam::ConnectRequest, std::string> connect_request() override;
    std::uint32_t next_session() override { return owner_.next_session(); }
    void on_change(const core::action::Announce& change) override;
    void on_restore() override;
    void on_message(const seam::InboundMessage& message, core::WallTime received) override;
    void on_drained() override;
    void become_ready();
    void end_waiting(bool handed);

    UpstreamOwner& owner_;
    const Services& services_;
    const config::ConnectionConfig& config_;
    const unsigned slot_;
    core::SubscriptionSet intent_;
    core::ConnectionState state_ = core::ConnectionState::Disconnected;
    std::size_t url_index_ = 0;
    bool ready_ = false;
    core::SteadyTime ready_at_{};  // since when, if it is
    bool wants_room_ = false;      // subscriptions wait for the queue to the venue
    bool disowned_ = false;
    core::Cause last_cause_ = core::Cause::Unspecified;
    std::string last_detail_;
    std::vector<std::function<void(bool)>> waiting_;
    Session session_;
};

}  // namespace fairlead::relay
