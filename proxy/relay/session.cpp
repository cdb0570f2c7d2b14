#include "relay/session.hpp"

#include "core/close_code.hpp"

#include <cstring>

namespace fairlead::relay {

Session::Session(SessionOwner& owner, const Services& services, const core::SessionSettings& settings)
    : owner_(owner), services_(services), machine_(settings) {
    timer_ = services_.timers.create([this] { feed(core::input::Tick{facts_.last_data}); });
}

Session::~Session() = default;

void Session::feed(core::SessionInput input) {
    inputs_.push_back(std::move(input));
    run();
}

void Session::run() {
    if (feeding_) return;
    feeding_ = true;
    while (!inputs_.empty()) {
        const auto next = std::move(inputs_.front());
        inputs_.pop_front();
        const auto actions = machine_.step(next, services_.clock.now(), services_.random.uniform());
        for (const auto& action : actions)
            std::visit([this](const auto& what) { perform(what); }, action);
    }
    feeding_ = false;
    if (const auto deadline = machine_.next_deadline())
        timer_->arm(*deadline);
    else
        timer_->cancel();
}

void Session::perform(const core::action::Open&) {
    ++facts_.attempts;
    facts_.end = {.cause = core::Cause::Unspecified};
    carry_out(owner_.begin_attempt());
}

void Session::carry_out(Attempt attempt) {
    if (auto* request = std::get_if<seam::ConnectRequest>(&attempt)) {
        link_ = services_.transport.open(*request, *this);
    } else if (auto* failure = std::get_if<Failure>(&attempt)) {
        ++facts_.failed_attempts;
        facts_.end = {.cause = failure->cause, .detail = failure->detail, .retry_after = failure->retry_after};
        inputs_.emplace_back(core::input::Ended{failure->cause, std::move(failure->detail), failure->retry_after});
    } else if (auto* not_yet = std::get_if<NotYet>(&attempt)) {
        --facts_.attempts;
        inputs_.emplace_back(core::input::Deferred{core::Cause::Budget, std::move(not_yet->detail), not_yet->wait});
    }
}

void Session::prepared(Attempt attempt) {
    if (link_ || machine_.state() != core::ConnectionState::Connecting) return;
    carry_out(std::move(attempt));
    run();
}

void Session::fail(const Failure& failure) {
    if (!link_ || machine_.state() != core::ConnectionState::Connected) return;
    link_->close(core::kCloseNormal, "");
    link_.reset();
    facts_.end = {.cause = failure.cause, .detail = failure.detail, .retry_after = failure.retry_after};
    feed(core::input::Ended{failure.cause, failure.detail, failure.retry_after});
}

void Session::perform(const core::action::Close& close) {
    if (!link_) return;
    link_->close(close.code, close.reason);
    link_.reset();
}

void Session::perform(const core::action::Ping&) {
    if (!link_) return;
    ++pings_;
    ping_payload_.assign(sizeof pings_, '\0');
    std::memcpy(ping_payload_.data(), &pings_, sizeof pings_);
    ping_sent_ = services_.clock.now();
    link_->ping(ping_payload_);
}

void Session::perform(const core::action::Restore&) {
    owner_.on_restore();
}

void Session::perform(const core::action::Announce& change) {
    if (change.state == core::ConnectionState::Disconnected) facts_.opened_at.reset();
    owner_.on_change(change);
}

seam::SendResult Session::send(std::string_view payload, bool binary) {
    if (!link_ || machine_.state() != core::ConnectionState::Connected) return seam::SendResult::NotOpen;
    return link_->send(payload, binary);
}

void Session::on_open(const seam::OpenInfo& info) {
    facts_.number = owner_.next_session();
    ++facts_.opens;
    facts_.open = info;
    facts_.opened_at = services_.clock.now();
    facts_.last_opened = facts_.last_heard = services_.clock.wall();
    facts_.last_data.reset();
    facts_.venue_pings = 0;
    feed(core::input::Opened{});
}

// The clocks are read once for all that came together.
void Session::on_read_begin() {
    read_wall_ = services_.clock.wall();
    read_at_ = services_.clock.now();
    left_before_ = services_.publisher.counters().data;
}

void Session::on_read_end() {
    const auto left = services_.publisher.counters().data - left_before_;
    if (left > 0) services_.publisher.note_forwarded(services_.clock.now() - read_at_, left);
}

void Session::on_message(const seam::InboundMessage& message) {
    facts_.last_message = facts_.last_heard = read_wall_;
    ++facts_.messages;
    facts_.bytes += message.bytes.size();
    if (owner_.on_message(message, read_wall_)) facts_.last_data = read_at_;
}

void Session::on_pong(std::string_view payload) {
    facts_.last_heard = services_.clock.wall();
    if (payload != ping_payload_) return;
    ping_payload_.clear();
    facts_.round_trip = services_.clock.now() - ping_sent_;
    feed(core::input::Pong{});
}

void Session::on_ping() {
    facts_.last_heard = services_.clock.wall();
    ++facts_.venue_pings;
}

void Session::on_drained() {
    owner_.on_drained();
}

void Session::on_end(const seam::EndInfo& info) {
    if (!facts_.opened_at) ++facts_.failed_attempts;
    facts_.end = info;  // before the link goes: info may live in it
    link_.reset();
    feed(core::input::Ended{facts_.end.cause, facts_.end.detail, facts_.end.retry_after});
}

}  // namespace fairlead::relay
