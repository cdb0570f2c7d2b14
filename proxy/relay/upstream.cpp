#include "relay/upstream.hpp"

#include "core/duration_text.hpp"
#include "core/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::relay {

using core::ConnectionState;

Upstream::Upstream(UpstreamOwner& owner, const Services& services, const config::ConnectionConfig& config,
                   unsigned slot)
    : owner_(owner),
      services_(services),
      config_(config),
      slot_(slot),
      venue_(config),
      payload_(config.venue.decode, config.max_message_bytes),
      dialogue_(*this, services, config),
      session_(*this, services, session_settings(config)) {}

Upstream::~Upstream() {
    end_waiting(false);
    end_settling(false);
}

void Upstream::configure() {
    session_.configure(session_settings(config_));
    dialogue_.configure();
    venue_ = venue::Venue(config_);
}

Attempt Upstream::begin_attempt() {
    preparation_.reset();
    prepared_.clear();
    url_index_ = owner_.url_for_attempt(*this);
    auto attempt = connect_request();
    const auto* request = std::get_if<seam::ConnectRequest>(&attempt);
    if (!request) return attempt;
    if (const auto wait = wait_for_budget(*request)) return *wait;
    if (!config_.venue.prepare.url.empty()) return prepare(*request);
    return with_variables(std::move(attempt));
}

// The venue counts what comes from this machine to a host, whatever the port. Where a variable stands for the host, it
// is the one that tells it.
std::string Upstream::budget_host(const seam::ConnectRequest& request) const {
    for (const std::string& url : {request.url, config_.venue.prepare.url})
        if (auto host = core::host_of(url)) return *std::move(host);
    return config_.profile;
}

std::optional<NotYet> Upstream::wait_for_budget(const seam::ConnectRequest& request) {
    const auto& limit = config_.venue.limits.connections;
    if (limit.count == 0 || !services_.budget) return std::nullopt;
    const auto wait = services_.budget->take(budget_host(request), limit.count, limit.per);
    if (!wait) return std::nullopt;
    return NotYet{
        .detail = fmt::format("the venue allows {} attempts in {}", limit.count, core::duration_text(limit.per)),
        .wait = *wait};
}

// The answer may come when the attempt is over: the call is gone by then, or is replaced by that of the next one.
Attempt Upstream::prepare(const seam::ConnectRequest& to_follow) {
    if (!services_.http) return Failure{.detail = "no HTTP client to ask the venue for its token"};
    auto request = dialogue_.prepare_request();
    if (auto* failure = std::get_if<Failure>(&request)) return std::move(*failure);
    auto& http = std::get<seam::HttpRequest>(request);
    http.ca_file = to_follow.ca_file;
    http.proxy = to_follow.proxy;
    http.timeout = config_.venue.prepare.timeout;
    preparation_ = services_.http->fetch(http, [this](const seam::HttpAnswer& answer) { on_prepared(answer); });
    return Preparing{};
}

void Upstream::on_prepared(const seam::HttpAnswer& answer) {
    const auto done = std::exchange(preparation_, nullptr);
    const auto fail = [this](const std::string& problem, std::optional<core::Duration> retry_after = {}) {
        session_.prepared(
            Failure{core::Cause::PrepareFailed, "the request before connecting failed: " + problem, retry_after});
    };
    if (!answer.error.empty()) return fail(answer.error);
    if (answer.status < 200 || answer.status > 299)
        return fail(fmt::format("the venue answered {}", answer.status), answer.retry_after);
    auto found = dialogue_.extract(answer.body);
    if (auto* problem = std::get_if<std::string>(&found)) return fail(*problem);
    prepared_ = std::get<venue::Variables>(std::move(found));
    session_.prepared(with_variables(connect_request()));
}

Attempt Upstream::connect_request() {
    auto request = make_connect_request(config_, url_index_);
    if (auto* problem = std::get_if<std::string>(&request)) return Failure{.detail = std::move(*problem)};
    return std::get<seam::ConnectRequest>(std::move(request));
}

Attempt Upstream::with_variables(Attempt attempt) {
    auto* request = std::get_if<seam::ConnectRequest>(&attempt);
    if (!request || config_.venue.is_generic()) return attempt;
    request->url = dialogue_.url(request->url, prepared_);
    if (!prepared_.empty()) request->shown_host = "the endpoint that the venue named";
    return attempt;
}

void Upstream::on_change(const core::action::Announce& announced) {
    // The text of a close frame is the venue's own, too.
    auto change = announced;
    change.detail = dialogue_.without_secrets(std::move(change.detail));
    // Of the last failure or loss: what begins afterwards does not hide it.
    if (change.state != ConnectionState::Connecting && change.state != ConnectionState::Connected) {
        last_cause_ = change.cause;
        last_detail_ = change.detail;
    }
    if (change.state != ConnectionState::Connecting) preparation_.reset();
    if (state_ == ConnectionState::Connected && change.state != ConnectionState::Connected) {
        ready_ = false;
        dialogue_.end();
        channel_ids_.forget();
        end_settling(false);
        end_waiting(false);
    }
    state_ = change.state;
    if (state_ == ConnectionState::Connected) counters.missing_since.reset();
    if (!disowned_) owner_.on_change(*this, change);
}

void Upstream::on_restore() {
    ready_ = false;
    undrained_ = false;
    dialogue_.begin(prepared_);
}

void Upstream::take_intent_of(const Upstream& other) {
    for (const auto& subscription : other.intent())
        add(subscription.name());
    intent().adopt(other.intent());
}

void Upstream::talk() {
    dialogue_.talk();
    if (!dialogue_.is_settled()) ready_ = false;
}

void Upstream::resubscribe() {
    if (is_connected()) dialogue_.resubscribe();
}

void Upstream::resubscribe(std::string_view subscription) {
    if (is_connected()) dialogue_.resubscribe(subscription);
}

void Upstream::note_flowing(std::string_view subscription) {
    if (is_connected()) dialogue_.note_flowing(subscription);
}

void Upstream::note_stale(std::string_view subscription, const std::string& detail) {
    if (is_connected()) dialogue_.note_stale(subscription, detail);
}

core::Duration Upstream::wait_to_send() const {
    const auto now = services_.clock.now();
    return std::max(intent().may_send_at().value_or(now) - now, core::Duration{0});
}

seam::SendResult Upstream::send(std::string_view payload, bool binary) {
    const auto result = session_.send(payload, binary);
    if (result == seam::SendResult::Accepted) dialogue_.note_sent();
    return result;
}

void Upstream::when_settled(std::function<void(bool)> call) {
    settling_.push_back({services_.clock.now() + kSettleTime, std::move(call)});
    on_progress();
}

void Upstream::tick() {
    if (settling_.empty()) return;
    const auto now = services_.clock.now();
    auto waits = std::exchange(settling_, {});
    for (auto& wait : waits) {
        if (wait.until <= now)
            wait.call(true);
        else
            settling_.push_back(std::move(wait));
    }
}

bool Upstream::on_message(const seam::InboundMessage& message, core::WallTime received) {
    if (payload_.is_plain() || !message.binary) [[likely]]
        return hand_on(message, received);
    const auto decoded = payload_.decode(message.bytes);
    switch (decoded.problem) {
        case venue::DecodeProblem::None:
            return hand_on({.bytes = decoded.bytes, .binary = !decoded.is_text}, received);
        case venue::DecodeProblem::TooLarge:
            session_.fail({.cause = core::Cause::MessageTooBig,
                           .detail = fmt::format("the venue sent a message that is above {} bytes when it is decoded",
                                                 config_.max_message_bytes)});
            return false;
        case venue::DecodeProblem::Broken:
            break;
    }
    session_.fail({.cause = core::Cause::ProtocolError, .detail = "the venue sent a message that cannot be decoded"});
    return false;
}

bool Upstream::hand_on(const seam::InboundMessage& message, core::WallTime received) {
    static constexpr venue::Facts kNothing{};
    if (disowned_) return true;
    const bool wants_keys = owner_.wants_keys();
    if (venue_.reads_nothing() && !wants_keys) [[likely]] {
        owner_.on_message(*this, {message, received, kNothing});
        return true;
    }
    const auto facts = venue_.read(message.bytes, message.binary, {.key = wants_keys, .channel_ids = &channel_ids_});
    if (!facts.answer) {
        owner_.on_message(*this, {message, received, facts});
        return true;
    }
    // What answers a login may hold a token, and any answer what stood in the request.
    const auto means = facts.answer->means;
    const bool is_login = means == config::Meaning::LoginAck || means == config::Meaning::LoginReject;
    if (!is_login && !dialogue_.holds_secret(message.bytes)) owner_.on_message(*this, {message, received, facts});
    if (disowned_) return false;
    if (!facts.answer->channel_id.empty() && facts.answer->topic)
        channel_ids_.learn(facts.answer->channel_id, *facts.answer->topic);
    dialogue_.on_answer(*facts.answer, message.bytes);
    return false;
}

void Upstream::on_drained() {
    undrained_ = false;
    if (dialogue_.wants_room()) dialogue_.talk();
    if (undrained_) return;  // and answer when this has been handed to the socket, too
    on_progress();
    end_waiting(true);
}

seam::SendResult Upstream::say(std::string_view text) {
    const auto result = session_.send(text, false);
    if (result == seam::SendResult::Accepted) undrained_ = true;
    return result;
}

void Upstream::on_progress() {
    if (!is_connected() || undrained_ || !dialogue_.is_settled()) return;
    if (!ready_) {
        ready_ = true;
        ready_at_ = services_.clock.now();
        if (!disowned_) owner_.on_ready(*this);
    }
    end_settling(true);
}

void Upstream::on_subscription(const core::SubscriptionFlow::Change& change) {
    if (!disowned_) owner_.on_subscription(*this, change);
}

// Answers may bring new commands in: they wait for their own turn.
void Upstream::end_waiting(bool handed) {
    for (auto& call : std::exchange(waiting_, {}))
        call(handed);
}

void Upstream::end_settling(bool handed) {
    for (auto& wait : std::exchange(settling_, {}))
        wait.call(handed);
}

}  // namespace fairlead::relay
