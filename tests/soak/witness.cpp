#include "witness.hpp"

#include "sidecar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace fairlead::soak {

using namespace std::chrono_literals;

namespace {

constexpr int kSmallQueue = 40;
constexpr std::size_t kMaxViolations = 10;

}  // namespace

std::string_view to_string(Pace pace) {
    constexpr std::array<std::string_view, 4> kNames = {"fast", "slow", "stopping", "restarting"};
    return kNames.at(static_cast<std::size_t>(pace));
}

Witness::Witness(Pace pace, std::string stream_endpoint, std::uint64_t seed, ConnectionOf connection_of)
    : pace_(pace), endpoint_(std::move(stream_endpoint)), connection_of_(connection_of), random_(seed), thread_([this] {
          run();
      }) {}

Witness::~Witness() {
    stop();
}

void Witness::hurry() {
    const std::lock_guard lock(mutex_);
    hurrying_ = true;
    changed_.notify_all();
}

void Witness::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void Witness::run() {
    while (!stopping_)
        live();
}

void Witness::live() {
    topics_.clear();
    ++counters_.lives;
    client::SubscriberOptions options;
    options.endpoints = {endpoint_};
    if (pace_ == Pace::Slow) options.receive_high_water_mark = kSmallQueue;
    client::Subscriber subscriber(options, callbacks());
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{500 + random_() % 2500};
    while (!stopping_) {
        read(subscriber);
        const bool is_over = pace_ == Pace::Restarting && !hurrying_ && std::chrono::steady_clock::now() >= until;
        if (is_over) break;
        if (hurrying_) look_whether_proven();
    }
    counters_.recovered += subscriber.counters().recovered;
    counters_.lost += subscriber.counters().lost;
}

void Witness::read(client::Subscriber& subscriber) {
    if (hurrying_ || pace_ == Pace::Fast || pace_ == Pace::Restarting) {
        subscriber.poll(20ms);
    } else if (pace_ == Pace::Slow) {
        subscriber.poll(20ms, 5);
        rest(10ms);
    } else {
        subscriber.poll(20ms);
        if (chance(100)) rest(std::chrono::milliseconds{100 + random_() % 1900});
    }
}

// What makes a slow consumer slow.
void Witness::rest(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, time, [this] { return stopping_ || hurrying_; });
}

bool Witness::chance(unsigned one_in) {
    return random_() % one_in == 0;
}

client::Callbacks Witness::callbacks() {
    client::Callbacks callbacks;
    callbacks.on_message = [this](const client::Message& message) { on_message(message); };
    callbacks.on_gap = [this](const client::Gap& gap) { on_gap(gap); };
    const auto on_change = [this](const client::ConnectionChange& change) {
        Topic& topic = topic_of(change.topic, change.connection);
        topic.recent.note(fmt::format("{} {} because of {} {}", change.topic,
                                      v1::ConnectionState_Name(change.event.state()),
                                      v1::Cause_Name(change.event.cause()), change.event.detail()));
        check(topic, change.topic, topic.ledger.on_numbered_event());
    };
    callbacks.on_state = on_change;
    callbacks.on_topic_event = on_change;
    callbacks.on_event = [this](const client::Envelope& envelope) {
        if (envelope.kind != v1::KIND_HEARTBEAT) return;
        v1::Heartbeat beat;
        if (!beat.ParseFromArray(envelope.payload.data(), static_cast<int>(envelope.payload.size()))) return;
        const std::string_view connection = client::split_topic(envelope.topic).connection;
        topic_of(envelope.topic, connection).ledger.on_heartbeat(envelope.epoch, beat.next_sequence());
    };
    return callbacks;
}

Witness::Topic& Witness::topic_of(std::string_view name, std::string_view connection) {
    const auto found = topics_.find(name);
    if (found != topics_.end()) return found->second;
    Topic& topic = topics_[std::string(name)];
    // What a command has subscribed is gone when the sidecar is killed.
    const bool is_late = std::ranges::any_of(
        late_symbols(), [&](const std::string& symbol) { return name.find(symbol) != std::string_view::npos; });
    topic.stays = connection_of_(connection) != 0 && !is_late;
    const bool is_numbered = name.starts_with("data/") && name.find("unrouted") == std::string_view::npos;
    if (pace_ == Pace::Fast && is_numbered && connection_of_(connection) != 0)
        topic.venue.emplace(std::string(name), connection_of_(connection));
    return topic;
}

void Witness::on_message(const client::Message& message) {
    ++counters_.messages;
    Topic& topic = topic_of(message.topic, message.connection);
    const std::uint64_t number = venue_number(message.payload);
    topic.recent.note(fmt::format("#{} session {} leg {} venue's {}{}", message.sequence, message.session, message.leg,
                                  number, message.replayed ? " (replayed)" : ""));
    check(topic, message.topic, topic.ledger.on_message(message));
    if (!topic.venue || number == 0) return;
    const std::size_t claims = claims_.size();
    check(topic, message.topic, topic.venue->on_number(number, message.receive_time_ns, claims_));
    if (claims_.size() > claims) claims_.back().text += "\n" + topic.recent.text();
}

void Witness::on_gap(const client::Gap& gap) {
    Topic& topic = topic_of(gap.topic, gap.connection);
    topic.recent.note(fmt::format(
        "gap: cause {} {} #{}..#{} count {} venue's {}..{} because of {} {}", static_cast<int>(gap.cause),
        gap.outcome == client::Outcome::Recovered ? "recovered" : "lost", gap.first_sequence, gap.last_sequence,
        gap.count, gap.venue_sequence_before, gap.venue_sequence_after, v1::Cause_Name(gap.reason), gap.detail));
    if (gap.cause == client::GapCause::Upstream) ++counters_.upstream_gaps;
    check(topic, gap.topic, topic.ledger.on_gap(gap));
    if (topic.venue) topic.venue->on_gap(gap);
}

void Witness::check(Topic& topic, std::string_view name, const Ledger::Problem& problem) {
    if (!problem || violations_.size() >= kMaxViolations) return;
    has_violation_ = true;
    violations_.push_back(
        {.at_ns = wall_ns(),
         .text = fmt::format("the {} consumer, {}: {}\n{}", to_string(pace_), name, *problem, topic.recent.text())});
}

void Witness::look_whether_proven() {
    proven_ =
        !topics_.empty() && std::ranges::all_of(topics_, [](const auto& entry) { return entry.second.is_proven(); });
}

std::string Witness::unproven() const {
    std::string text;
    for (const auto& [name, topic] : topics_)
        if (!topic.is_proven()) text += fmt::format("   {}: {}\n", name, topic.ledger.describe());
    return text;
}

}  // namespace fairlead::soak
