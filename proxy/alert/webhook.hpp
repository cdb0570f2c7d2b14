// Delivers alerts to a webhook, in order, in batches, off the way of the data: the request is made elsewhere
// (seam::HttpClient), and what waits here is bounded. A server that fails is asked again, ever more rarely; a batch
// that fails kMaxAttempts times, or is refused for good (4xx), is given up.
//
// An Alertmanager forgets what is not repeated: what stands is sent again every kRepeat while nothing else waits.
#pragma once

#include "alert/record.hpp"
#include "config/config.hpp"
#include "core/backoff.hpp"
#include "seam/clock.hpp"
#include "seam/http_client.hpp"
#include "seam/random.hpp"
#include "seam/timers.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::alert {

struct WebhookServices {
    seam::HttpClient& http;
    seam::Timers& timers;
    const seam::Clock& clock;
    seam::Random& random;
};

struct WebhookCounters {
    std::uint64_t delivered = 0;  // alerts that were raised or resolved; repetitions are not counted
    std::uint64_t failed = 0;     // given up after every retry
    std::uint64_t dropped = 0;    // no room in the queue
};

// Relay thread only.
class Webhook {
public:
    // `standing` tells what stands and is to be told here.
    Webhook(const WebhookServices& services, std::string instance, const config::AlertChannelConfig& config,
            std::function<std::vector<Record>()> standing);

    // Raised or resolved. Where there is no room the oldest that waits makes it.
    void push(const Record& record);
    // Without losing what waits, as far as there is room for it.
    void configure(const config::AlertChannelConfig& config);

    const WebhookCounters& counters() const { return counters_; }
    std::size_t queued() const { return queue_.size() + (is_repetition_ ? 0 : batch_.size()); }
    std::size_t capacity() const { return config_.queue; }
    // Of the last attempt; empty = it succeeded, or there was none. Never a secret.
    const std::string& last_error() const { return last_error_; }

    static constexpr std::size_t kMaxBatch = 100;
    static constexpr unsigned kMaxAttempts = 20;
    static constexpr core::Duration kTimeout = std::chrono::seconds{10};
    static constexpr core::Duration kRepeat = std::chrono::minutes{1};

private:
    void take_batch();
    void send();
    void on_answer(const seam::HttpAnswer& answer);
    void settle(std::uint64_t& counter);
    void retry(const seam::HttpAnswer& answer);
    void repeat();
    void make_room();
    bool is_alertmanager() const { return config_.format == config::WebhookFormat::Alertmanager; }

    WebhookServices services_;
    const std::string instance_;
    config::AlertChannelConfig config_;
    const std::function<std::vector<Record>()> standing_;
    std::deque<Record> queue_;
    std::vector<Record> batch_;   // on its way, or waiting to be sent again
    bool is_repetition_ = false;  // of the batch
    unsigned attempts_ = 0;       // of the batch
    core::Backoff backoff_;
    std::unique_ptr<seam::Timer> retry_timer_;
    std::unique_ptr<seam::Timer> repeat_timer_;
    WebhookCounters counters_;
    std::string last_error_;
    std::unique_ptr<seam::HttpCall> call_;  // last: nothing is called back any more when the rest goes
};

}  // namespace fairlead::alert
