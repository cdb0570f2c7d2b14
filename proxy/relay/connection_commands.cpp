// The commands of a connection.
#include "relay/connection.hpp"
#include "relay/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace fairlead::relay {

using core::ConnectionState;

Outcome Connection::pause() {
    if (paused_) return {v1::CODE_OK, "it was paused already"};
    paused_ = true;
    stop(core::Cause::Command, "paused by command");
    return {v1::CODE_OK, "paused: it stays disconnected until it is resumed"};
}

Outcome Connection::resume() {
    if (!paused_ && state_ == ConnectionState::Failed) return reconnect(/*hard=*/true);
    if (!paused_) return revive();
    paused_ = false;
    start();
    return {v1::CODE_OK, fmt::format("resumed; now {}", core::to_string(state_))};
}

// Sockets that have failed beside others that are connected.
Outcome Connection::revive() {
    unsigned revived = 0;
    for (auto& [index, shard] : shards_) {
        for (const auto& leg : shard->legs()) {
            if (leg->current().state() != ConnectionState::Failed) continue;
            leg->reconnect("resume by command");
            ++revived;
        }
    }
    if (revived == 0) return {v1::CODE_OK, "it was not paused"};
    return {v1::CODE_OK, fmt::format("{} of its sockets had failed: opened anew", revived)};
}

Outcome Connection::reconnect(bool hard) {
    if (paused_) return {v1::CODE_UNAVAILABLE, "it is paused: resume it"};
    if (hard || state_ != ConnectionState::Connected) {
        for (auto& [index, shard] : shards_)
            shard->reconnect("reconnect by command");
        return {v1::CODE_OK, fmt::format("closed, and opened anew; now {}", core::to_string(state_))};
    }
    // What is not connected has nothing to keep.
    for (auto& [index, shard] : shards_)
        if (!shard->is_connected()) shard->reconnect("reconnect by command");
    return rotate();
}

Outcome Connection::rotate() {
    if (paused_) return {v1::CODE_UNAVAILABLE, "it is paused: resume it"};
    auto best = Leg::Rotate::NotConnected;
    for (auto& [index, shard] : shards_) {
        const auto result = shard->rotate(core::Cause::Command, "by command");
        if (best != Leg::Rotate::Begun && result != Leg::Rotate::NotConnected) best = result;
    }
    switch (best) {
        case Leg::Rotate::Begun:
            return {v1::CODE_OK, "a new socket is being opened; it takes over when it carries everything"};
        case Leg::Rotate::UnderWay:
            return {v1::CODE_OK, "a rotation is under way already"};
        case Leg::Rotate::TooSoon:
            return {v1::CODE_LIMITED, "it was rotated a moment ago: wait for initial_delay"};
        case Leg::Rotate::NotConnected:
            break;
    }
    return {v1::CODE_UNAVAILABLE,
            fmt::format("not connected ({}): there is nothing to take over from", core::to_string(state_))};
}

Shard& Connection::shard_at(core::Pool::Shard index) {
    auto& shard = shards_[static_cast<std::uint32_t>(index)];
    if (!shard) {
        ShardOwner& self = *this;
        shard = std::make_unique<Shard>(self, services_, config_, topics_, static_cast<std::uint32_t>(index));
        topics_.set_liveness(static_cast<std::uint32_t>(index), v1::LIVENESS_DOWN);
        if (running_) shard->start();
    }
    return *shard;
}

void Connection::subscribe(const std::vector<std::string>& texts, Done done) {
    for (const auto& text : texts)
        if (text.size() > kMaxSubscriptionBytes)
            return done({v1::CODE_INVALID, fmt::format("a subscription has at most {} bytes", kMaxSubscriptionBytes)});
    const std::set<std::string_view> wanted(texts.begin(), texts.end());
    const auto added_at_most = static_cast<std::size_t>(
        std::ranges::count_if(wanted, [this](std::string_view text) { return !pool_.contains(text); }));
    const std::size_t most = std::min(kMaxSubscriptions, pool_.capacity());
    if (pool_.size() + added_at_most > most)
        return done(
            {v1::CODE_LIMITED, fmt::format("a connection holds {} subscriptions at most: none was kept", most)});
    if (!may_wait(done)) return;
    std::size_t added = 0;
    std::set<Shard*> touched;
    for (const auto& text : texts) {
        const auto placed = pool_.place(text);
        if (!placed.added) continue;
        Shard& shard = shard_at(placed.shard);
        shard.add(text);
        touched.insert(&shard);
        ++added;
    }
    const auto had = texts.size() - added;
    const auto also = had > 0 ? fmt::format(", {} were there already", had) : "";
    Outcome pending{v1::CODE_OK, fmt::format("{} kept{}: pending, sent when the connection opens", added, also)};
    if (added == 0 && state_ == ConnectionState::Connected) return done({v1::CODE_OK, "all were there already"});
    if (added > 0) ready_ = false;
    std::vector<Upstream*> sockets;
    for (Shard* shard : touched)
        for (const auto& leg : shard->legs())
            if (leg->current().is_connected()) sockets.push_back(&leg->current());
    if (sockets.empty()) return done(std::move(pending));
    wait_for(sockets, {v1::CODE_OK, fmt::format("{} sent{}", added, also)}, std::move(pending), std::move(done));
    for (Shard* shard : touched)
        shard->send_pending();
}

Outcome Connection::unsubscribe(const std::vector<std::string>& texts) {
    std::size_t removed = 0;
    for (const auto& text : texts) {
        const auto removal = pool_.remove(text);
        if (!removal.removed) continue;
        ++removed;
        const auto index = static_cast<std::uint32_t>(removal.shard);
        shards_.at(index)->remove(text);
        if (!removal.socket_empty || index == 0) continue;
        shards_.at(index)->stop(core::Cause::Pool, "it carries nothing any more");
        shards_.erase(index);
        pool_.release(removal.shard);
    }
    if (removed == 0) return {v1::CODE_NOT_FOUND, "no such subscription: `subscriptions` lists them"};
    return {v1::CODE_OK,
            fmt::format(
                "{} of {} removed: not sent any more from the next connection on. The generic profile knows no text "
                "that unsubscribes: send the venue's own, or reconnect",
                removed, texts.size())};
}

Outcome Connection::apply(config::ConnectionConfig config, const ReloadPlan& plan) {
    const auto before = std::exchange(config_, std::move(config));
    venue_ = venue::Venue(config_);
    std::vector<std::string> removed;
    for (const auto& text : before.subscriptions)
        if (std::ranges::find(config_.subscriptions, text) == config_.subscriptions.end())
            removed.push_back(text.written());
    unsubscribe(removed);
    std::set<std::uint32_t> old_shards;
    for (const auto& entry : shards_)
        old_shards.insert(entry.first);
    std::vector<std::string> added;
    for (const auto& text : config_.subscriptions)
        if (!pool_.contains(text.written())) added.push_back(text.written());
    Outcome outcome;
    if (!added.empty()) {
        subscribe(added, [&outcome](const Outcome& result) {
            if (result.code != v1::CODE_OK) outcome = result;
        });
    }
    for (auto& [index, shard] : shards_) {
        shard->configure();
        if (plan.action != ReloadAction::Rotate || paused_ || !old_shards.contains(index)) continue;
        if (shard->is_connected())
            shard->rotate(core::Cause::Reload, plan.detail);
        else
            shard->reconnect("settings have changed: " + plan.detail);
    }
    return outcome;
}

std::vector<std::string> Connection::subscriptions_by_command() const {
    std::set<std::string> configured;
    for (const auto& text : config_.subscriptions)
        configured.insert(text.written());
    std::vector<std::string> others;
    for (const auto& [index, shard] : shards_)
        for (const core::Subscription& subscription : shard->legs().front()->current().intent())
            if (!configured.contains(subscription.name)) others.push_back(subscription.name);
    return others;
}

void Connection::send(std::string_view payload, bool binary, Done done) {
    if (!may_wait(done)) return;
    Upstream* socket = connected_socket();
    const auto result = socket ? socket->send(payload, binary) : seam::SendResult::NotOpen;
    switch (result) {
        case seam::SendResult::Accepted:
            return wait_for({socket}, {v1::CODE_OK, fmt::format("{} bytes handed to the socket", payload.size())},
                            {v1::CODE_UNAVAILABLE,
                             "the connection ended while the bytes were on their way to the socket: whether the venue "
                             "has them is not known"},
                            std::move(done));
        case seam::SendResult::NotOpen:
            return done(
                {v1::CODE_UNAVAILABLE, fmt::format("not connected ({}): nothing was kept", core::to_string(state_))});
        case seam::SendResult::QueueFull:
            return done({v1::CODE_UNAVAILABLE, "the venue takes too slowly, the queue is full: nothing was kept"});
    }
}

// One reply for all of them.
void Connection::wait_for(const std::vector<Upstream*>& sockets, Outcome if_handed, Outcome if_ended, Done done) {
    struct Wait {
        std::size_t left;
        bool handed = true;
        Outcome if_handed;
        Outcome if_ended;
        Done done;
    };
    auto wait =
        std::make_shared<Wait>(Wait{sockets.size(), true, std::move(if_handed), std::move(if_ended), std::move(done)});
    ++waiting_;
    for (Upstream* socket : sockets) {
        socket->when_drained([this, wait](bool handed) {
            wait->handed = wait->handed && handed;
            if (--wait->left > 0) return;
            --waiting_;
            wait->done(wait->handed ? std::move(wait->if_handed) : std::move(wait->if_ended));
        });
    }
}

bool Connection::may_wait(const Done& done) const {
    if (waiting_ < kMaxWaiting) return true;
    done({v1::CODE_UNAVAILABLE, "too many replies wait for the socket: nothing was kept"});
    return false;
}

}  // namespace fairlead::relay
