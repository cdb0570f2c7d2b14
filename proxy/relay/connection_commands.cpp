// The commands of a connection.
#include "core/duration_text.hpp"
#include "relay/connection.hpp"
#include "relay/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
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

void Connection::apply(config::ConnectionConfig config, const ReloadPlan& plan) {
    const auto removed = not_wanted_any_more(config);
    config_ = std::move(config);
    venue_ = venue::Venue(config_);
    demand_.configure(demand_settings());
    drop(removed, kByConfig);
    std::set<std::uint32_t> old_shards;
    for (const auto& entry : shards_)
        old_shards.insert(entry.first);
    std::vector<std::string> added;
    for (const auto& text : config_.subscriptions)
        added.push_back(text.written());
    [[maybe_unused]] const auto wanted = want(added, kByConfig);
    assert(wanted.outcome.code == v1::CODE_OK);
    for (auto& [index, shard] : shards_) {
        shard->configure();
        if (plan.action != ReloadAction::Rotate || paused_ || !old_shards.contains(index)) continue;
        if (shard->is_connected())
            shard->rotate(core::Cause::Reload, plan.detail);
        else
            shard->reconnect("settings have changed: " + plan.detail);
    }
}

void Connection::send(std::string_view payload, bool binary, Done done) {
    if (!may_wait(done)) return;
    Upstream* socket = connected_socket();
    if (const auto wait = socket ? socket->wait_to_send() : core::Duration{0}; wait > core::Duration{0}) {
        const config::RateConfig& limit = config_.venue.limits.messages;
        return done({v1::CODE_LIMITED,
                     fmt::format("the venue takes {} messages in {} on a socket, subscriptions included: nothing was "
                                 "kept, send it again in {}",
                                 limit.count, core::duration_text(limit.per), core::duration_text(wait))});
    }
    const auto result = socket ? socket->send(payload, binary) : seam::SendResult::NotOpen;
    switch (result) {
        case seam::SendResult::Accepted:
            ++waiting_;
            return socket->when_drained([this, bytes = payload.size(), done = std::move(done)](bool handed) {
                --waiting_;
                if (handed) return done({v1::CODE_OK, fmt::format("{} bytes handed to the socket", bytes)});
                done({v1::CODE_UNAVAILABLE,
                      "the connection ended while the bytes were on their way to the socket: whether the venue has "
                      "them is not known"});
            });
        case seam::SendResult::NotOpen:
            return done(
                {v1::CODE_UNAVAILABLE, fmt::format("not connected ({}): nothing was kept", core::to_string(state_))});
        case seam::SendResult::QueueFull:
            return done({v1::CODE_UNAVAILABLE, "the venue takes too slowly, the queue is full: nothing was kept"});
    }
}

bool Connection::may_wait(const Done& done) const {
    if (waiting_ < kMaxWaiting) return true;
    done({v1::CODE_UNAVAILABLE, "too many replies wait for the socket: nothing was kept"});
    return false;
}

}  // namespace fairlead::relay
