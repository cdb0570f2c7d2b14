#include "relay/dialogue.hpp"

#include "core/text_template.hpp"
#include "relay/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <set>
#include <utility>

namespace fairlead::relay {
namespace {

using config::Meaning;

constexpr core::Duration kWelcomeTimeout = std::chrono::seconds{10};
constexpr std::size_t kShortestSecret = 4;  // bytes; what is shorter occurs by chance

std::optional<std::uint64_t> number(const std::string& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

// As JSON may write it, with slashes escaped and without.
void add_escaped(std::set<std::string>& forms, const std::string& text) {
    const std::string escaped = core::json_escaped(text);
    std::string with_slashes;
    for (const char c : escaped) {
        if (c == '/') with_slashes += '\\';
        with_slashes += c;
    }
    forms.insert({escaped, with_slashes});
}

// How a venue may repeat a secret: as it is, in JSON, in a text of JSON that is itself a string of JSON, in a URL.
std::set<std::string> forms_of(const std::string& secret) {
    std::set<std::string> once{secret};
    add_escaped(once, secret);
    std::set<std::string> forms = once;
    for (const std::string& form : once)
        add_escaped(forms, form);
    forms.insert(core::percent_encoded(secret));
    return forms;
}

// The longest first: one may be a part of another.
std::vector<std::string> repeatable_forms(const venue::Variables& variables) {
    std::vector<std::string> all;
    for (const auto& [name, value] : variables) {
        if (value.size() < kShortestSecret) continue;
        const auto forms = forms_of(value);
        all.insert(all.end(), forms.begin(), forms.end());
    }
    std::ranges::stable_sort(all, std::ranges::greater{}, &std::string::size);
    return all;
}

std::string with_reason(const std::string& what, const std::string& reason) {
    return reason.empty() ? what : what + ": " + reason;
}

}  // namespace

Dialogue::Dialogue(DialogueOwner& owner, const Services& services, const config::ConnectionConfig& config)
    : owner_(owner),
      services_(services),
      config_(config),
      composer_(config.venue),
      flow_(flow_settings(config.venue, composer_.overhead_bytes()), kMaxSubscriptions),
      heartbeat_(heartbeat_settings(config.venue)),
      timer_(services.timers.create([this] { on_timer(); })) {}

Dialogue::~Dialogue() = default;

bool Dialogue::add(const std::string& subscription) {
    return flow_.add(subscription, composer_.group_of(subscription), composer_.item_bytes(subscription));
}

bool Dialogue::remove(const std::string& subscription) {
    return !flow_.remove(subscription);
}

void Dialogue::configure() {
    flow_.configure(flow_settings(config_.venue, composer_.overhead_bytes()));
    heartbeat_.configure(heartbeat_settings(config_.venue));
}

void Dialogue::begin(const venue::Variables& prepared) {
    const auto now = services_.clock.now();
    variables_ = prepared;
    std::string problem;
    if (auto given = credentials(problem))
        variables_.merge(*given);
    else
        return fail(core::Cause::Config, problem);
    secrets_ = repeatable_forms(variables_);
    flow_.begin_session(now);
    heard_.reset();
    wants_room_ = false;
    if (!config_.venue.waits_for_ready) return enter_login();
    phase_ = Phase::Welcome;
    phase_deadline_ = now + kWelcomeTimeout;
    arm();
}

void Dialogue::end() {
    if (phase_ == Phase::Closed) return;
    phase_ = Phase::Closed;
    flow_.end_session(services_.clock.now());
    heartbeat_.end_session();
    timer_->cancel();
}

bool Dialogue::has_login() const {
    return !config_.venue.login.text.empty() && !config_.credentials.empty();
}

void Dialogue::enter_login() {
    if (!has_login()) return enter_talking();
    phase_ = Phase::Login;
    phase_deadline_ = services_.clock.now() + config_.venue.login.timeout;
    log_in();
    if (phase_ == Phase::Login && !config_.venue.login.acknowledged) return enter_talking();
    arm();
}

void Dialogue::log_in() {
    const auto text = composer_.login(variables_, stamp(flow_.take_id()));
    if (const auto* problem = std::get_if<venue::Problem>(&text))
        return fail(core::Cause::LoginFailed, "the login cannot be made: " + problem->text);
    flow_.spend(services_.clock.now(), core::MessageKind::Request);
    say_or_fail(std::get<std::string>(text));
}

void Dialogue::enter_talking() {
    phase_ = Phase::Talking;
    heartbeat_.begin_session(services_.clock.now());
    talk();
    owner_.on_progress();
}

void Dialogue::talk() {
    if (phase_ != Phase::Talking) return;
    const auto now = services_.clock.now();
    wants_room_ = false;
    while (auto send = flow_.next(now)) {
        const auto text = text_of(*send);
        if (!text) continue;
        const auto result = owner_.say(*text);
        if (result == seam::SendResult::Accepted) continue;
        flow_.not_sent(*send, now);
        wants_room_ = result == seam::SendResult::QueueFull;
        break;
    }
    if (phase_ == Phase::Talking) arm();
}

// Empty = it cannot be said, which has been told.
std::optional<std::string> Dialogue::text_of(const core::SubscriptionFlow::Send& send) {
    if (send.unsubscribe) {
        auto variables = variables_;
        variables["channel_id"] = owner_.channel_id_of(send.topics.front());
        return composer_.unsubscribe(send.topics, variables, stamp(send.id));
    }
    auto composed = composer_.subscribe(send.topics, variables_, stamp(send.id));
    if (!config_.venue.is_generic()) return composed;
    // What is subscribed is a text of the user, who may have written a secret into it.
    auto text = config::SecretText(composed).resolve();
    if (auto* written = std::get_if<std::string>(&text)) return std::move(*written);
    const auto& problem = std::get<config::SecretText::Unresolved>(text).problem;
    services_.log.write(seam::LogLevel::Error, config_.id, "subscription_not_sent", {{"cause", problem}});
    tell(flow_.unsendable(send, problem, services_.clock.now()));
    return std::nullopt;
}

void Dialogue::on_answer(const venue::Answer& answer, std::string_view message) {
    const auto now = services_.clock.now();
    if (phase_ == Phase::Closed) return;
    switch (answer.means) {
        case Meaning::Ready:
            if (phase_ == Phase::Welcome) enter_login();
            return;
        case Meaning::LoginAck:
            if (phase_ == Phase::Login) enter_talking();
            return;
        case Meaning::LoginReject:
            return fail(core::Cause::LoginFailed,
                        with_reason("the venue refused the login", without_secrets(answer.reason)));
        case Meaning::Ack:
            tell(flow_.acknowledged(flow_answer(answer), now));
            break;
        case Meaning::Reject:
            tell(flow_.rejected(flow_answer(answer), answer.kind, now));
            break;
        case Meaning::HeartbeatRequest:
            heard_ = now;
            flow_.spend(now);
            if (!answer.rule) return;
            return say_or_fail(composer_.answer(*answer.rule, message, variables_, stamp(flow_.take_id())));
        case Meaning::HeartbeatReply:
            heard_ = now;
            heartbeat_.replied(now);
            return arm();
        case Meaning::Heartbeat:
            heard_ = now;
            return;
        case Meaning::Error:
            return fail(core::Cause::VenueError,
                        with_reason("the venue told an error", without_secrets(answer.reason)));
        case Meaning::Drain:  // the owner of the connection rotates
        case Meaning::Notice:
            return;
    }
    talk();
    owner_.on_progress();
}

core::FlowAnswer Dialogue::flow_answer(const venue::Answer& answer) const {
    core::FlowAnswer told;
    if (answer.id) told.id = number(*answer.id);
    told.topic = answer.topic;
    told.names_accepted = answer.names_accepted;
    told.accepted = answer.accepted;
    told.reason = without_secrets(answer.reason);
    return told;
}

bool Dialogue::holds_secret(std::string_view message) const {
    return std::ranges::any_of(secrets_,
                               [message](const std::string& secret) { return message.find(secret) != message.npos; });
}

// A venue may repeat what stood in the request that it refuses.
std::string Dialogue::without_secrets(std::string text) const {
    for (const std::string& secret : secrets_)
        for (auto at = text.find(secret); at != text.npos; at = text.find(secret, at))
            text.replace(at, secret.size(), "***");
    return text;
}

void Dialogue::note_sent() {
    flow_.spend(services_.clock.now());
}

void Dialogue::resubscribe() {
    tell(flow_.resubscribe_all(services_.clock.now()));
    talk();
}

void Dialogue::resubscribe(std::string_view subscription) {
    tell(flow_.resubscribe(subscription, services_.clock.now()));
    talk();
}

void Dialogue::note_flowing(std::string_view subscription) {
    tell(flow_.flowing(subscription, services_.clock.now()));
    owner_.on_progress();
}

void Dialogue::note_stale(std::string_view subscription, const std::string& detail) {
    tell(flow_.stale(subscription, detail, services_.clock.now()));
}

void Dialogue::tell(const std::vector<core::SubscriptionFlow::Change>& changes) {
    for (const auto& change : changes)
        owner_.on_subscription(change);
}

void Dialogue::say_or_fail(std::string_view text) {
    if (owner_.say(text) == seam::SendResult::QueueFull)
        fail(core::Cause::VenueSilent, "the venue takes nothing: the queue of what is to be sent is full");
}

void Dialogue::fail(core::Cause cause, std::string detail) {
    owner_.on_failure({.cause = cause, .detail = std::move(detail)});
}

void Dialogue::on_timer() {
    const auto now = services_.clock.now();
    if (phase_ == Phase::Closed) return;
    if (phase_ == Phase::Welcome && now >= phase_deadline_)
        return fail(core::Cause::VenueSilent, "the venue's welcome did not come");
    if (phase_ == Phase::Login && now >= phase_deadline_)
        return fail(core::Cause::LoginFailed, "the venue did not answer the login");
    keep_alive(now);
    if (phase_ != Phase::Talking) return arm();
    tell(flow_.tick(now));
    talk();
    owner_.on_progress();
}

void Dialogue::keep_alive(core::SteadyTime now) {
    const auto& data = owner_.last_data();
    const auto heard = heard_ && data ? std::max(*heard_, *data) : heard_ ? heard_ : data;
    const auto action = heartbeat_.tick(now, heard);
    if (!action) return;
    if (const auto* dead = std::get_if<core::VenueHeartbeat::Dead>(&*action))
        return fail(core::Cause::VenueSilent, dead->reason);
    if (!flow_.may_send(now)) return;  // asked for again
    flow_.spend(now);
    heartbeat_.sent(now);
    say_or_fail(composer_.heartbeat(variables_, stamp(flow_.take_id())));
}

void Dialogue::arm() {
    if (phase_ == Phase::Closed) return timer_->cancel();
    auto when = heartbeat_.next_deadline();
    const auto earlier = [&when](std::optional<core::SteadyTime> other) {
        if (other && (!when || *other < *when)) when = other;
    };
    if (phase_ == Phase::Talking)
        earlier(flow_.next_deadline());
    else
        earlier(phase_deadline_);
    if (when)
        timer_->arm(*when);
    else
        timer_->cancel();
}

venue::Stamp Dialogue::stamp(std::uint64_t id) {
    const auto digits = [this] { return static_cast<std::uint32_t>(std::ldexp(services_.random.uniform(), 32)); };
    return {.now = services_.clock.wall(), .id = id, .nonce = fmt::format("{:08x}{:08x}", digits(), digits())};
}

std::optional<venue::Variables> Dialogue::credentials(std::string& problem) const {
    venue::Variables found;
    for (const auto& [name, written] : config_.credentials) {
        auto resolved = written.resolve();
        if (const auto* unresolved = std::get_if<config::SecretText::Unresolved>(&resolved)) {
            problem = fmt::format("credentials.{}: {}", name, unresolved->problem);
            return std::nullopt;
        }
        found[name] = std::get<std::string>(std::move(resolved));
    }
    return found;
}

std::variant<seam::HttpRequest, Failure> Dialogue::prepare_request() {
    std::string problem;
    const auto given = credentials(problem);
    if (!given) return Failure{.detail = problem};
    auto made = composer_.prepare_request(*given, stamp(flow_.take_id()));
    if (const auto* wrong = std::get_if<venue::Problem>(&made))
        return Failure{.cause = core::Cause::PrepareFailed,
                       .detail = "the request before connecting cannot be made: " + wrong->text};
    auto& written = std::get<venue::Request>(made);
    seam::HttpRequest request;
    request.method = std::move(written.method);
    request.url = std::move(written.url);
    request.headers = std::move(written.headers);
    request.body = std::move(written.body);
    return request;
}

std::variant<venue::Variables, std::string> Dialogue::extract(std::string_view body) const {
    return composer_.extract(body);
}

std::string Dialogue::url(std::string_view written, const venue::Variables& prepared) {
    if (written.find('{') == written.npos) return std::string(written);  // and no id is used up
    return composer_.url(written, prepared, stamp(flow_.take_id()));
}

}  // namespace fairlead::relay
