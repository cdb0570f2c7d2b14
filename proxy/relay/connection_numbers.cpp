// What a connection counts of itself beside its state: how it ended and returned, its gaps, its intent.
#include "relay/connection.hpp"
#include "relay/convert.hpp"
#include "relay/histogram.hpp"

#include <algorithm>
#include <array>

namespace fairlead::relay {
namespace {

using StateCounts = std::array<std::uint32_t, v1::SubscriptionState_ARRAYSIZE>;

// With redundant legs the best state of each, as the list of subscriptions has it.
StateCounts count_subscriptions(const Shard& shard) {
    StateCounts counts{};
    const auto& intent = shard.legs().front()->current().intent();
    const auto at = [&counts](core::SubscriptionState state) -> std::uint32_t& {
        return counts[static_cast<std::size_t>(to_proto(state))];
    };
    if (shard.legs().size() > 1) {
        for (const auto& subscription : intent)
            ++at(shard.find(subscription.name())->state());
        return counts;
    }
    for (int state = 0; state + 1 < v1::SubscriptionState_ARRAYSIZE; ++state) {
        const auto one = static_cast<core::SubscriptionState>(state);
        at(one) = static_cast<std::uint32_t>(intent.count(one));
    }
    return counts;
}

struct SocketNumbers {
    std::uint64_t queued = 0;
    std::optional<core::WallTime> certificate_expires{};  // the first to do so

    void add(const Upstream& socket) {
        queued += socket.session().queued_messages();
        const auto& expires = socket.facts().open.certificate_expires;
        if (!socket.is_connected() || !expires) return;
        certificate_expires = certificate_expires ? std::min(*certificate_expires, *expires) : expires;
    }
};

}  // namespace

void Connection::describe_numbers(v1::ConnectionStatus& status) const {
    for (const auto& [kind, count] : facts_.disconnects.counts()) {
        auto& entry = *status.add_disconnects();
        entry.set_cause(static_cast<v1::Cause>(kind.first));
        entry.set_close_code(kind.second);
        entry.set_count(count);
    }
    auto& gaps = *status.mutable_gaps_by_cause();
    gaps["upstream"] = topics_.gaps()[v1::GAP_CAUSE_UPSTREAM];
    gaps["relay"] = topics_.gaps()[v1::GAP_CAUSE_RELAY];
    status.set_reconnects_succeeded(facts_.reconnects_succeeded);
    status.set_reconnects_failed(facts_.reconnects_failed);
    to_proto(facts_.reconnect_latencies, *status.mutable_reconnect_latency());
    status.set_last_reconnect_ns(to_ns(facts_.last_reconnect));
    if (facts_.opened_at) status.set_uptime_ms(to_ms(services_.clock.now() - *facts_.opened_at));
    status.set_stale(topics_.overall() == v1::LIVENESS_STALE);

    SocketNumbers sockets;
    StateCounts states{};
    for (const auto& [index, shard] : shards_) {
        for (const auto& leg : shard->legs()) {
            sockets.add(leg->current());
            if (leg->next()) sockets.add(*leg->next());
        }
        const auto of_shard = count_subscriptions(*shard);
        std::transform(states.begin(), states.end(), of_shard.begin(), states.begin(), std::plus<>());
    }
    status.set_send_queue_messages(sockets.queued);
    if (sockets.certificate_expires) status.set_certificate_expires_ns(to_ns(*sockets.certificate_expires));
    auto& by_state = *status.mutable_subscriptions_by_state();
    by_state["pending"] = states[v1::SUBSCRIPTION_STATE_PENDING];
    by_state["sent"] = states[v1::SUBSCRIPTION_STATE_SENT];
    by_state["acknowledged"] = states[v1::SUBSCRIPTION_STATE_ACKNOWLEDGED];
    by_state["flowing"] = states[v1::SUBSCRIPTION_STATE_FLOWING];
    by_state["stale"] = states[v1::SUBSCRIPTION_STATE_STALE];
    by_state["rejected"] = states[v1::SUBSCRIPTION_STATE_REJECTED];
    status.set_subscriptions_rejected(facts_.rejected);
    status.set_repairs(facts_.repairs);
}

}  // namespace fairlead::relay
