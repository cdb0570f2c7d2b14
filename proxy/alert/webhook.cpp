#include "alert/webhook.hpp"

#include "alert/webhook_body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace fairlead::alert {
namespace {

constexpr core::BackoffSettings kBackoff{.initial_delay = std::chrono::seconds{1},
                                         .max_delay = std::chrono::minutes{1},
                                         .multiplier = 2.0,
                                         .jitter_factor = 0.1};
constexpr core::Duration kMaxRetryAfter = std::chrono::minutes{5};
constexpr std::string_view kAlertmanagerPath = "/api/v2/alerts";

// The configuration names the Alertmanager, or its endpoint.
std::string with_path(std::string url) {
    while (url.ends_with('/'))
        url.pop_back();
    return url.ends_with(kAlertmanagerPath) ? url : url.append(kAlertmanagerPath);
}

bool is_success(unsigned status) {
    return status >= 200 && status < 300;
}

// It may be better the next time.
bool may_pass(const seam::HttpAnswer& answer) {
    return !answer.error.empty() || answer.status >= 500 || answer.status == 408 || answer.status == 429;
}

}  // namespace

Webhook::Webhook(const WebhookServices& services, std::string instance, const config::AlertChannelConfig& config,
                 std::function<std::vector<Record>()> standing)
    : services_(services),
      instance_(std::move(instance)),
      config_(config),
      standing_(std::move(standing)),
      backoff_(kBackoff),
      retry_timer_(services.timers.create([this] { send(); })),
      repeat_timer_(services.timers.create([this] { repeat(); })) {
    repeat_timer_->arm(services_.clock.now() + kRepeat);
}

void Webhook::configure(const config::AlertChannelConfig& config) {
    const bool changed = config != config_;
    config_ = config;
    make_room();
    if (!changed || call_ || batch_.empty()) return;
    attempts_ = 0;
    backoff_.reset();
    retry_timer_->arm(services_.clock.now());
}

void Webhook::push(const Record& record) {
    queue_.push_back(record);
    make_room();
    if (!batch_.empty()) return;
    take_batch();
    send();
}

void Webhook::make_room() {
    while (!queue_.empty() && queued() > config_.queue) {
        queue_.pop_front();
        ++counters_.dropped;
    }
}

void Webhook::take_batch() {
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMaxBatch));
    batch_.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    is_repetition_ = false;
    attempts_ = 0;
}

void Webhook::send() {
    const auto resolved = config_.url.resolve();
    ++attempts_;
    if (const auto* unresolved = std::get_if<config::SecretText::Unresolved>(&resolved))
        return retry({.error = unresolved->problem});
    const auto& url = std::get<std::string>(resolved);
    call_ =
        services_.http.fetch({.method = "POST",
                              .url = is_alertmanager() ? with_path(url) : url,
                              .shown_host = config_.url.has_secret() ? "the webhook" : "",
                              .headers = {{"Content-Type", "application/json"}},
                              .body = is_alertmanager() ? alertmanager_json(batch_, instance_, services_.clock.wall())
                                                        : plain_json(batch_, instance_),
                              .ca_file = config_.ca_file,
                              .timeout = kTimeout},
                             [this](const seam::HttpAnswer& answer) { on_answer(answer); });
}

void Webhook::on_answer(const seam::HttpAnswer& answer) {
    call_.reset();
    if (answer.error.empty() && is_success(answer.status)) {
        last_error_.clear();
        backoff_.reset();
        return settle(counters_.delivered);
    }
    if (may_pass(answer)) return retry(answer);
    last_error_ = fmt::format("it answered {}", answer.status);
    settle(counters_.failed);
}

void Webhook::settle(std::uint64_t& counter) {
    if (!is_repetition_) counter += batch_.size();
    take_batch();
    if (!batch_.empty()) send();
}

// What stands is known anew at the next repetition: only what is told once is worth a second attempt.
void Webhook::retry(const seam::HttpAnswer& answer) {
    last_error_ = answer.error.empty() ? fmt::format("it answered {}", answer.status) : answer.error;
    const bool is_last = attempts_ >= kMaxAttempts || is_repetition_;
    if (is_last) {
        if (!is_repetition_) counters_.failed += batch_.size();
        take_batch();
        if (batch_.empty()) return;
    }
    const auto asked = std::min(answer.retry_after.value_or(core::Duration{0}), kMaxRetryAfter);
    const auto wait = std::max(backoff_.next(services_.random.uniform()), asked);
    retry_timer_->arm(services_.clock.now() + wait);
}

void Webhook::repeat() {
    repeat_timer_->arm(services_.clock.now() + kRepeat);
    if (!is_alertmanager() || !batch_.empty()) return;
    auto standing = standing_();
    if (standing.empty()) return;
    batch_ = std::move(standing);
    is_repetition_ = true;
    attempts_ = 0;
    send();
}

}  // namespace fairlead::alert
