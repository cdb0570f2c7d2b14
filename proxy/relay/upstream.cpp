#include "relay/upstream.hpp"

#include <utility>

namespace fairlead::relay {

using core::ConnectionState;

Upstream::Upstream(UpstreamOwner& owner, const Services& services, const config::ConnectionConfig& config,
                   unsigned slot)
    : owner_(owner),
      services_(services),
      config_(config),
      slot_(slot),
      intent_(kMaxSubscriptions),
      session_(*this, services, session_settings(config)) {}

Upstream::~Upstream() {
    end_waiting(false);
}

std::variant<seam::ConnectRequest, std::string> Upstream::connect_request() {
    url_index_ = owner_.url_for_attempt(*this);
    return make_connect_request(config_, url_index_);
}

void Upstream::on_change(const core::action::Announce& change) {
    // Of the last failure or loss: what begins afterwards does not hide it.
    if (change.state != ConnectionState::Connecting && change.state != ConnectionState::Connected) {
        last_cause_ = change.cause;
        last_detail_ = change.detail;
    }
    if (state_ == ConnectionState::Connected && change.state != ConnectionState::Connected) {
        ready_ = false;
        intent_.end_session();
        end_waiting(false);
    }
    state_ = change.state;
    if (state_ == ConnectionState::Connected) counters.missing_since.reset();
    if (!disowned_) owner_.on_change(*this, change);
}

void Upstream::on_restore() {
    ready_ = false;
    intent_.begin_session();
    send_pending();
    if (intent_.empty() && !disowned_) become_ready();
}

// What the queue has no room for stays pending until it is empty; what has a secret that cannot be had, until the next
// connection. Only when nothing is pending is the socket ready.
void Upstream::send_pending() {
    bool has_room = true;
    for (const auto& written : intent_.take_pending()) {
        const auto text = config::SecretText(written).resolve();
        if (const auto* unresolved = std::get_if<config::SecretText::Unresolved>(&text)) {
            services_.log.write(seam::LogLevel::Error, config_.id, "subscription_not_sent",
                                {{"cause", unresolved->problem}});
            intent_.put_back(written);
            continue;
        }
        has_room = has_room && session_.send(std::get<std::string>(text), false) == seam::SendResult::Accepted;
        if (!has_room) intent_.put_back(written);
        ready_ = false;
    }
    wants_room_ = !has_room;
}

void Upstream::resubscribe() {
    if (!is_connected()) return;
    intent_.begin_session();
    send_pending();
}

void Upstream::on_message(const seam::InboundMessage& message, core::WallTime received) {
    if (!disowned_) owner_.on_message(*this, message, received);
}

void Upstream::on_drained() {
    if (wants_room_) return send_pending();  // and answer when these have been handed to the socket, too
    if (!ready_ && intent_.pending() == 0 && is_connected()) become_ready();
    end_waiting(true);
}

void Upstream::become_ready() {
    ready_ = true;
    ready_at_ = services_.clock.now();
    if (!disowned_) owner_.on_ready(*this);
}

// Answers may bring new commands in: they wait for their own turn.
void Upstream::end_waiting(bool handed) {
    for (auto& call : std::exchange(waiting_, {}))
        call(handed);
}

}  // namespace fairlead::relay
