// The commands of a connection and what it tells of itself.
#include "relay/connection.hpp"
#include "relay/convert.hpp"

#include <fmt/format.h>

namespace fairlead::relay {

using core::ConnectionState;

Outcome Connection::pause() {
    if (paused_) return {v1::CODE_OK, "it was paused already"};
    paused_ = true;
    session_.stop(core::Cause::Command, "paused by command");
    return {v1::CODE_OK, "paused: it stays disconnected until it is resumed"};
}

Outcome Connection::resume() {
    if (!paused_ && session_.state() == ConnectionState::Failed) return reconnect();
    if (!paused_) return {v1::CODE_OK, "it was not paused"};
    paused_ = false;
    session_.start();
    return {v1::CODE_OK, fmt::format("resumed; now {}", core::to_string(session_.state()))};
}

Outcome Connection::reconnect() {
    if (paused_) return {v1::CODE_UNAVAILABLE, "it is paused: resume it"};
    session_.reconnect("reconnect by command");
    return {v1::CODE_OK, fmt::format("closed, and opened anew; now {}", core::to_string(session_.state()))};
}

void Connection::subscribe(const std::vector<std::string>& texts, Done done) {
    std::size_t wanted = 0;
    for (const auto& text : texts) {
        if (text.size() > kMaxSubscriptionBytes)
            return done({v1::CODE_INVALID, fmt::format("a subscription has at most {} bytes", kMaxSubscriptionBytes)});
        wanted += intent_.find(text) ? 0 : 1;
    }
    if (intent_.size() + wanted > kMaxSubscriptions)
        return done({v1::CODE_LIMITED,
                     fmt::format("a connection holds {} subscriptions at most: none was kept", kMaxSubscriptions)});
    if (!may_wait(done)) return;
    std::size_t added = 0;
    for (const auto& text : texts)
        added += intent_.add(text) == core::SubscriptionSet::AddResult::Added ? 1 : 0;
    const auto had = texts.size() - added;
    const auto also = had > 0 ? fmt::format(", {} were there already", had) : "";
    Outcome pending{v1::CODE_OK, fmt::format("{} kept{}: pending, sent when the connection opens", added, also)};
    if (session_.state() != ConnectionState::Connected) return done(std::move(pending));
    if (added == 0) return done({v1::CODE_OK, "all were there already"});
    ready_ = false;
    waiting_.push_back({{v1::CODE_OK, fmt::format("{} sent{}", added, also)}, std::move(pending), std::move(done)});
    send_pending();
}

Outcome Connection::unsubscribe(const std::vector<std::string>& texts) {
    std::size_t removed = 0;
    for (const auto& text : texts)
        removed += intent_.remove(text) ? 1 : 0;
    if (removed == 0) return {v1::CODE_NOT_FOUND, "no such subscription: `subscriptions` lists them"};
    return {v1::CODE_OK,
            fmt::format(
                "{} of {} removed: not sent any more from the next connection on. The generic profile knows no text "
                "that unsubscribes: send the venue's own, or reconnect",
                removed, texts.size())};
}

void Connection::send(std::string_view payload, bool binary, Done done) {
    if (!may_wait(done)) return;
    switch (session_.send(payload, binary)) {
        case seam::SendResult::Accepted:
            waiting_.push_back(
                {{v1::CODE_OK, fmt::format("{} bytes handed to the socket", payload.size())},
                 {v1::CODE_UNAVAILABLE,
                  "the connection ended while the bytes were on their way to the socket: whether the venue "
                  "has them is not known"},
                 std::move(done)});
            return;
        case seam::SendResult::NotOpen:
            done({v1::CODE_UNAVAILABLE,
                  fmt::format("not connected ({}): nothing was kept", core::to_string(session_.state()))});
            return;
        case seam::SendResult::QueueFull:
            done({v1::CODE_UNAVAILABLE, "the venue takes too slowly, the queue is full: nothing was kept"});
            return;
    }
}

void Connection::update_liveness() {
    if (session_.state() != ConnectionState::Connected || config_.stale_after <= core::Duration{0}) return;
    const auto since = session_.facts().last_data.value_or(*session_.facts().opened_at);
    const bool silent = services_.clock.now() - since > config_.stale_after / 2;
    topics_.liveness = silent ? v1::LIVENESS_STALE : v1::LIVENESS_LIVE;
}

void Connection::describe(v1::Connections& list) const {
    v1::ConnectionStatus& status = *list.add_connections();
    const SessionFacts& facts = session_.facts();
    const auto now = services_.clock.now();
    status.set_id(config_.id);
    status.set_url(config_.urls.front().display());
    status.set_profile(config_.profile);
    status.set_status(to_proto(session_.state()));
    status.set_last_connected_ns(to_ns(facts.last_opened));
    status.set_reconnect_attempts(static_cast<std::uint32_t>(facts.attempts > 0 ? facts.attempts - 1 : 0));
    status.set_consecutive_failures(session_.consecutive_failures());
    const auto open_for = facts.opened_at ? now - *facts.opened_at : core::Duration{0};
    status.set_total_uptime_ms(to_ms(facts.total_uptime + open_for));
    status.set_last_reconnect_latency_ms(to_ms(facts.reconnect_latency));
    status.set_session(facts.number);
    status.set_endpoint(facts.open.endpoint);
    status.set_tls(facts.open.tls);
    status.set_last_cause(static_cast<v1::Cause>(last_cause_));
    status.set_last_detail(last_detail_);
    status.set_messages(facts.messages);
    status.set_bytes(facts.bytes);
    status.set_last_message_ns(to_ns(facts.last_message));
    status.set_ping_round_trip_us(static_cast<std::uint64_t>(facts.round_trip / std::chrono::microseconds{1}));
    const auto deadline = session_.next_deadline();
    if (session_.state() == ConnectionState::Reconnecting && deadline && *deadline > now)
        status.set_retry_in_ms(to_ms(*deadline - now));
    status.set_paused(paused_);
    status.set_liveness(topics_.liveness);
    status.set_topics(static_cast<std::uint32_t>(topics_.size()));
    status.set_unrouted(unrouted_);
    status.set_successful_connects(facts.number);
    status.set_failed_attempts(facts.failed_attempts);
    status.set_ready(ready_);
    status.set_max_retries(config_.network.max_retries);
}

void Connection::describe(v1::Subscriptions& list) const {
    for (const core::Subscription& subscription : intent_) {
        auto* entry = list.add_subscriptions();
        entry->set_connection(config_.id);
        entry->set_channel(config::SecretText(subscription.name).display());
        entry->set_state(to_proto(subscription.state));
        entry->set_times_sent(subscription.times_sent);
    }
}

}  // namespace fairlead::relay
