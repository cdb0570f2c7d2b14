// One socket to the venue: what is to be said on it (Dialogue), what each of its messages means (venue::Venue), what an
// attempt to open it needs, and the numbers of this one socket.
#pragma once

#include "config/config.hpp"
#include "relay/convert.hpp"
#include "relay/dialogue.hpp"
#include "relay/services.hpp"
#include "relay/session.hpp"
#include "venue/channel_ids.hpp"
#include "venue/payload.hpp"
#include "venue/venue.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::relay {

class Upstream;

// A message of the venue, and what it means. Everything lasts for the call.
struct Inbound {
    const seam::InboundMessage& message;
    core::WallTime received{};
    const venue::Facts& facts;
};

// Called on the relay thread. An upstream must not be destroyed inside any of them.
class UpstreamOwner {
public:
    virtual ~UpstreamOwner() = default;
    // For a connection that has just opened: counts over all sockets of the connection, from 1.
    virtual std::uint32_t next_session() = 0;
    // For an attempt that begins now: which of the configured URLs.
    virtual std::size_t url_for_attempt(Upstream& upstream) = 0;
    virtual void on_change(Upstream& upstream, const core::action::Announce& change) = 0;
    virtual void on_message(Upstream& upstream, const Inbound& inbound) = 0;
    // Messages are to come with what makes them the same on other sockets.
    virtual bool wants_keys() const = 0;
    // Every subscription of this socket has been handed to it and, where the venue answers, answered.
    virtual void on_ready(Upstream& upstream) = 0;
    virtual void on_subscription(Upstream& upstream, const core::SubscriptionFlow::Change& change) = 0;
};

struct UpstreamCounters {
    std::uint64_t wins = 0;                           // messages of which this socket's copy was the first
    std::uint64_t losses = 0;                         // copies that came after another socket's
    core::Duration delay{};                           // of those, together
    unsigned late_in_a_row = 0;                       // copies that were nearly forgotten
    std::optional<core::SteadyTime> missing_since{};  // another leg has brought something, and this one nothing
};

class Upstream final : private SessionOwner, private DialogueOwner {
public:
    // `slot` tells the sockets of one leg group apart (core::SpliceLegs).
    Upstream(UpstreamOwner& owner, const Services& services, const config::ConnectionConfig& config, unsigned slot);
    ~Upstream() override;

    void start() { session_.start(); }
    void stop(core::Cause cause, std::string detail) { session_.stop(cause, std::move(detail)); }
    void reconnect(std::string detail) { session_.reconnect(std::move(detail)); }

    void configure();

    // The subscriptions, as written. What has changed is said by talk().
    core::SubscriptionFlow& intent() { return dialogue_.flow(); }
    const core::SubscriptionFlow& intent() const { return dialogue_.flow(); }
    void talk();
    bool add(const std::string& subscription) { return dialogue_.add(subscription); }
    // False = only a new socket is free of it.
    bool remove(const std::string& subscription) { return dialogue_.remove(subscription); }
    // What the other one is to carry, and what the venue has refused on it.
    void take_intent_of(const Upstream& other);
    // Once more, on the same socket: all, or one of them.
    void resubscribe();
    void resubscribe(std::string_view subscription);
    // Data of it has come.
    void note_flowing(std::string_view subscription);
    void note_stale(std::string_view subscription, const std::string& detail);

    // How long the venue's limit of messages on a socket has no room for another; 0 = it has.
    core::Duration wait_to_send() const;
    seam::SendResult send(std::string_view payload, bool binary);
    // Called once: true when everything that was sent until now has been handed to the socket, false when the
    // connection has ended before. Of an upstream that is connected.
    void when_drained(std::function<void(bool handed)> call) { waiting_.push_back(std::move(call)); }
    // The same for the subscriptions: when it is ready, with what has been decided by then after kSettleTime.
    void when_settled(std::function<void(bool handed)> call);
    // To be called from time to time.
    void tick();

    // As told last.
    core::ConnectionState state() const { return state_; }
    bool is_connected() const { return state_ == core::ConnectionState::Connected; }
    // Connected, and every subscription is settled.
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

    static constexpr std::size_t kMaxSubscriptions = Dialogue::kMaxSubscriptions;
    static constexpr core::Duration kSettleTime = std::chrono::seconds{5};

private:
    struct Wait {
        core::SteadyTime until;
        std::function<void(bool)> call;
    };

    Attempt begin_attempt() override;
    std::uint32_t next_session() override { return owner_.next_session(); }
    void on_change(const core::action::Announce& change) override;
    void on_restore() override;
    bool on_message(const seam::InboundMessage& message, core::WallTime received) override;
    void on_drained() override;

    seam::SendResult say(std::string_view text) override;
    void on_progress() override;
    std::string_view channel_id_of(std::string_view subscription) const override {
        return channel_ids_.id_of(subscription);
    }
    void on_subscription(const core::SubscriptionFlow::Change& change) override;
    void on_failure(const Failure& failure) override { session_.fail(failure); }
    std::optional<core::SteadyTime> last_data() const override { return session_.facts().last_data; }

    std::optional<NotYet> wait_for_budget(const seam::ConnectRequest& request);
    std::string budget_host(const seam::ConnectRequest& request) const;
    Attempt prepare(const seam::ConnectRequest& to_follow);
    void on_prepared(const seam::HttpAnswer& answer);
    // The URL as written, its secrets resolved.
    Attempt connect_request();
    Attempt with_variables(Attempt attempt);
    bool hand_on(const seam::InboundMessage& message, core::WallTime received);
    void end_waiting(bool handed);
    void end_settling(bool handed);

    UpstreamOwner& owner_;
    const Services& services_;
    const config::ConnectionConfig& config_;
    const unsigned slot_;
    venue::Venue venue_;
    venue::Payload payload_;
    venue::ChannelIds channel_ids_;
    Dialogue dialogue_;
    venue::Variables prepared_;  // what the HTTP request before the attempt has found
    std::unique_ptr<seam::HttpCall> preparation_;
    core::ConnectionState state_ = core::ConnectionState::Disconnected;
    std::size_t url_index_ = 0;
    bool ready_ = false;
    core::SteadyTime ready_at_{};  // since when, if it is
    bool undrained_ = false;       // something was said that has not been handed to the socket yet
    bool disowned_ = false;
    core::Cause last_cause_ = core::Cause::Unspecified;
    std::string last_detail_;
    std::vector<std::function<void(bool)>> waiting_;
    std::vector<Wait> settling_;
    Session session_;
};

}  // namespace fairlead::relay
