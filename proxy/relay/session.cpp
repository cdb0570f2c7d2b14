#include "relay/session.hpp"

#include <cstring>

namespace fairlead::relay {

Session::Session(SessionOwner& owner, const Services& services, const core::SessionSettings& settings)
    : owner_(owner), services_(services), machine_(settings) {
    timer_ = services_.timers.create([this] { feed(core::input::Tick{facts_.last_data}); });
}

Session::~Session() = default;

void Session::feed(core::SessionInput input) {
    inputs_.push_back(std::move(input));
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
    auto request = owner_.connect_request();
    if (auto* problem = std::get_if<std::string>(&request)) {
        ++facts_.failed_attempts;
        facts_.end = {.cause = core::Cause::Config, .detail = *problem};
        inputs_.emplace_back(core::input::Ended{core::Cause::Config, std::move(*problem), std::nullopt});
        return;
    }
    link_ = services_.transport.open(std::get<seam::ConnectRequest>(request), *this);
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
    feed(core::input::Opened{});
}

void Session::on_message(const seam::InboundMessage& message) {
    const auto received = services_.clock.wall();
    facts_.last_data = services_.clock.now();
    facts_.last_message = facts_.last_heard = received;
    ++facts_.messages;
    facts_.bytes += message.bytes.size();
    owner_.on_message(message, received);
}

void Session::on_pong(std::string_view payload) {
    facts_.last_heard = services_.clock.wall();
    if (payload != ping_payload_) return;
    ping_payload_.clear();
    facts_.round_trip = services_.clock.now() - ping_sent_;
    feed(core::input::Pong{});
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
