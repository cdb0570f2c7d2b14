#include "app/probe_watch.hpp"

#include "core/cause.hpp"
#include "core/topic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::app {
namespace {

using config::Meaning;
using core::SubscriptionState;

constexpr core::Duration kLookForOne = std::chrono::microseconds{20};  // a look costs about as much for each of them
constexpr core::Duration kLookAtLeast = std::chrono::milliseconds{1};

std::string in_seconds(core::Duration duration) {
    return fmt::format("{:.3f}s", std::chrono::duration<double>(duration).count());
}

std::string_view name_of(Meaning means) {
    switch (means) {
        case Meaning::Ack:
            return "ack";
        case Meaning::Reject:
            return "reject";
        case Meaning::Ready:
            return "welcome";
        case Meaning::LoginAck:
            return "login_ack";
        case Meaning::LoginReject:
            return "login_reject";
        case Meaning::HeartbeatRequest:
            return "heartbeat_request";
        case Meaning::HeartbeatReply:
            return "heartbeat_reply";
        case Meaning::Heartbeat:
            return "heartbeat";
        case Meaning::Drain:
            return "drain";
        case Meaning::Error:
            return "error";
        case Meaning::Notice:
            return "notice";
    }
    return "";
}

// Such as come again and again.
bool repeats(Meaning means) {
    return means == Meaning::HeartbeatRequest || means == Meaning::HeartbeatReply || means == Meaning::Heartbeat;
}

std::optional<SubscriptionState> state_of(v1::SubscriptionState state) {
    switch (state) {
        case v1::SUBSCRIPTION_STATE_PENDING:
            return SubscriptionState::Pending;
        case v1::SUBSCRIPTION_STATE_SENT:
            return SubscriptionState::Sent;
        case v1::SUBSCRIPTION_STATE_ACKNOWLEDGED:
            return SubscriptionState::Acknowledged;
        case v1::SUBSCRIPTION_STATE_FLOWING:
            return SubscriptionState::Flowing;
        case v1::SUBSCRIPTION_STATE_STALE:
            return SubscriptionState::Stale;
        case v1::SUBSCRIPTION_STATE_REJECTED:
            return SubscriptionState::Rejected;
        default:
            return std::nullopt;
    }
}

bool is_on(SubscriptionState state) {
    return state != SubscriptionState::Pending && state != SubscriptionState::Rejected;
}

}  // namespace

ProbeWatch::ProbeWatch(const config::ConnectionConfig& config, const seam::Clock& clock, Redaction redaction, Tell tell)
    : config_(config),
      clock_(clock),
      redaction_(std::move(redaction)),
      tell_(std::move(tell)),
      start_(clock.now()),
      wall_start_(clock.wall()),
      data_prefix_(fmt::format("data/{}/", config.id)),
      has_login_(!config.venue.login.text.empty() && !config.credentials.empty()),
      venue_(config) {}

void ProbeWatch::tell(std::string name, std::vector<std::pair<std::string, std::string>> fields) {
    for (auto& [key, value] : fields)
        value = shown(value);
    tell_({.at = elapsed(), .name = std::move(name), .fields = std::move(fields)});
}

seam::SinkResult ProbeWatch::send(std::string_view head, std::string_view payload, std::string*, seam::KeptFrame*) {
    const auto end = head.find('\0');
    v1::Header header;
    if (is_over_ || end == std::string_view::npos) return seam::SinkResult::Sent;
    if (!header.ParseFromArray(head.data() + end + 1, static_cast<int>(head.size() - end - 1)))
        return seam::SinkResult::Sent;
    const auto topic = head.substr(0, end);
    const auto size = static_cast<int>(payload.size());
    v1::ConnectionEvent event;
    v1::Gap gap;
    if (header.kind() == v1::KIND_DATA)
        on_data(topic, header, payload);
    else if (header.kind() == v1::KIND_STATE && topic.starts_with("state/") &&
             event.ParseFromArray(payload.data(), size))
        on_event(event);
    else if (header.kind() == v1::KIND_GAP && gap.ParseFromArray(payload.data(), size))
        on_gap(topic, gap);
    return seam::SinkResult::Sent;
}

seam::SinkResult ProbeWatch::send_again(std::string_view, const seam::KeptFrame&) {
    return seam::SinkResult::Sent;  // counted when it came
}

void ProbeWatch::on_data(std::string_view topic, const v1::Header& header, std::string_view payload) {
    auto found = channels_.find(topic);
    if (found == channels_.end()) {
        auto name = topic.substr(data_prefix_.size());
        if (!name.empty()) name.remove_suffix(1);
        found = channels_.emplace(topic, Channel{.name = core::decode_channel(name)}).first;
    }
    Channel& channel = found->second;
    ++channel.messages;
    channel.bytes += payload.size();
    const bool is_binary = (header.flags() & v1::FLAG_BINARY) != 0;
    if (channel.name == core::kAnswersChannel) return on_answer(payload, is_binary);
    if (channel.first_data) return;
    channel.first_data = elapsed();
    if (channel.name != core::kUnroutedChannel)
        return tell("data", {{"channel", channel.name}, {"bytes", fmt::to_string(payload.size())}});
    unrouted_sample_ = is_binary ? fmt::format("binary, {} bytes", payload.size()) : shown(payload);
    tell("unrouted", {{"text", unrouted_sample_}});
}

void ProbeWatch::on_answer(std::string_view payload, bool binary) {
    if (in_login_) look_at_subscriptions();
    look_every_ = {};  // what it says of a subscription is known after this turn
    const auto facts = venue_.read(payload, binary);
    if (!facts.answer) return;
    const venue::Answer& answer = *facts.answer;
    const bool is_first = ++answers_[answer.means] == 1;
    if (answer.means == Meaning::Ack) {
        if (answer.topic) acknowledged_.try_emplace(*answer.topic, elapsed());
        for (const auto& topic : answer.accepted)
            acknowledged_.try_emplace(topic, elapsed());
    }
    if (repeats(answer.means) && !is_first) return;
    if (answers_told_ == kMaxAnswersTold) return;
    ++answers_told_;
    // What comes before the login is over may repeat it.
    const bool is_shown = !in_login_ || answer.means == Meaning::Ready;
    tell(answer.means == Meaning::Ready ? "welcome" : "answer",
         {{"means", std::string(name_of(answer.means))},
          {"text", is_shown ? shown(payload) : "(during the login: not shown)"}});
}

void ProbeWatch::on_event(const v1::ConnectionEvent& event) {
    close_code_ = event.close_code();
    http_status_ = event.http_status();
    if (!event.ready() || event.has_subscription()) return;
    end_login();
    tell("ready", {{"subscriptions", fmt::to_string(event.subscriptions())}});
}

// Those of an outage are told by its disconnect.
void ProbeWatch::on_gap(std::string_view topic, const v1::Gap& gap) {
    if (gap.reason() != v1::CAUSE_VENUE_SEQUENCE) return;
    tell("gap", {{"topic", std::string(topic)},
                 {"detail", gap.detail()},
                 {"before", fmt::to_string(gap.venue_sequence_before())},
                 {"after", fmt::to_string(gap.venue_sequence_after())}});
}

void ProbeWatch::write(seam::LogLevel, std::string_view, std::string_view event,
                       std::initializer_list<seam::LogField> fields) {
    if (is_over_) return;
    Fields found;
    for (const auto& field : fields)
        found.emplace(field.key, field.value);
    if (found.contains("previous")) return on_change(event, found);
    if (event.starts_with("subscription_") && event != "subscription_not_sent") return;  // look() sees them
    std::vector<std::pair<std::string, std::string>> told;
    for (const auto& field : fields)
        told.emplace_back(field.key, field.value);
    tell(std::string(event), std::move(told));
}

void ProbeWatch::on_change(std::string_view state, const Fields& fields) {
    const std::string socket(fields.at("socket"));
    const std::string cause(fields.at("cause"));
    const std::string detail(fields.at("detail"));
    const auto previous = fields.at("previous");
    if (wait_began_) waited_ += elapsed() - *std::exchange(wait_began_, std::nullopt);
    const auto close_code = std::exchange(close_code_, 0);
    const auto http_status = std::exchange(http_status_, 0);
    if (state == "connected") return on_open(fields);
    if (state == "connecting") {
        attempts_[socket] = elapsed();
        return tell("attempt", {{"socket", socket}, {"number", std::string(fields.at("attempt"))}, {"cause", cause}});
    }
    if (cause == core::to_string(core::Cause::Budget)) {
        if (!opened_) wait_began_ = elapsed();
        last_problem_ = fmt::format("waits for its place: {}", detail);
        return tell("wait", {{"socket", socket},
                             {"cause", cause},
                             {"detail", detail},
                             {"retry_in", std::string(fields.at("retry_in"))}});
    }
    const bool is_loss = previous == "connected";
    const bool is_failure = previous == "connecting";
    if (is_loss) ++disconnects_;
    if (is_loss || is_failure) {
        in_login_ = false;
        last_problem_ = shown(detail.empty() ? cause : fmt::format("{}: {}", cause, detail));
        tell(is_loss ? "disconnect" : "failed", {{"socket", socket},
                                                 {"cause", cause},
                                                 {"detail", detail},
                                                 {"close_code", close_code > 0 ? fmt::to_string(close_code) : ""},
                                                 {"http_status", http_status > 0 ? fmt::to_string(http_status) : ""}});
    }
    if (state == "reconnecting") tell("wait", {{"socket", socket}, {"retry_in", std::string(fields.at("retry_in"))}});
    if (state == "failed") tell("given_up", {{"socket", socket}});
}

void ProbeWatch::on_open(const Fields& fields) {
    const std::string socket(fields.at("socket"));
    const auto attempt = attempts_.find(socket);
    v1::Connections list;
    if (supervisor_) supervisor_->describe(config_.id, list);
    if (!opened_) opened_ = elapsed();
    in_login_ = has_login_;
    tell("open", {{"socket", socket},
                  {"endpoint", std::string(fields.at("endpoint"))},
                  {"tls", list.connections_size() > 0 ? list.connections(0).tls() : ""},
                  {"took", attempt == attempts_.end() ? "" : in_seconds(elapsed() - attempt->second)}});
}

core::Duration ProbeWatch::waited() const {
    return waited_ + (wait_began_ ? elapsed() - *wait_began_ : core::Duration{0});
}

void ProbeWatch::end_login() {
    if (!std::exchange(in_login_, false)) return;
    tell("login", {{"result", config_.venue.login.acknowledged ? "accepted" : "sent: the venue does not answer it"}});
}

void ProbeWatch::look() {
    if (!supervisor_ || is_over_) return;
    look_at_sockets();
    if (elapsed() - looked_ >= look_every_) look_at_subscriptions();
}

void ProbeWatch::look_at_sockets() {
    v1::Connections list;
    supervisor_->describe(config_.id, list);
    if (list.connections_size() == 0) return;
    const v1::ConnectionStatus& status = list.connections(0);
    is_connected_ = status.status() == v1::CONNECTION_STATE_CONNECTED;
    has_given_up_ = status.status() == v1::CONNECTION_STATE_FAILED;
    for (const auto& socket : status.sockets()) {
        auto& pings = pings_[socket.session()];
        while (pings.size() < socket.venue_pings()) {
            pings.push_back(elapsed());
            if (pings_told_++ < kMaxPingsTold) tell("venue_ping", {{"number", fmt::to_string(pings.size())}});
        }
        if (round_trip_ || socket.ping_round_trip_us() == 0) continue;
        round_trip_ = std::chrono::microseconds(socket.ping_round_trip_us());
        tell("round_trip", {{"ms", fmt::format("{:.3f}", static_cast<double>(socket.ping_round_trip_us()) / 1e3)}});
    }
}

void ProbeWatch::look_at_subscriptions() {
    v1::Subscriptions list;
    supervisor_->describe(config_.id, list);
    for (const auto& status : list.subscriptions())
        note(status);
    looked_ = elapsed();
    look_every_ = std::max(kLookAtLeast, kLookForOne * list.subscriptions_size());
}

void ProbeWatch::note(const v1::SubscriptionStatus& status) {
    const auto state = state_of(status.state());
    if (!state) return;
    ProbeSubscription& known = subscriptions_[status.channel()];
    const auto was = std::exchange(known.state, *state);
    const bool is_new = known.name.empty();
    known.name = status.channel();
    known.detail = shown(status.detail());
    if (!is_new && was == *state) return;
    const auto wall = core::WallTime(core::Duration(static_cast<std::int64_t>(status.since_ns())));
    const auto since = std::max(core::Duration{0}, core::Duration(wall - wall_start_));
    const bool is_single = config_.legs == 1 && !config_.is_pooled();
    if (is_on(*state) && !known.sent) known.sent = since;
    if (is_on(*state) && is_single) end_login();
    if (*state == SubscriptionState::Sent && !config_.venue.subscribe.acknowledged)
        tell("sent", {{"subscription", known.name}});
    if (*state == SubscriptionState::Acknowledged) note_acknowledged(known, since);
    if (const auto said = acknowledged_.find(known.name);
        *state == SubscriptionState::Flowing && said != acknowledged_.end())
        note_acknowledged(known, said->second);
    if (*state == SubscriptionState::Rejected || *state == SubscriptionState::Stale)
        tell(std::string(core::to_string(*state)), {{"subscription", known.name}, {"reason", known.detail}});
}

void ProbeWatch::note_acknowledged(ProbeSubscription& subscription, core::Duration at) {
    if (subscription.acknowledged) return;
    subscription.acknowledged = at;
    tell("acknowledged", {{"subscription", subscription.name},
                          {"after", subscription.sent ? in_seconds(at - *subscription.sent) : ""}});
}

ProbeReport ProbeWatch::conclude() {
    look();
    if (supervisor_) look_at_subscriptions();
    is_over_ = true;
    ProbeReport report{.connection = config_.id,
                       .profile = config_.profile,
                       .length = elapsed(),
                       .opened = opened_,
                       .is_connected = is_connected_,
                       .last_problem = last_problem_,
                       .disconnects = disconnects_,
                       .texts_are_sent_blindly = config_.venue.is_generic(),
                       .unrouted_sample = unrouted_sample_,
                       .round_trip = round_trip_};
    std::map<std::string_view, const Channel*> by_name;
    for (const auto& [topic, channel] : channels_)
        by_name.emplace(channel.name, &channel);
    for (auto& [name, subscription] : subscriptions_) {
        report.subscriptions.push_back(subscription);
        const auto found = by_name.find(name);
        if (found == by_name.end()) continue;
        auto& entry = report.subscriptions.back();
        entry.first_data = found->second->first_data;
        entry.messages = found->second->messages;
        entry.bytes = found->second->bytes;
        by_name.erase(found);
    }
    for (const auto& [name, channel] : by_name) {
        if (name == core::kAnswersChannel) continue;
        if (name == core::kUnroutedChannel)
            report.unrouted = channel->messages;
        else
            report.channels.push_back({channel->name, channel->first_data, channel->messages, channel->bytes});
    }
    for (const auto& [means, count] : answers_)
        report.answers += count;
    for (const auto& [session, times] : pings_) {
        report.venue_pings += times.size();
        if (times.size() > report.pings.size()) report.pings = times;
    }
    return report;
}

}  // namespace fairlead::app
