// One connection of the configuration: its intent, its topics, its session, its face to operators. Messages pass
// through here to the publisher; changes of state become events in-band.
#pragma once

#include "config/config.hpp"
#include "core/subscription_set.hpp"
#include "fairlead/v1/control.pb.h"
#include "publish/topic_group.hpp"
#include "relay/outcome.hpp"
#include "relay/services.hpp"
#include "relay/session.hpp"
#include "venue/venue.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::relay {

// Relay thread only.
class Connection final : private SessionOwner {
public:
    Connection(config::ConnectionConfig config, const Services& services);
    // Ends its topics; an open socket is closed with 1000.
    ~Connection() override;

    void start() { session_.start(); }
    // For the end of the process or the removal of the connection; its topics have not ended yet.
    void stop(core::Cause cause, std::string detail);
    // Tells END on its topics when it is destroyed; the default is REMOVED.
    void set_end_code(v1::EndCode code) { end_code_ = code; }

    Outcome pause();
    Outcome resume();
    Outcome reconnect();
    void subscribe(const std::vector<std::string>& texts, Done done);
    Outcome unsubscribe(const std::vector<std::string>& texts);
    void send(std::string_view payload, bool binary, Done done);

    void describe(v1::Connections& list) const;
    void describe(v1::Subscriptions& list) const;
    // Once in each heartbeat interval.
    void update_liveness();

    const std::string& id() const { return config_.id; }
    core::ConnectionState state() const { return session_.state(); }
    const SessionFacts& facts() const { return session_.facts(); }

    static constexpr std::size_t kMaxSubscriptions = 20'000;
    static constexpr std::size_t kMaxSubscriptionBytes = std::size_t{64} << 10;  // of one text
    static constexpr std::size_t kMaxWaiting = 1'000;                            // replies that wait for the socket

private:
    std::variant<seam::ConnectRequest, std::string> connect_request() override;
    void on_change(const core::action::Announce& change) override;
    void on_restore() override;
    void on_message(const seam::InboundMessage& message, core::WallTime received) override;
    void on_drained() override;

    void send_pending();
    void announce(const core::action::Announce& change);
    void announce_ready();
    void begin_outage(const core::action::Announce& change);
    void log_change(const core::action::Announce& change);
    // False = too many replies wait already, and `done` has been told.
    bool may_wait(const Done& done) const;
    void end_waiting();

    // A reply that is due when the bytes have been handed to the socket, or when the connection has ended before.
    struct Waiting {
        Outcome if_drained;
        Outcome if_ended;
        Done done;
    };

    const config::ConnectionConfig config_;
    const Services& services_;
    venue::Venue venue_;
    core::SubscriptionSet intent_;
    publish::TopicGroup& topics_;
    publish::Topic* single_topic_;  // of a connection with one channel; else null
    Session session_;
    std::vector<Waiting> waiting_;
    std::uint64_t unrouted_ = 0;
    bool paused_ = false;
    bool ready_ = false;
    bool wants_room_ = false;   // subscriptions wait for the queue to the venue
    bool told_failed_ = false;  // since the last connection
    v1::EndCode end_code_ = v1::END_CODE_REMOVED;
    core::Cause last_cause_ = core::Cause::Unspecified;
    std::string last_detail_;
    std::string last_logged_;  // cause and detail of the failure that was told last
};

}  // namespace fairlead::relay
