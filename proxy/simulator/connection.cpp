#include "simulator/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::simulator {
namespace {

constexpr std::uint16_t kNoCloseCode = 1005;
constexpr std::uint16_t kGoingAway = 1001;
constexpr std::uint16_t kPolicyViolation = 1008;
constexpr std::string_view kTooFast = "too many requests";

std::uint16_t close_code_of(std::string_view payload) {
    if (payload.size() < 2) return kNoCloseCode;
    return static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8 |
                                      static_cast<std::uint8_t>(payload[1]));
}

}  // namespace

Connection::Connection(const Settings& settings, core::SteadyTime now)
    : settings_(settings), deadline_(now + kUpgradeTimeout) {
    if (settings_.dialect != nullptr && settings_.topic_faults != nullptr)
        conversation_.emplace(*settings_.dialect, *settings_.topic_faults);
}

Received Connection::receive(std::string_view bytes, const std::optional<Refusal>& refusal, core::SteadyTime now) {
    Received received;
    if (phase_ == Phase::Finished) return received;
    if (phase_ == Phase::Upgrading) {
        head_.append(bytes);
        receive_head(refusal, now, received);
    } else {
        decoder_.feed(bytes);
    }
    if (phase_ == Phase::Open || phase_ == Phase::Closing) receive_frames(now, received);
    return received;
}

void Connection::receive_head(const std::optional<Refusal>& refusal, core::SteadyTime now, Received& received) {
    constexpr std::string_view kEndOfHead = "\r\n\r\n";
    const std::size_t end = head_.find(kEndOfHead);
    if (end == std::string::npos || end > kMaxUpgradeBytes) {
        if (head_.size() <= kMaxUpgradeBytes) return;
        outbox_.add_control(head_too_large_answer());
        received.refused_status = 431;
        finish(now);
        return;
    }
    Upgrade upgrade = answer_upgrade(std::string_view(head_).substr(0, end + kEndOfHead.size()), refusal,
                                     conversation_ ? Paths::Any : Paths::Binance);
    outbox_.add_control(upgrade.answer);
    path_ = std::move(upgrade.path);
    if (upgrade.status != 101) {
        received.refused_status = upgrade.status;
        finish(now);
        return;
    }
    phase_ = Phase::Open;
    combined_ = upgrade.combined;
    subscriptions_.insert(upgrade.streams.begin(), upgrade.streams.end());
    received.opened = true;
    const bool too_many = subscriptions_.size() > settings_.max_streams;
    if (too_many) subscriptions_.clear();
    received.subscriptions_changed = !subscriptions_.empty();
    if (settings_.ping_interval > core::Duration::zero()) next_ping_ = now + settings_.ping_interval;
    if (settings_.lifetime > core::Duration::zero()) end_of_life_ = now + settings_.lifetime;
    decoder_.feed(std::string_view(head_).substr(end + kEndOfHead.size()));
    head_ = {};
    if (too_many) close(kPolicyViolation, "too many streams", now);
    if (conversation_ && !conversation_->dialect().ready().empty())
        send(Opcode::Text, conversation_->dialect().ready());
}

void Connection::receive_frames(core::SteadyTime now, Received& received) {
    while (phase_ == Phase::Open || phase_ == Phase::Closing) {
        const FrameDecoder::Result result = decoder_.next();
        if (const auto* message = std::get_if<FrameDecoder::Message>(&result)) {
            receive_message(*message, now, received);
        } else if (const auto* violation = std::get_if<FrameDecoder::Violation>(&result)) {
            close(violation->code, violation->reason, now);
            finish(now);
        } else {
            return;
        }
    }
}

void Connection::receive_message(const FrameDecoder::Message& message, core::SteadyTime now, Received& received) {
    switch (message.opcode) {
        case Opcode::Ping:
            ++received.pings;
            if (phase_ == Phase::Open) send(Opcode::Pong, message.payload);
            return receive_control(now);
        case Opcode::Pong:
            ++received.pongs;
            return receive_control(now);
        case Opcode::Close:
            received.close_code = close_code_of(message.payload);
            if (phase_ == Phase::Open) send(Opcode::Close, message.payload.substr(0, 2));
            finish(now);
            return;
        default:
            if (phase_ == Phase::Open) receive_text(message.payload, now, received);
            return;
    }
}

void Connection::receive_control(core::SteadyTime now) {
    if (conversation_ && !conversation_->receive_control(now)) close(kPolicyViolation, kTooFast, now);
}

void Connection::receive_in_dialect(std::string_view text, core::SteadyTime now, Received& received) {
    Conversation::Outcome outcome = conversation_->receive(text, subscriptions_, now);
    for (const std::string& answer : outcome.texts)
        send(Opcode::Text, answer);
    received.subscriptions_changed = received.subscriptions_changed || outcome.changed;
    if (outcome.closes) close(kPolicyViolation, kTooFast, now);
    const bool is_subscribe = outcome.incoming.kind == Incoming::Kind::Subscribe;
    if (!is_subscribe && outcome.incoming.kind != Incoming::Kind::Unsubscribe) return;
    received.requests.push_back({.method = is_subscribe ? Method::Subscribe : Method::Unsubscribe,
                                 .streams = std::move(outcome.incoming.topics),
                                 .id = std::move(outcome.incoming.id)});
}

void Connection::receive_text(std::string_view text, core::SteadyTime now, Received& received) {
    if (conversation_) return receive_in_dialect(text, now, received);
    std::variant<Request, std::string> read = read_request(text);
    if (const auto* error = std::get_if<std::string>(&read)) {
        send(Opcode::Text, *error);
        return;
    }
    Request& request = std::get<Request>(read);
    send(Opcode::Text, carry_out(request, received));
    received.requests.push_back(std::move(request));
}

std::string Connection::carry_out(const Request& request, Received& received) {
    switch (request.method) {
        case Method::Subscribe: {
            const auto is_refused = [this](const std::string& stream) {
                return settings_.topic_faults != nullptr && settings_.topic_faults->refused.contains(stream);
            };
            if (std::ranges::any_of(request.streams, is_refused))
                return error_reply(2, "Invalid request: refused", request.id);
            std::set<std::string> wanted = subscriptions_;
            wanted.insert(request.streams.begin(), request.streams.end());
            if (wanted.size() > settings_.max_streams) {
                return error_reply(
                    2, fmt::format("Invalid request: more than {} streams on one connection", settings_.max_streams),
                    request.id);
            }
            subscriptions_ = std::move(wanted);
            received.subscriptions_changed = true;
            return result_reply(request.id);
        }
        case Method::Unsubscribe:
            for (const std::string& stream : request.streams)
                subscriptions_.erase(stream);
            received.subscriptions_changed = true;
            return result_reply(request.id);
        case Method::ListSubscriptions:
            return list_reply(request.id, subscriptions_);
    }
    return {};
}

bool Connection::tick(core::SteadyTime now, std::int64_t wall_ms) {
    if (phase_ == Phase::Upgrading && now >= deadline_) finish(now);
    if (phase_ != Phase::Open) return false;
    if (end_of_life_ && now >= *end_of_life_) {
        close(kGoingAway, "end of life", now);
        return false;
    }
    if (!next_ping_ || now < *next_ping_) return false;
    next_ping_ = now + settings_.ping_interval;
    send(Opcode::Ping, fmt::format("{}", wall_ms));
    return true;
}

void Connection::close(std::uint16_t code, std::string_view reason, core::SteadyTime now) {
    if (phase_ != Phase::Open) return;
    std::string frame;
    append_close(frame, code, reason);
    if (!inside_endless_frame_) outbox_.add_control(frame);
    phase_ = Phase::Closing;
    deadline_ = now + kCloseTimeout;
}

void Connection::send_bad_frame(BadFrame kind) {
    if (phase_ != Phase::Open || inside_endless_frame_) return;
    std::string frame;
    append_bad_frame(frame, kind);
    outbox_.add_control(frame);
    inside_endless_frame_ = kind == BadFrame::Oversize;
}

void Connection::send_text(std::string_view text) {
    if (phase_ == Phase::Open) send(Opcode::Text, text);
}

bool Connection::over(core::SteadyTime now) const {
    switch (phase_) {
        case Phase::Upgrading:
        case Phase::Open:
            return false;
        case Phase::Closing:
            return now >= deadline_;
        case Phase::Finished:
            return outbox_.empty() || now >= deadline_;
    }
    return false;
}

void Connection::send(Opcode opcode, std::string_view payload) {
    if (inside_endless_frame_) return;
    std::string frame;
    append_frame(frame, opcode, payload);
    outbox_.add_control(frame);
}

void Connection::finish(core::SteadyTime now) {
    phase_ = Phase::Finished;
    deadline_ = now + kCloseTimeout;
}

}  // namespace fairlead::simulator
