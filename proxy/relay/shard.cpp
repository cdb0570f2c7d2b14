#include "relay/shard.hpp"

#include "core/duration_text.hpp"
#include "relay/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::relay {
namespace {

// A new socket that has been ready for this long, and has brought what flows on the others, is taken to carry what is
// quiet as well.
constexpr core::Duration kSettleTime = std::chrono::milliseconds{300};
constexpr unsigned kStragglerProof = 16;  // late copies in a row
constexpr core::Duration kJoinCheck = std::chrono::milliseconds{50};

core::SpliceSettings splice_settings(const config::ConnectionConfig& config) {
    return {.window = config.dedupe_window, .endpoints_apart = config.legs > 1 || config.urls.size() > 1};
}

}  // namespace

Shard::Shard(ShardOwner& owner, const Services& services, const config::ConnectionConfig& config,
             publish::TopicGroup& topics, std::uint32_t index)
    : liveness(liveness_settings(config)),
      owner_(owner),
      services_(services),
      config_(config),
      index_(index),
      splicer_(splice_settings(config), topics, index,
               [this](publish::Topic& topic, const core::HeldMessage& held) { owner_.on_held(*this, topic, held); }),
      timer_(services.timers.create([this] { on_timer(); })) {
    LegOwner& self = *this;
    for (unsigned leg = 0; leg < config.legs; ++leg)
        legs_.push_back(std::make_unique<Leg>(self, services, config, leg));
    if (is_always_splicing()) splicer_.begin();
}

Shard::~Shard() = default;

void Shard::start() {
    for (auto& leg : legs_)
        leg->start();
}

void Shard::stop(core::Cause cause, const std::string& detail) {
    for (auto& leg : legs_)
        leg->stop(cause, detail);
}

void Shard::reconnect(const std::string& detail) {
    for (auto& leg : legs_)
        leg->reconnect(detail);
}

Leg::Rotate Shard::rotate(core::Cause cause, const std::string& detail) {
    auto best = Leg::Rotate::NotConnected;
    if (!is_connected()) return best;
    for (auto& leg : legs_) {
        if (!leg->current().is_connected()) {
            leg->reconnect(detail);
            best = Leg::Rotate::Begun;
            continue;
        }
        const auto result = leg->rotate(cause, detail);
        const bool tells_more = result == Leg::Rotate::Begun || best == Leg::Rotate::NotConnected;
        if (tells_more && best != Leg::Rotate::Begun) best = result;
    }
    return best;
}

void Shard::add(const std::string& subscription) {
    for (auto& leg : legs_)
        leg->add(subscription);
}

bool Shard::remove(const std::string& subscription) {
    bool is_free = true;
    for (auto& leg : legs_)
        is_free = leg->remove(subscription) && is_free;
    return is_free;
}

void Shard::talk() {
    for (auto& leg : legs_)
        leg->talk();
}

const core::FlowTopic* Shard::find(std::string_view subscription) const {
    // From the worst to the best.
    using State = core::SubscriptionState;
    constexpr std::array kOrder = {State::Rejected, State::Pending,      State::Sent,
                                   State::Stale,    State::Acknowledged, State::Flowing};
    const auto rank = [&kOrder](State state) { return std::ranges::find(kOrder, state) - kOrder.begin(); };
    const core::FlowTopic* best = nullptr;
    for (const auto& leg : legs_) {
        const auto* one = leg->current().intent().find(subscription);
        if (one && (!best || rank(one->state()) > rank(best->state()))) best = one;
    }
    return best;
}

void Shard::resubscribe(const std::string& subscription) {
    for (auto& leg : legs_)
        leg->current().resubscribe(subscription);
}

void Shard::configure() {
    liveness.configure(liveness_settings(config_));
    for (auto& leg : legs_)
        leg->configure();
}

void Shard::tick() {
    for (auto& leg : legs_) {
        leg->tick();
        if (has_stalled(leg->current(), services_.clock.now()))
            restart(leg->current(), "it brings nothing while the other leg goes on");
    }
    end_splicing_if_done();
}

core::ConnectionState Shard::state() const {
    auto best = core::ConnectionState::Disconnected;
    for (const auto& leg : legs_)
        best = core::better(leg->current().state(), best);
    return best;
}

bool Shard::is_ready() const {
    return std::ranges::any_of(legs_, [](const auto& leg) { return leg->current().is_ready(); });
}

Upstream* Shard::connected_socket() {
    for (auto& leg : legs_)
        if (leg->current().is_connected()) return &leg->current();
    return nullptr;
}

unsigned Shard::connected_sockets() const {
    return static_cast<unsigned>(
        std::ranges::count_if(legs_, [](const auto& leg) { return leg->current().is_connected(); }));
}

bool Shard::is_rotating() const {
    return std::ranges::any_of(legs_, [](const auto& leg) { return leg->is_rotating(); });
}

SocketTotals Shard::totals() const {
    SocketTotals totals;
    for (const auto& leg : legs_) {
        totals.add(leg->past());
        totals.add(leg->current().facts());
        if (leg->next()) totals.add(leg->next()->facts());
    }
    return totals;
}

std::optional<core::SteadyTime> Shard::last_data() const {
    std::optional<core::SteadyTime> last;
    for (const auto& leg : legs_) {
        const auto& one = leg->current().facts().last_data;
        if (one && (!last || *one > *last)) last = one;
    }
    return last;
}

core::SpliceResult Shard::offer(publish::Topic& topic, Upstream& socket, std::uint64_t key,
                                std::uint64_t venue_sequence, const Arrival& arrival) {
    const auto now = services_.clock.now();
    if (has_stalled(socket, now)) {
        restart(socket, "it stood still while the other leg went on");
        return {.verdict = core::SpliceVerdict::Duplicate};
    }
    socket.counters.missing_since.reset();
    auto result = splicer_.offer(topic, {.leg = socket.slot(),
                                         .key = key,
                                         .bytes = arrival.message.bytes,
                                         .binary = arrival.message.binary,
                                         .received = arrival.received,
                                         .now = now,
                                         .session = arrival.session,
                                         .venue_sequence = venue_sequence});
    switch (result.verdict) {
        case core::SpliceVerdict::Leaves:
            if (splicer_.open_sockets() > 1) {
                ++socket.counters.wins;
                note_missing(socket, now);
            }
            break;
        case core::SpliceVerdict::Duplicate:
            ++socket.counters.losses;
            socket.counters.delay += result.delay;
            note_delay(socket, result);
            break;
        case core::SpliceVerdict::Held:
            if (!is_armed_) arm();
            break;
    }
    return result;
}

// For how long each other leg has brought nothing, while this one brings something.
void Shard::note_missing(const Upstream& brought_by, core::SteadyTime now) {
    for (const auto& leg : legs_) {
        Upstream& other = leg->current();
        if (&other != &brought_by && other.is_connected() && !other.counters.missing_since)
            other.counters.missing_since = now;
    }
}

// What a leg brings after that has left, and is soon remembered no more: it would leave a second time.
bool Shard::has_stalled(const Upstream& socket, core::SteadyTime now) const {
    return legs_.size() > 1 && splicer_.open_sockets() > 1 && socket.counters.missing_since &&
           now - *socket.counters.missing_since > config_.dedupe_window / 2;
}

void Shard::count_held(const core::HeldMessage& held) {
    if (splicer_.open_sockets() > 1) legs_[held.leg / 2]->count_win(held.leg);
}

// A copy that comes when the message is forgotten would leave a second time: a leg that far behind is of no use, and a
// danger. One late copy proves nothing: it may be a text that the venue sends now and then.
void Shard::note_delay(Upstream& socket, const core::SpliceResult& result) {
    if (result.delay <= result.remembered_for / 2) {
        socket.counters.late_in_a_row = 0;
        return;
    }
    if (++socket.counters.late_in_a_row < kStragglerProof) return;
    socket.counters.late_in_a_row = 0;
    restart(socket, fmt::format("{} behind the other leg", core::duration_text(result.delay)));
}

void Shard::restart(const Upstream& socket, const std::string& detail) {
    Leg& leg = *legs_[socket.slot() / 2];
    if (legs_.size() < 2 || splicer_.open_sockets() < 2 || &leg.current() != &socket) return;
    leg.reconnect(detail);
}

void Shard::on_socket_attempt(Leg&, Upstream& socket) {
    splicer_.attempt(socket.slot());
}

void Shard::on_socket_open(Leg&, Upstream& socket) {
    if (!splicer_.is_active()) return;
    splicer_.open(socket.slot());
    arm();
}

void Shard::on_socket_end(Leg&, Upstream& socket, core::Cause cause, const std::string& detail) {
    splicer_.close(socket.slot(), services_.clock.now(),
                   [&](publish::Topic& topic) { owner_.on_unproved(*this, topic, cause, detail); });
}

void Shard::on_leg_change(Leg& leg, Upstream& socket, const core::action::Announce& change) {
    const auto before = std::exchange(state_, state());
    owner_.on_shard_change(*this, leg, socket, change, before, state_);
}

void Shard::on_leg_message(Leg& leg, Upstream& socket, const Inbound& inbound) {
    owner_.on_shard_message(*this, leg, socket,
                            {.message = inbound.message,
                             .facts = inbound.facts,
                             .received = inbound.received,
                             .session = socket.facts().number,
                             .leg = leg.index(),
                             .alone = is_alone()});
}

void Shard::on_leg_ready(Leg&, Upstream&) {
    owner_.on_shard_ready(*this);
}

void Shard::on_leg_subscription(Leg& leg, Upstream&, const core::SubscriptionFlow::Change& change) {
    owner_.on_shard_subscription(*this, leg, change);
}

void Shard::on_rotation_begins(Leg& leg) {
    const Upstream& current = leg.current();
    splicer_.begin();
    if (current.is_connected() && !splicer_.is_open(current.slot())) splicer_.open(current.slot());
}

// Seen on the new socket: everything that has flowed since, and everything that flowed within `overlap` before.
bool Shard::has_caught_up(const Leg&, const Upstream& next) {
    if (!is_settled_in(next)) return false;
    const auto active_since = to_ns(next.facts().last_opened - config_.rotation.overlap);
    return splicer_.has_caught_up(next.slot(), active_since);
}

bool Shard::may_take_over(const Leg&, const Upstream& next) {
    return next.is_ready() && splicer_.brings_anything(next.slot());
}

void Shard::on_take_over(Leg&, const Upstream& next, bool caught_up) {
    const auto now = services_.clock.now();
    if (caught_up) return splicer_.settle(next.slot(), now);
    splicer_.settle_unproved(next.slot(), now, [&](publish::Topic& topic) {
        owner_.on_unproved(*this, topic, core::Cause::Rotation, "was not seen on the socket that took over");
    });
}

void Shard::on_taken_over(Leg& leg, const Upstream& old, const core::Rotation::Action& action, bool lost) {
    splice_until_ = services_.clock.now() + config_.dedupe_window;
    owner_.on_taken_over(*this, leg, old, action, lost);
    arm();
}

void Shard::on_rotation_abandoned(Leg& leg, const core::Rotation::Action& action) {
    splice_until_ = services_.clock.now() + config_.dedupe_window;
    owner_.on_rotation_abandoned(*this, leg, action);
}

bool Shard::is_settled_in(const Upstream& socket) const {
    return socket.is_ready() && services_.clock.now() - socket.ready_at() >= kSettleTime;
}

bool Shard::is_always_splicing() const {
    return legs_.size() > 1 || config_.urls.size() > 1;
}

void Shard::end_splicing_if_done() {
    if (is_always_splicing() || !splicer_.is_active() || is_rotating()) return;
    if (services_.clock.now() >= splice_until_) splicer_.end();
}

// A leg that came back beside another one: the same question as in a rotation, but nobody waits for the answer.
void Shard::settle_joined_legs() {
    const auto now = services_.clock.now();
    for (const auto& leg : legs_) {
        const Upstream& socket = leg->current();
        const auto slot = socket.slot();
        if (!splicer_.is_open(slot) || splicer_.is_settled(slot)) continue;
        const auto opened = socket.facts().opened_at;
        const bool overdue = opened && now - *opened >= config_.rotation.overlap;
        if (overdue || (is_settled_in(socket) && splicer_.has_caught_up(slot, std::nullopt)))
            splicer_.settle(slot, now);
    }
}

void Shard::on_timer() {
    is_armed_ = false;
    splicer_.release(services_.clock.now());
    settle_joined_legs();
    arm();
}

void Shard::arm() {
    auto when = splicer_.next_release();
    for (const auto& leg : legs_) {
        const auto slot = leg->current().slot();
        if (!splicer_.is_open(slot) || splicer_.is_settled(slot)) continue;
        const auto check = services_.clock.now() + kJoinCheck;
        when = when ? std::min(*when, check) : check;
    }
    is_armed_ = when.has_value();
    if (when)
        timer_->arm(*when);
    else
        timer_->cancel();
}

}  // namespace fairlead::relay
