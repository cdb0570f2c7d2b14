// What of the life of a connection may be an alert. Which of it is one, is decided in core.
#include "core/duration_text.hpp"
#include "relay/connection.hpp"

#include <fmt/format.h>

namespace fairlead::relay {

using core::AlertEdge;
using core::Cause;
using core::ConnectionState;

namespace {

bool is_wanted(Cause cause) {
    return cause == Cause::Command || cause == Cause::Shutdown || cause == Cause::Reload || cause == Cause::Pool;
}

}  // namespace

void Connection::alert(core::AlertInput input) const {
    if (!services_.alerts) return;
    input.thresholds = {.warning = config_.network.alert_threshold,
                        .critical = config_.network.max_consecutive_failures};
    services_.alerts->on_edge(config_.id, input);
}

// After state_ has become what the change makes of it.
void Connection::alert_change(const Shard& shard, const Leg& leg, const Upstream& socket,
                              const core::action::Announce& change, ConnectionState connection_before) const {
    const bool has_several = config_.legs > 1 || config_.is_pooled();
    core::AlertInput input{.subject = has_several ? fmt::format("{}.{}", shard.index(), leg.index()) : "",
                           .detail = core::explain(change.cause, change.detail),
                           .attempt = change.attempt,
                           .failures = socket.session().consecutive_failures()};
    const auto tell = [&](AlertEdge edge) {
        input.edge = edge;
        alert(input);
    };
    const bool is_down = connection_before == ConnectionState::Connected && state_ != ConnectionState::Connected;
    if (is_down && !is_wanted(change.cause)) tell(AlertEdge::Lost);
    switch (change.state) {
        case ConnectionState::Connecting:
            return tell(AlertEdge::AttemptBegins);
        case ConnectionState::Reconnecting:
            if (core::is_failed_attempt(change)) tell(AlertEdge::AttemptFailed);
            return;
        case ConnectionState::Failed:
            return tell(AlertEdge::GaveUp);
        case ConnectionState::Disconnected:
            if (is_wanted(change.cause)) tell(AlertEdge::Stopped);
            return;
        case ConnectionState::Connected:
            input.detail = facts_.reconnect_latency > core::Duration{0}
                               ? fmt::format("{}, {} after the loss", socket.facts().open.endpoint,
                                             core::duration_text(facts_.reconnect_latency))
                               : socket.facts().open.endpoint;
            return tell(AlertEdge::Connected);
    }
}

void Connection::alert_staleness() {
    const bool is_stale = topics_.overall() == v1::LIVENESS_STALE;
    if (is_stale == alerted_stale_) return;
    alerted_stale_ = is_stale;
    alert({.edge = is_stale ? AlertEdge::StaleBegins : AlertEdge::StaleEnds,
           .detail = fmt::format("none for {}, half of stale_after", core::duration_text(config_.stale_after / 2))});
}

}  // namespace fairlead::relay
