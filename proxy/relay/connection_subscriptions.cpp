// What is to be subscribed, who wants it, and what became of it.
#include "relay/connection.hpp"
#include "relay/convert.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace fairlead::relay {

using core::SubscriptionState;

namespace {

constexpr std::size_t kMaxNamed = 10;        // refused topics in one reply
constexpr std::size_t kMaxTriedAgain = 100;  // demanded topics without a place, in one tick

struct Placing {
    Outcome outcome{};
    std::vector<core::Pool::Placement> placed{};  // of each, in order; empty if one was refused
};

Outcome no_place(const core::PoolSettings& limits, const std::string& topic, bool too_long) {
    const auto shown = config::SecretText(topic).display();
    if (too_long)
        return {v1::CODE_INVALID,
                fmt::format("`{:.40}…` has {} bytes, but the venue takes {} on a socket: write it shorter, or as "
                            "several subscriptions; none was kept",
                            shown, topic.size(), limits.bytes_per_socket)};
    return {v1::CODE_LIMITED,
            fmt::format("no room for `{:.40}`: a connection has {} sockets at most, and the venue takes {} bytes of "
                        "subscriptions on each; use another connection; none was kept",
                        shown, limits.max_sockets, limits.bytes_per_socket)};
}

Placing place_all(core::Pool& pool, const std::vector<std::string>& topics) {
    const std::set<std::string_view> distinct(topics.begin(), topics.end());
    const auto new_ones = static_cast<std::size_t>(
        std::ranges::count_if(distinct, [&pool](std::string_view topic) { return !pool.contains(topic); }));
    const std::size_t most = std::min(Connection::kMaxSubscriptions, pool.capacity());
    if (pool.size() + new_ones > most)
        return {.outcome = {v1::CODE_LIMITED,
                            fmt::format("a connection holds {} subscriptions at most: none was kept", most)}};
    auto placements = pool.place_all(topics);
    if (placements.refused)
        return {.outcome = no_place(pool.settings(), topics[*placements.refused], placements.too_long)};
    return {.placed = std::move(placements.placed)};
}

}  // namespace

Connection::Wanted Connection::want(const std::vector<std::string>& topics, unsigned source) {
    auto wanted = keep(topics, source);
    for (Shard* shard : wanted.touched)
        shard->talk();
    return wanted;
}

// Everything or nothing. The sockets do not know of it yet.
Connection::Wanted Connection::keep(const std::vector<std::string>& topics, unsigned source) {
    Wanted wanted;
    const auto placing = place_all(pool_, topics);
    wanted.outcome = placing.outcome;
    if (wanted.outcome.code != v1::CODE_OK) return wanted;
    for (std::size_t i = 0; i < topics.size(); ++i) {
        const auto& topic = topics[i];
        wanted_by_[topic] |= source;
        if (!placing.placed[i].added) continue;
        Shard& shard = shard_at(placing.placed[i].shard);
        shard.add(topic);
        begin_proof(topic);
        wanted.touched.insert(&shard);
        ++wanted.added;
    }
    if (wanted.added > 0) ready_ = false;
    return wanted;
}

// Tried out in a pool that is like the one in which it would be done.
Outcome Connection::has_room_for(const config::ConnectionConfig& wanted, const ReloadPlan& plan) const {
    std::vector<std::string> topics;
    for (const auto& text : wanted.subscriptions)
        topics.push_back(text.written());
    if (plan.action == ReloadAction::Replace) {
        core::Pool pool(config::pool_settings(wanted));
        std::ranges::copy(subscriptions_by_command(), std::back_inserter(topics));
        return place_all(pool, topics).outcome;
    }
    core::Pool pool = pool_;
    for (const auto& topic : not_wanted_any_more(wanted)) {
        const auto found = wanted_by_.find(topic);
        if (found == wanted_by_.end() || found->second != kByConfig) continue;
        const auto removal = pool.remove(topic);
        if (removal.socket_empty) pool.release(removal.shard);
    }
    return place_all(pool, topics).outcome;
}

std::vector<std::string> Connection::not_wanted_any_more(const config::ConnectionConfig& wanted) const {
    std::vector<std::string> topics;
    for (const auto& text : config_.subscriptions)
        if (std::ranges::find(wanted.subscriptions, text) == wanted.subscriptions.end())
            topics.push_back(text.written());
    return topics;
}

// Of one source: what another one wants as well stays.
Connection::Dropped Connection::drop(const std::vector<std::string>& topics, unsigned sources) {
    Dropped dropped;
    std::set<Shard*> touched;
    for (const auto& topic : topics) {
        const auto found = wanted_by_.find(topic);
        if (found == wanted_by_.end() || (found->second & sources) == 0) continue;
        found->second &= ~sources;
        ++dropped.found;
        if (found->second != 0) continue;
        wanted_by_.erase(found);
        if (exceptional_.erase(topic) > 0)
            alert({.edge = core::AlertEdge::Accepted, .subject = config::SecretText(topic).display()});
        const auto removal = pool_.remove(topic);
        if (!removal.removed) continue;
        ++dropped.removed;
        // What the venue numbers while nobody listens is no hole.
        if (publish::Topic* data = topics_.find(topic)) {
            sequence_.forget(*data);
            data->last_venue_sequence = 0;
        }
        const auto index = static_cast<std::uint32_t>(removal.shard);
        Shard& shard = *shards_.at(index);
        dropped.is_free = shard.remove(topic) && dropped.is_free;
        touched.insert(&shard);
        if (!removal.socket_empty || index == 0) continue;
        touched.erase(&shard);
        shard.stop(core::Cause::Pool, "it carries nothing any more");
        past_.add(shard.totals());
        shards_.erase(index);
        pool_.release(removal.shard);
    }
    for (Shard* shard : touched)
        shard->talk();
    return dropped;
}

void Connection::subscribe(const std::vector<std::string>& topics, Done done) {
    for (const auto& topic : topics)
        if (topic.empty() || topic.size() > kMaxSubscriptionBytes)
            return done({v1::CODE_INVALID, fmt::format("a subscription has 1 to {} bytes", kMaxSubscriptionBytes)});
    if (!may_wait(done)) return;
    const auto wanted = want(topics, kByCommand);
    if (wanted.outcome.code != v1::CODE_OK) return done(wanted.outcome);
    const auto had = topics.size() - wanted.added;
    const auto also = had > 0 ? fmt::format(", {} were there already", had) : "";
    Outcome pending{v1::CODE_OK, fmt::format("{} kept{}: pending, sent when the connection opens", wanted.added, also)};
    if (wanted.added == 0 && state_ == core::ConnectionState::Connected)
        return done({v1::CODE_OK, fmt::format("all were there already: {}", states_of(topics).text)});
    std::vector<Upstream*> sockets;
    for (Shard* shard : wanted.touched)
        for (const auto& leg : shard->legs())
            if (leg->current().is_connected()) sockets.push_back(&leg->current());
    if (sockets.empty()) return done(std::move(pending));
    wait_until_settled(sockets, [this, topics, also, pending, done = std::move(done)](bool handed) {
        if (!handed) return done(pending);
        const auto reached = states_of(topics);
        done({reached.refused ? v1::CODE_INVALID : v1::CODE_OK, reached.text + also});
    });
}

// One answer for all of them.
void Connection::wait_until_settled(const std::vector<Upstream*>& sockets, std::function<void(bool)> done) {
    struct Wait {
        std::size_t left;
        std::function<void(bool)> done;
        bool handed = true;
    };
    auto wait = std::make_shared<Wait>(Wait{sockets.size(), std::move(done)});
    ++waiting_;
    for (Upstream* socket : sockets) {
        socket->when_settled([this, wait](bool handed) {
            wait->handed = wait->handed && handed;
            if (--wait->left > 0) return;
            --waiting_;
            wait->done(wait->handed);
        });
    }
}

Connection::Reached Connection::states_of(const std::vector<std::string>& topics) const {
    std::map<SubscriptionState, std::size_t> counts;
    std::vector<std::string> refused;
    for (const auto& topic : topics) {
        const auto* subscription = find_subscription(topic);
        if (!subscription) continue;
        ++counts[subscription->state()];
        if (subscription->state() != SubscriptionState::Rejected || refused.size() >= kMaxNamed) continue;
        refused.push_back(fmt::format("{} ({})", config::SecretText(topic).display(), subscription->detail()));
    }
    std::vector<std::string> parts;
    parts.reserve(counts.size());
    for (const auto& [state, count] : counts)
        parts.push_back(fmt::format("{} {}", count, core::to_string(state)));
    Reached reached{.text = fmt::format("{}", fmt::join(parts, ", ")),
                    .refused = counts.size() == 1 && !refused.empty()};
    if (!refused.empty()) reached.text += fmt::format(": {}", fmt::join(refused, "; "));
    return reached;
}

// On whichever socket it is best off.
const core::FlowTopic* Connection::find_subscription(std::string_view topic) const {
    for (const auto& entry : shards_)
        if (const auto* found = entry.second->find(topic)) return found;
    return nullptr;
}

Outcome Connection::unsubscribe(const std::vector<std::string>& topics) {
    const auto dropped = drop(topics, kByConfig | kByCommand);
    if (dropped.found == 0) return {v1::CODE_NOT_FOUND, "no such subscription: `subscriptions` lists them"};
    if (dropped.is_free) return {v1::CODE_OK, fmt::format("{} of {} removed", dropped.removed, topics.size())};
    return {
        v1::CODE_OK,
        fmt::format("{} of {} removed: not sent any more from the next connection on. The profile `{}` knows no text "
                    "that unsubscribes: send the venue's own, or reconnect",
                    dropped.removed, topics.size(), config_.profile)};
}

std::vector<std::string> Connection::subscriptions_by_command() const {
    std::vector<std::string> found;
    for (const auto& [index, shard] : shards_) {
        for (const core::FlowTopic& subscription : shard->legs().front()->current().intent()) {
            const auto wanted = wanted_by_.find(subscription.name());
            if (wanted != wanted_by_.end() && (wanted->second & kByCommand) != 0) found.push_back(subscription.name());
        }
    }
    return found;
}

// What comes before the venue has answered may belong to an earlier subscription: its answer begins the proof anew. One
// that does not answer is asked with each message until the subscription has been sent.
void Connection::prove(publish::Topic& topic) {
    topic.is_proved = true;
    if (config_.venue.is_generic()) return;  // texts are no channels
    const bool answers = config_.venue.subscribe.acknowledged;
    const auto channel = topics_.channel_of(topic);
    for (auto& [index, shard] : shards_) {
        for (const auto& leg : shard->legs()) {
            leg->note_flowing(channel);
            const Upstream& socket = leg->current();
            const auto* subscription = socket.is_connected() ? socket.intent().find(channel) : nullptr;
            if (!answers && subscription && subscription->state() == SubscriptionState::Pending)
                topic.is_proved = false;
        }
    }
}

void Connection::begin_proof(std::string_view channel) {
    if (publish::Topic* topic = topics_.find(channel)) topic->is_proved = false;
}

void Connection::begin_proof(const Shard& shard) {
    topics_.for_each_data_topic([&shard](publish::Topic& topic) {
        if (topic.shard == shard.index() || topic.shard == publish::kEveryShard) topic.is_proved = false;
    });
}

// Which channels are dead while others live, and what is done about it.
void Connection::look_after(Shard& shard) {
    if (config_.channel_stale_after <= core::Duration{0} || config_.venue.is_generic()) return;
    const Upstream* socket = shard.connected_socket();
    if (!socket) return;
    const auto now = services_.clock.now();
    const auto wall_ns = to_ns(services_.clock.wall());
    std::vector<core::TopicSign> signs;
    signs.reserve(socket->intent().size());
    for (const auto& subscription : socket->intent()) {
        core::TopicSign sign{.name = subscription.name(), .group = subscription.group()};
        const auto state = subscription.state();
        const bool flows = state == SubscriptionState::Flowing || state == SubscriptionState::Stale;
        const bool is_on = flows || state == SubscriptionState::Acknowledged ||
                           (state == SubscriptionState::Sent && !config_.venue.subscribe.acknowledged);
        if (is_on) sign.accepted = flows ? *socket->facts().opened_at : subscription.since();
        const publish::Topic* topic = topics_.find(subscription.name());
        if (is_on && topic && topic->last_data_ns > 0) {
            const auto age = core::Duration(wall_ns > topic->last_data_ns ? wall_ns - topic->last_data_ns : 0);
            if (now - age >= *sign.accepted) sign.last_data = now - age;
        }
        signs.push_back(sign);
    }
    for (const auto& change : shard.liveness.look(signs, now))
        act_on(shard, change);
}

void Connection::act_on(Shard& shard, const core::LivenessChange& change) {
    for (const auto& leg : shard.legs()) {
        if (change.stale)
            leg->current().note_stale(change.name, change.detail);
        else
            leg->current().note_flowing(change.name);
    }
    if (!change.stale || change.repair == core::RepairStep::Tell) return;
    ++facts_.repairs;
    const bool rotates = change.repair == core::RepairStep::Rotate;
    services_.log.write(seam::LogLevel::Warning, config_.id, rotates ? "repair_rotate" : "repair_resubscribe",
                        {{"cause", "stale"}, {"channel", change.name}, {"detail", change.detail}});
    if (rotates) {
        shard.rotate(core::Cause::Stale, fmt::format("{}: {}", change.name, change.detail));
        return;
    }
    shard.resubscribe(change.name);
}

void Connection::demand(std::string_view channel, bool wanted) {
    if (!config_.on_demand) return;
    const auto now = services_.clock.now();
    apply(wanted ? demand_.subscribed(channel, now) : demand_.unsubscribed(channel, now));
}

core::DemandSettings Connection::demand_settings() const {
    return {.linger = config_.on_demand_linger, .max_topics = kMaxDemanded};
}

void Connection::apply(const core::Demand::Changes& changes) {
    std::vector<std::string> wanted;
    std::vector<std::string> released;
    for (const auto& change : changes)
        (change.wanted ? wanted : released).push_back(change.channel);
    for (const auto& topic : released)
        unplaced_.erase(topic);
    if (!released.empty()) drop(released, kByDemand);
    if (!wanted.empty()) place(wanted);
}

// Each for itself: consumers know nothing of one another. What finds no room is tried again; what is too long for the
// venue is not.
void Connection::place(const std::vector<std::string>& demanded) {
    std::set<Shard*> touched;
    std::size_t refused = 0;
    std::string cause;
    for (const auto& topic : demanded) {
        const auto wanted = keep({topic}, kByDemand);
        touched.insert(wanted.touched.begin(), wanted.touched.end());
        if (wanted.outcome.code == v1::CODE_OK) {
            unplaced_.erase(topic);
            continue;
        }
        if (wanted.outcome.code == v1::CODE_LIMITED && !unplaced_.insert(topic).second) continue;  // told before
        ++refused;
        cause = wanted.outcome.message;
    }
    for (Shard* shard : touched)
        shard->talk();
    if (refused == 0) return;
    services_.log.write(seam::LogLevel::Warning, config_.id, "demand_refused",
                        {{"cause", cause}, {"topics", std::to_string(refused)}});
}

// Room may have come. A few at a time, in turn.
void Connection::place_again() {
    if (unplaced_.empty()) return;
    const std::size_t count = std::min(unplaced_.size(), kMaxTriedAgain);
    std::vector<std::string> some;
    auto next = unplaced_.lower_bound(place_next_);
    while (some.size() < count) {
        if (next == unplaced_.end()) next = unplaced_.begin();
        some.push_back(*next++);
    }
    place_next_ = next == unplaced_.end() ? std::string() : *next;
    place(some);
}

// Only what is out of order is told, and its end; what every session goes through is not.
void Connection::on_shard_subscription(Shard& shard, Leg& leg, const core::SubscriptionFlow::Change& change) {
    const bool is_exception = change.to == SubscriptionState::Rejected || change.to == SubscriptionState::Stale;
    const bool is_end = change.to == SubscriptionState::Acknowledged || change.to == SubscriptionState::Flowing;
    if (change.to == SubscriptionState::Rejected) ++facts_.rejected;
    if (change.to == SubscriptionState::Acknowledged) begin_proof(change.name);
    if (change.to == SubscriptionState::Pending) begin_proof(change.name);
    if (is_exception) {
        const auto [entry, is_new] = exceptional_.try_emplace(change.name, change.to);
        if (!is_new && entry->second == change.to) return;
        entry->second = change.to;
    } else {
        const auto entry = exceptional_.find(change.name);
        if (!is_end || entry == exceptional_.end()) return;
        // Only data ends a silence.
        if (entry->second == SubscriptionState::Stale && change.to != SubscriptionState::Flowing) return;
        exceptional_.erase(entry);
    }
    const auto shown = config::SecretText(change.name).display();
    const bool is_refused = change.to == SubscriptionState::Rejected;
    alert({.edge = is_refused ? core::AlertEdge::Rejected : core::AlertEdge::Accepted,
           .subject = shown,
           .detail = change.detail});
    services_.log.write(is_exception ? seam::LogLevel::Warning : seam::LogLevel::Info, config_.id,
                        fmt::format("subscription_{}", core::to_string(change.to)),
                        {{"channel", shown}, {"detail", change.detail}});
    v1::ConnectionEvent event;
    event.set_connection(config_.id);
    event.set_state(v1::CONNECTION_STATE_CONNECTED);
    event.set_previous(v1::CONNECTION_STATE_CONNECTED);
    event.set_cause(v1::CAUSE_SUBSCRIPTION);
    event.set_ready(ready_);
    auto& told = *event.mutable_subscription();
    told.set_channel(shown);
    told.set_state(to_proto(change.to));
    told.set_previous(to_proto(change.from));
    told.set_detail(change.detail);
    tell_state(std::move(event), shard, leg, leg.current().facts().number);
}

// In the order in which they came, socket by socket.
void Connection::describe(v1::Subscriptions& list) const {
    for (const auto& [index, shard] : shards_)
        for (const core::FlowTopic& subscription : shard->legs().front()->current().intent())
            describe(subscription.name(), *shard, *list.add_subscriptions());
}

// Over the redundant legs: the best state, and how often it was sent by all of them.
void Connection::describe(const std::string& topic, const Shard& shard, v1::SubscriptionStatus& entry) const {
    const auto now = services_.clock.now();
    const core::FlowTopic& subscription = *shard.find(topic);
    entry.set_connection(config_.id);
    entry.set_channel(config::SecretText(topic).display());
    entry.set_state(to_proto(subscription.state()));
    entry.set_detail(subscription.detail());
    if (subscription.since() != core::SteadyTime{})
        entry.set_since_ns(to_ns(services_.clock.wall() - (now - subscription.since())));
    if (const auto at = subscription.retry_at(); at && *at > now) entry.set_retry_in_ms(to_ms(*at - now));
    entry.set_shard(shard.index());
    for (const auto& leg : shard.legs())
        if (const auto* one = leg->current().intent().find(topic))
            entry.set_times_sent(entry.times_sent() + one->times_sent());
    if (const auto* data = topics_.find(topic)) entry.set_last_data_ns(data->last_data_ns);
    const auto wanted = wanted_by_.find(topic);
    const unsigned sources = wanted == wanted_by_.end() ? 0 : wanted->second;
    if ((sources & kByConfig) != 0) entry.add_wanted_by("config");
    if ((sources & kByCommand) != 0) entry.add_wanted_by("command");
    if ((sources & kByDemand) != 0) entry.add_wanted_by("demand");
}

}  // namespace fairlead::relay
