// The conversation with the venue on one socket, from its opening to its end: wait for the welcome, log in, subscribe
// within the venue's limits, keep alive in the venue's own way, and take in what it answers. What is to be said is
// decided by core::SubscriptionFlow and core::VenueHeartbeat; how it is written, by venue::Composer.
#pragma once

#include "config/config.hpp"
#include "core/subscription_flow.hpp"
#include "core/venue_heartbeat.hpp"
#include "relay/services.hpp"
#include "relay/session.hpp"
#include "seam/http_client.hpp"
#include "venue/composer.hpp"
#include "venue/venue.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::relay {

// Called on the relay thread.
class DialogueOwner {
public:
    virtual ~DialogueOwner() = default;
    virtual seam::SendResult say(std::string_view text) = 0;
    // What the venue calls it in data; empty = as it is called.
    virtual std::string_view channel_id_of(std::string_view subscription) const = 0;
    // is_settled() may have changed.
    virtual void on_progress() = 0;
    virtual void on_subscription(const core::SubscriptionFlow::Change& change) = 0;
    // The connection is of no use; end() follows, within the call or later.
    virtual void on_failure(const Failure& failure) = 0;
    // When the venue was last heard with data on this socket; empty = not yet.
    virtual std::optional<core::SteadyTime> last_data() const = 0;
};

class Dialogue {
public:
    // `config` is read where it stands.
    Dialogue(DialogueOwner& owner, const Services& services, const config::ConnectionConfig& config);
    ~Dialogue();

    // Settings of the connection have changed; the profile has not.
    void configure();

    // The socket has opened. `prepared` is what the request before it has found.
    void begin(const venue::Variables& prepared);
    void end();
    // `message` is the one that says so. Both may be gone afterwards.
    void on_answer(const venue::Answer& answer, std::string_view message);

    // Says what the limits allow now. Also to be called when there is room in the queue again.
    void talk();
    bool wants_room() const { return wants_room_; }
    // Logged in where that is asked for, and every subscription decided, but for those that were refused.
    bool is_settled() const { return phase_ == Phase::Talking && flow_.settled(); }
    // It has a credential, or what the request before the attempt has found. Of use while the socket is open.
    bool holds_secret(std::string_view message) const;
    // With *** in their place: for what the venue has written and people are to read.
    std::string without_secrets(std::string text) const;
    // Somebody else has sent a message, which counts.
    void note_sent();

    void resubscribe();
    void resubscribe(std::string_view subscription);
    void note_flowing(std::string_view subscription);
    void note_stale(std::string_view subscription, const std::string& detail);

    core::SubscriptionFlow& flow() { return flow_; }
    const core::SubscriptionFlow& flow() const { return flow_; }
    bool add(const std::string& subscription);
    // False = only a new socket is free of it.
    bool remove(const std::string& subscription);

    // The HTTP request before an attempt, and what its answer holds; a text = why it is of no use.
    std::variant<seam::HttpRequest, Failure> prepare_request();
    std::variant<venue::Variables, std::string> extract(std::string_view body) const;
    std::string url(std::string_view written, const venue::Variables& prepared);

    static constexpr std::size_t kMaxSubscriptions = 20'000;

private:
    enum class Phase { Closed, Welcome, Login, Talking };

    void enter_login();
    void enter_talking();
    void log_in();
    void fail(core::Cause cause, std::string detail);
    void tell(const std::vector<core::SubscriptionFlow::Change>& changes);
    void keep_alive(core::SteadyTime now);
    void say_or_fail(std::string_view text);
    std::optional<std::string> text_of(const core::SubscriptionFlow::Send& send);
    std::optional<venue::Variables> credentials(std::string& problem) const;
    bool has_login() const;
    venue::Stamp stamp(std::uint64_t id);
    core::FlowAnswer flow_answer(const venue::Answer& answer) const;
    void on_timer();
    void arm();

    DialogueOwner& owner_;
    const Services& services_;
    const config::ConnectionConfig& config_;
    venue::Composer composer_;
    core::SubscriptionFlow flow_;
    core::VenueHeartbeat heartbeat_;
    std::unique_ptr<seam::Timer> timer_;
    Phase phase_ = Phase::Closed;
    core::SteadyTime phase_deadline_{};      // Welcome, Login
    venue::Variables variables_;             // of the last session
    std::vector<std::string> secrets_;       // all that its end may repeat of them, in every form, the longest first
    std::optional<core::SteadyTime> heard_;  // the venue's last sign of life that is no data, in this session
    bool wants_room_ = false;
};

}  // namespace fairlead::relay
