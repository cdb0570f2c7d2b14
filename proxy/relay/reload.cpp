#include "relay/reload.hpp"

#include <algorithm>

namespace fairlead::relay {
namespace {

class Plan {
public:
    void need(ReloadAction action, std::string_view key, bool changed) {
        if (!changed) return;
        plan_.action = std::max(plan_.action, action);
        if (!plan_.detail.empty()) plan_.detail += ", ";
        plan_.detail += key;
    }
    ReloadPlan take() { return std::move(plan_); }

private:
    ReloadPlan plan_;
};

// Where the venue knows no text that unsubscribes, only a new socket is free of what was removed.
bool something_removed(const config::ConnectionConfig& running, const config::ConnectionConfig& wanted) {
    if (!running.venue.subscribe.unsubscribe.empty()) return false;
    return std::ranges::any_of(running.subscriptions, [&](const config::SecretText& text) {
        return std::ranges::find(wanted.subscriptions, text) == wanted.subscriptions.end();
    });
}

// What is only there for tests changes nothing.
bool venue_changed(config::Profile running, config::Profile wanted) {
    running.examples.clear();
    wanted.examples.clear();
    return running != wanted;
}

}  // namespace

std::string_view to_string(ReloadAction action) {
    switch (action) {
        case ReloadAction::Keep:
            return "kept";
        case ReloadAction::Update:
            return "updated";
        case ReloadAction::Rotate:
            return "rotated";
        case ReloadAction::Replace:
            return "replaced";
    }
    return "";
}

ReloadPlan plan_reload(const config::ConnectionConfig& running, const config::ConnectionConfig& wanted) {
    Plan plan;
    const auto update = ReloadAction::Update;
    const auto rotate = ReloadAction::Rotate;
    const auto replace = ReloadAction::Replace;
    // A profile's file may have changed under its name; its defaults of a connection's keys are compared as those.
    plan.need(replace, "profile", running.profile != wanted.profile || venue_changed(running.venue, wanted.venue));
    plan.need(rotate, "credentials", running.credentials != wanted.credentials);
    plan.need(rotate, "urls", running.urls != wanted.urls);
    plan.need(update, "endpoints", running.endpoints != wanted.endpoints);
    plan.need(update, "fail_back_after", running.fail_back_after != wanted.fail_back_after);
    const bool removed = something_removed(running, wanted);
    plan.need(removed ? rotate : update, "subscriptions", running.subscriptions != wanted.subscriptions);
    plan.need(replace, "channel", running.channel != wanted.channel);
    plan.need(rotate, "headers", running.headers != wanted.headers);
    plan.need(rotate, "subprotocol", running.subprotocol != wanted.subprotocol);
    plan.need(replace, "on_demand", running.on_demand != wanted.on_demand);
    plan.need(update, "on_demand_linger", running.on_demand_linger != wanted.on_demand_linger);
    plan.need(replace, "legs", running.legs != wanted.legs);
    plan.need(replace, "topics_per_socket", running.topics_per_socket != wanted.topics_per_socket);
    plan.need(replace, "dedupe", running.dedupe != wanted.dedupe);
    plan.need(replace, "dedupe_window", running.dedupe_window != wanted.dedupe_window);
    plan.need(update, "rotation", running.rotation != wanted.rotation);
    plan.need(update, "drain", running.drain != wanted.drain);
    plan.need(running.sequence.field != wanted.sequence.field || running.sequence.step != wanted.sequence.step ||
                      running.sequence.previous != wanted.sequence.previous ||
                      running.sequence.first != wanted.sequence.first
                  ? replace
                  : update,
              "sequence", running.sequence != wanted.sequence);
    plan.need(replace, "last_value", running.last_value != wanted.last_value);
    plan.need(rotate, "stale_after", running.stale_after != wanted.stale_after);
    plan.need(update, "channel_stale_after", running.channel_stale_after != wanted.channel_stale_after);
    plan.need(rotate, "max_message_bytes", running.max_message_bytes != wanted.max_message_bytes);
    plan.need(replace, "max_topics", running.max_topics != wanted.max_topics);
    plan.need(rotate, "transport", running.transport != wanted.transport);
    plan.need(rotate, "compression", running.compression != wanted.compression);
    plan.need(rotate, "tls", running.tls != wanted.tls);
    plan.need(rotate, "proxy", running.proxy != wanted.proxy);
    // Timers of a running socket were armed with the old ones.
    const bool pings = running.network.ping_interval != wanted.network.ping_interval ||
                       running.network.pong_timeout != wanted.network.pong_timeout;
    plan.need(pings ? rotate : update, "network", running.network != wanted.network);
    return plan.take();
}

}  // namespace fairlead::relay
