#include "relay/leg.hpp"

#include "core/session_machine.hpp"
#include "relay/convert.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::relay {
namespace {

using core::ConnectionState;
using Action = core::Rotation::Action;

// How often it is looked whether a new socket has seen everything that flows.
constexpr core::Duration kOverlapCheck = std::chrono::milliseconds{50};
constexpr core::Duration kSlowestPace = std::chrono::minutes{10};

bool is_end(const core::action::Announce& change) {
    return change.state != ConnectionState::Connecting && change.state != ConnectionState::Connected &&
           (change.previous == ConnectionState::Connecting || change.previous == ConnectionState::Connected);
}

}  // namespace

Leg::Leg(LegOwner& owner, const Services& services, const config::ConnectionConfig& config, unsigned index)
    : owner_(owner),
      services_(services),
      config_(config),
      index_(index),
      failover_(failover_settings(config, index)),
      next_failover_(failover_),
      rotation_(rotation_settings(config)),
      rotation_pace_({.initial_delay = config.network.stable_after, .max_delay = kSlowestPace, .jitter_factor = 0}),
      timer_(services.timers.create([this] { on_timer(); })),
      burial_(services.timers.create([this] { let_go_.clear(); })),
      current_(make_socket(index * 2)) {}

Leg::~Leg() = default;

std::unique_ptr<Upstream> Leg::make_socket(unsigned slot) {
    UpstreamOwner& self = *this;
    return std::make_unique<Upstream>(self, services_, config_, slot);
}

void Leg::stop(core::Cause cause, const std::string& detail) {
    if (next_) abandon({.kind = Action::Kind::Abandon, .cause = cause, .detail = detail});
    rotation_ = core::Rotation(rotation_settings(config_));
    current_->stop(cause, detail);
    arm();
}

void Leg::reconnect(const std::string& detail) {
    if (next_) abandon({.kind = Action::Kind::Abandon, .cause = core::Cause::Command, .detail = detail});
    rotation_ = core::Rotation(rotation_settings(config_));
    current_->reconnect(detail);
    arm();
}

Leg::Rotate Leg::rotate(core::Cause cause, std::string detail) {
    if (!current_->is_connected()) return Rotate::NotConnected;
    const auto now = services_.clock.now();
    const bool is_reload = cause == core::Cause::Reload;
    if (next_ && is_reload) perform(rotation_.failed("settings have changed", now, services_.random.uniform()));
    if (rotation_.phase() != core::Rotation::Phase::Resting) return Rotate::UnderWay;
    if (!is_reload && !may_rotate(cause, now)) return Rotate::TooSoon;
    const auto action = rotation_.request(cause, std::move(detail), now);
    perform(action);
    return action.kind == Action::Kind::Open ? Rotate::Begun : Rotate::UnderWay;
}

// Neither a command in a loop nor a notice that comes with every connection may become a storm of attempts.
bool Leg::may_rotate(core::Cause cause, core::SteadyTime now) {
    if (cause == core::Cause::Command) return !rotated_at_ || now - *rotated_at_ >= config_.network.initial_delay;
    if (now < next_rotation_) return false;
    if (rotated_at_ && now - *rotated_at_ > 2 * kSlowestPace) rotation_pace_.reset();
    next_rotation_ = now + rotation_pace_.next(services_.random.uniform());
    return true;
}

void Leg::add(const std::string& subscription) {
    current_->add(subscription);
    if (next_) next_->add(subscription);
}

bool Leg::remove(const std::string& subscription) {
    bool is_free = current_->remove(subscription);
    if (next_) is_free = next_->remove(subscription) && is_free;
    return is_free;
}

void Leg::note_flowing(std::string_view subscription) {
    current_->note_flowing(subscription);
    if (next_) next_->note_flowing(subscription);
}

void Leg::talk() {
    for (Upstream* socket : {current_.get(), next_.get()})
        if (socket && socket->is_connected()) socket->talk();
}

void Leg::configure() {
    failover_.configure(failover_settings(config_, index_));
    next_failover_.configure(failover_settings(config_, index_));
    rotation_.configure(rotation_settings(config_));
    current_->configure();
    if (next_) next_->configure();
    arm();
}

void Leg::tick() {
    const auto now = services_.clock.now();
    for (Upstream* socket : {current_.get(), next_.get()})
        if (socket) socket->tick();
    if (!current_->is_connected() || !current_->facts().opened_at) return;
    if (!stable_ && now - *current_->facts().opened_at >= config_.network.stable_after) {
        stable_ = true;
        failover_.stable(now);
    }
    const auto due = failover_.fail_back_at();
    if (!due || *due > now || is_rotating()) return;
    if (failed_back_at_ && now - *failed_back_at_ < config_.fail_back_after) return;
    failed_back_at_ = now;
    perform(rotation_.request(core::Cause::FailBack, "the preferred endpoint is tried again", now));
}

void Leg::count_win(unsigned slot) {
    for (Upstream* socket : {current_.get(), next_.get()})
        if (socket && socket->slot() == slot) ++socket->counters.wins;
}

std::size_t Leg::url_for_attempt(Upstream& socket) {
    owner_.on_socket_attempt(*this, socket);
    return &socket == next_.get() ? next_failover_.attempt() : failover_.attempt();
}

void Leg::on_change(Upstream& socket, const core::action::Announce& change) {
    if (change.state == ConnectionState::Connected) owner_.on_socket_open(*this, socket);
    if (is_end(change)) owner_.on_socket_end(*this, socket, change.cause, change.detail);
    if (change.previous == ConnectionState::Connected && change.state != ConnectionState::Connected) {
        const seam::EndInfo& end = socket.facts().end;
        owner_.on_disconnect(change.cause, change.cause == end.cause ? end.close_code : std::uint16_t{0});
    }
    if (&socket == current_.get()) return on_current_change(socket, change);
    if (&socket == next_.get()) on_next_change(socket, change);
}

void Leg::on_current_change(Upstream& socket, const core::action::Announce& change) {
    const auto now = services_.clock.now();
    if (change.state == ConnectionState::Connected) {
        stable_ = false;
        rotation_.connected(now, services_.clock.wall(), services_.random.uniform());
    } else if (change.previous == ConnectionState::Connected) {
        const bool wanted = change.cause == core::Cause::Command || change.cause == core::Cause::Shutdown;
        if (!stable_ && !wanted) failover_.failed();
        failover_.ended();
        perform(rotation_.lost(now), /*lost=*/true);
    } else if (core::is_failed_attempt(change)) {
        failover_.failed();
    }
    arm();
    owner_.on_leg_change(*this, socket, change);
}

void Leg::on_next_change(Upstream& socket, const core::action::Announce& change) {
    const auto now = services_.clock.now();
    if (change.state == ConnectionState::Connected) {
        perform(rotation_.opened(now));
    } else if (is_end(change)) {
        const std::string detail =
            std::string(core::to_string(change.cause)) + (change.detail.empty() ? std::string() : ", " + change.detail);
        perform(rotation_.failed(detail, now, services_.random.uniform()));
        // A command or the end of a session without a decision leaves no half-dead socket behind.
        if (next_.get() == &socket) abandon({.kind = Action::Kind::Abandon, .cause = change.cause, .detail = detail});
    }
    arm();
}

void Leg::on_message(Upstream& socket, const Inbound& inbound) {
    owner_.on_leg_message(*this, socket, inbound);
}

void Leg::on_subscription(Upstream& socket, const core::SubscriptionFlow::Change& change) {
    if (&socket == current_.get()) owner_.on_leg_subscription(*this, socket, change);
}

void Leg::on_ready(Upstream& socket) {
    if (&socket == current_.get()) owner_.on_leg_ready(*this, socket);
}

void Leg::perform(const Action& action, bool lost) {
    switch (action.kind) {
        case Action::Kind::None:
            return;
        case Action::Kind::Open:
            return open_next(action);
        case Action::Kind::TakeOver:
            return take_over(action, lost);
        case Action::Kind::Abandon:
            return abandon(action);
    }
}

void Leg::open_next(const Action& action) {
    const auto now = services_.clock.now();
    rotated_at_ = now;
    owner_.on_rotation_begins(*this);
    next_failover_ = failover_;
    if (action.cause == core::Cause::FailBack) next_failover_.begin_fail_back(now);
    next_ = make_socket(current_->slot() ^ 1U);
    next_->take_intent_of(*current_);
    next_->start();
    arm();
}

void Leg::take_over(const Action& action, bool lost) {
    if (!next_) return;
    if (!lost) {
        owner_.on_take_over(*this, *next_, action.caught_up);
        owner_.on_socket_end(*this, *current_, action.cause, action.detail);
    }
    auto old = std::exchange(current_, std::move(next_));
    failover_ = next_failover_;
    stable_ = false;
    rotation_.connected(services_.clock.now(), services_.clock.wall(), services_.random.uniform());
    owner_.on_taken_over(*this, *old, action, lost);
    let_go(std::move(old), core::Cause::Rotation, "another socket has taken over");
    if (current_->is_ready()) owner_.on_leg_ready(*this, *current_);
}

void Leg::abandon(const Action& action) {
    if (!next_) return;
    owner_.on_socket_end(*this, *next_, action.cause, action.detail);
    let_go(std::move(next_), action.cause, action.detail);
    owner_.on_rotation_abandoned(*this, action);
}

void Leg::let_go(std::unique_ptr<Upstream> socket, core::Cause cause, const std::string& detail) {
    past_.add(socket->facts());
    if (socket->is_connected()) owner_.on_disconnect(cause, 0);
    socket->disown();
    socket->stop(cause, detail);
    let_go_.push_back(std::move(socket));
    burial_->arm(services_.clock.now());
}

void Leg::on_timer() {
    const auto now = services_.clock.now();
    if (rotation_.phase() == core::Rotation::Phase::Overlapping && next_ && owner_.has_caught_up(*this, *next_))
        perform(rotation_.caught_up(now));
    if (const auto deadline = rotation_.next_deadline(); deadline && *deadline <= now) {
        const bool takes_over = rotation_.phase() == core::Rotation::Phase::Overlapping && next_;
        if (takes_over && !owner_.may_take_over(*this, *next_))
            perform(rotation_.failed("the new socket brings nothing", now, services_.random.uniform()));
        else
            perform(rotation_.tick(now, services_.random.uniform()));
    }
    arm();
}

void Leg::arm() {
    auto when = rotation_.next_deadline();
    if (rotation_.phase() == core::Rotation::Phase::Overlapping) {
        const auto check = services_.clock.now() + kOverlapCheck;
        when = when ? std::min(*when, check) : check;
    }
    if (when)
        timer_->arm(*when);
    else
        timer_->cancel();
}

}  // namespace fairlead::relay
