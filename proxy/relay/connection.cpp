#include "relay/connection.hpp"

#include "relay/convert.hpp"

#include <fmt/format.h>

namespace fairlead::relay {

using core::ConnectionState;

Connection::Connection(config::ConnectionConfig config, const Services& services)
    : config_(std::move(config)),
      services_(services),
      venue_(config_),
      intent_(kMaxSubscriptions),
      topics_(services.publisher.open_group(config_.id, config_.max_topics)),
      single_topic_(venue_.has_single_channel() ? &topics_.data_topic(venue::Venue::kSingleChannel) : nullptr),
      session_(*this, services, session_settings(config_)) {
    for (const auto& subscription : config_.subscriptions)
        intent_.add(subscription.written());
}

Connection::~Connection() {
    end_waiting();
    services_.publisher.close_group(topics_, end_code_);
}

void Connection::stop(core::Cause cause, std::string detail) {
    session_.stop(cause, std::move(detail));
}

std::variant<seam::ConnectRequest, std::string> Connection::connect_request() {
    return make_connect_request(config_);
}

// The way of every message: keep it short.
void Connection::on_message(const seam::InboundMessage& message, core::WallTime received) {
    publish::Topic* topic = single_topic_;
    if (!topic) {
        const auto channel = venue_.channel_of(message.bytes, message.binary);
        topic = channel ? &topics_.data_topic(*channel) : &topics_.unrouted();
        if (topic->is_unrouted) ++unrouted_;
    }
    services_.publisher.data(*topic, message, {.received = received, .session = session_.facts().number});
}

void Connection::on_restore() {
    ready_ = false;
    intent_.begin_session();
    send_pending();
    if (intent_.empty()) announce_ready();
}

// What the queue has no room for stays pending until it is empty; what has a secret that cannot be had, until the next
// connection. Only when nothing is pending is the connection ready.
void Connection::send_pending() {
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
    }
    wants_room_ = !has_room;
}

void Connection::on_drained() {
    if (wants_room_) return send_pending();  // and answer when these have been handed to the socket, too
    if (!ready_ && intent_.pending() == 0 && session_.state() == ConnectionState::Connected) announce_ready();
    // Answers may bring new commands in: they wait for their own turn.
    for (auto& waiting : std::exchange(waiting_, {}))
        waiting.done(std::move(waiting.if_drained));
}

void Connection::announce_ready() {
    ready_ = true;
    v1::ConnectionEvent event;
    event.set_connection(config_.id);
    event.set_state(v1::CONNECTION_STATE_CONNECTED);
    event.set_previous(v1::CONNECTION_STATE_CONNECTED);
    event.set_ready(true);
    event.set_subscriptions(static_cast<std::uint32_t>(intent_.size()));
    event.set_endpoint(session_.facts().open.endpoint);
    topics_.announce(event, /*in_band=*/false, session_.facts().number);
}

void Connection::on_change(const core::action::Announce& change) {
    // Of the last failure or loss: what begins afterwards does not hide it.
    if (change.state != ConnectionState::Connecting && change.state != ConnectionState::Connected) {
        last_cause_ = change.cause;
        last_detail_ = change.detail;
    }
    if (change.previous == ConnectionState::Connected && change.state == ConnectionState::Disconnected) {
        ready_ = false;
        intent_.end_session();
        end_waiting();
        begin_outage(change);
    }
    topics_.liveness = change.state == ConnectionState::Connected ? v1::LIVENESS_LIVE : v1::LIVENESS_DOWN;
    announce(change);
    log_change(change);
    if (change.state == ConnectionState::Failed) told_failed_ = true;
    if (change.state == ConnectionState::Connected) told_failed_ = false;
}

void Connection::announce(const core::action::Announce& change) {
    const SessionFacts& facts = session_.facts();
    auto event = to_event(config_.id, change, facts);
    // What interrupts or resumes the data stands in the data; waiting and trying do neither.
    // Failing again after failed_retry_interval is no news to them.
    const bool first_failure = change.state == ConnectionState::Failed && !told_failed_;
    const bool in_band =
        change.state == ConnectionState::Connected || first_failure || change.previous == ConnectionState::Connected;
    topics_.announce(event, in_band, facts.number);
}

void Connection::begin_outage(const core::action::Announce& change) {
    const auto last_heard = session_.facts().last_heard.time_since_epoch().count();
    topics_.begin_outage({.from_ns = static_cast<std::uint64_t>(last_heard),
                          .reason = static_cast<v1::Cause>(change.cause),
                          .detail = change.detail});
}

// One line for each edge. An attempt that fails as the last one did is told at debug level only.
void Connection::log_change(const core::action::Announce& change) {
    const SessionFacts& facts = session_.facts();
    std::string failure = fmt::format("{} {}", core::to_string(change.cause), change.detail);
    auto level = seam::LogLevel::Info;
    if (change.state == ConnectionState::Connecting) level = seam::LogLevel::Debug;
    if (change.state == ConnectionState::Failed) level = told_failed_ ? seam::LogLevel::Debug : seam::LogLevel::Error;
    const bool wanted = change.cause == core::Cause::Shutdown || change.cause == core::Cause::Command;
    if (change.state == ConnectionState::Disconnected && !wanted) level = seam::LogLevel::Warning;
    if (change.state == ConnectionState::Reconnecting && !wanted) level = seam::LogLevel::Warning;
    if (change.state == ConnectionState::Reconnecting && failure == last_logged_) level = seam::LogLevel::Debug;
    if (change.state == ConnectionState::Connected)
        last_logged_.clear();
    else if (change.state != ConnectionState::Connecting)
        last_logged_ = std::move(failure);

    const auto attempt = fmt::to_string(change.attempt);
    const auto wait = fmt::format("{}ms", std::chrono::ceil<std::chrono::milliseconds>(change.retry_in).count());
    const auto session = fmt::to_string(facts.number);
    const bool waits = change.state == ConnectionState::Reconnecting;
    const bool open = change.state == ConnectionState::Connected;
    services_.log.write(level, config_.id, core::to_string(change.state),
                        {{"previous", core::to_string(change.previous)},
                         {"cause", core::to_string(change.cause)},
                         {"detail", change.detail},
                         {"attempt", change.attempt > 0 ? attempt : ""},
                         {"retry_in", waits ? wait : ""},
                         {"endpoint", open ? facts.open.endpoint : ""},
                         {"session", open ? session : ""}});
}

bool Connection::may_wait(const Done& done) const {
    if (waiting_.size() < kMaxWaiting) return true;
    done({v1::CODE_UNAVAILABLE, "too many replies wait for the socket: nothing was kept"});
    return false;
}

void Connection::end_waiting() {
    for (auto& waiting : std::exchange(waiting_, {}))
        waiting.done(std::move(waiting.if_ended));
}

}  // namespace fairlead::relay
