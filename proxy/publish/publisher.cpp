#include "publish/publisher.hpp"

#include "core/topic.hpp"
#include "publish/header.hpp"

#include <algorithm>

namespace fairlead::publish {
namespace {

// A string that is handed over costs two allocations more than a copy of its bytes.
constexpr std::size_t kLeastHandedOver = 8'192;

std::uint64_t to_ns(core::WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

// How many messages the venue has numbered between these two, where that can be proved; else 0.
std::uint64_t proven_loss(std::uint64_t before, std::uint64_t after, std::uint64_t step) {
    if (step == 0 || before == 0 || after <= before || (after - before) % step != 0) return 0;
    return (after - before) / step - 1;
}

}  // namespace

Publisher::Publisher(seam::FrameSink& sink, const seam::Clock& clock, const PublisherSettings& settings)
    : sink_(sink), clock_(clock), settings_(settings), journal_(settings.journal) {}

TopicGroup& Publisher::open_group(const std::string& connection, const GroupOptions& options) {
    return *groups_.insert_or_assign(connection, std::make_unique<TopicGroup>(*this, connection, options))
                .first->second;
}

void Publisher::close_group(TopicGroup& group, v1::EndCode code) {
    group.end(code);
    group.begin_outage(
        {.from_ns = to_ns(clock_.wall()), .reason = v1::CAUSE_COMMAND, .detail = "the connection was removed"});
    group.for_each_data_topic([this](Topic& topic) { retire(topic); });
    retire(group.state_topic());
    groups_.erase(group.connection());
}

void Publisher::retire(Topic& topic) {
    topics_.erase(topic.name);
    if (topic.past) journal_.close(*topic.past);
    topic.past = nullptr;
    if (topic.next_sequence == 1) return;  // nobody has seen a number of it
    if (retired_.size() >= kMaxRetired) {
        const auto forgotten = retired_.begin();
        retired_floor_ = std::max(retired_floor_, forgotten->second.next_sequence);
        retired_.erase(forgotten);
    }
    retired_[topic.name] = {topic.next_sequence, topic.outage};
}

Numbering Publisher::claim(const std::string& name) {
    auto retired = retired_.extract(name);
    if (retired.empty()) return {.next_sequence = retired_floor_, .outage = std::nullopt};
    return std::move(retired.mapped());
}

void Publisher::opened(Topic& topic) {
    topics_.emplace(topic.name, &topic);
    topic.past = journal_.open(topic.name, topic.next_sequence);
}

void Publisher::data(Topic& topic, const seam::InboundMessage& message, const Origin& origin) {
    if (topic.outage) [[unlikely]]
        tell_outage(topic, origin);
    if (origin.venue_sequence != 0) topic.last_venue_sequence = origin.venue_sequence;
    topic.last_data_ns = to_ns(origin.received);
    ++counters_.data;
    const std::uint32_t flags = message.binary ? v1::FLAG_BINARY : v1::FLAG_NONE;
    auto* owned = message.bytes.size() < kLeastHandedOver ? nullptr : message.assembled;
    send(topic, v1::KIND_DATA, flags, topic.next_sequence++, origin, message.bytes, owned);
}

void Publisher::tell_outage(Topic& topic, const Origin& origin) {
    v1::Gap gap;
    gap.set_cause(v1::GAP_CAUSE_UPSTREAM);
    gap.set_from_ns(topic.outage->from_ns);
    gap.set_to_ns(to_ns(origin.received));
    gap.set_reason(topic.outage->reason);
    gap.set_detail(topic.outage->detail);
    const std::uint64_t before = topic.outage->venue_sequence_before;
    const std::uint64_t after = origin.venue_sequence;
    gap.set_venue_sequence_before(before);
    gap.set_venue_sequence_after(after);
    gap.set_count(proven_loss(before, after, topic.group.options().venue_step));
    topic.outage.reset();
    this->gap(topic, gap, origin.session);
}

void Publisher::state(Topic& topic, const v1::ConnectionEvent& event, std::uint32_t session) {
    send_event(topic, v1::KIND_STATE, topic.next_sequence++, session, event);
}

void Publisher::gap(Topic& topic, const v1::Gap& gap, std::uint32_t session) {
    gaps_.add(topic.name, settings_.epoch, topic.next_sequence, session, gap);
    topic.group.count_gap(gap.cause());
    send_event(topic, v1::KIND_GAP, topic.next_sequence++, session, gap);
}

void Publisher::heartbeat(Topic& topic, v1::Liveness liveness) {
    v1::Heartbeat beat;
    beat.set_next_sequence(topic.next_sequence);
    beat.set_liveness(liveness);
    ++counters_.heartbeats;
    send_event(topic, v1::KIND_HEARTBEAT, 0, 0, beat);
}

void Publisher::end(Topic& topic, v1::EndCode code) {
    v1::End end;
    end.set_code(code);
    end.set_next_sequence(topic.next_sequence);
    send_event(topic, v1::KIND_END, 0, 0, end);
}

void Publisher::alert(const v1::Alert& alert) {
    std::string head;
    make_head(core::alert_topic(alert.connection()),
              {.kind = v1::KIND_ALERT, .epoch = settings_.epoch, .receive_time_ns = alert.time_ns()}, head);
    count(v1::KIND_ALERT, sink_.send(head, alert.SerializeAsString(), nullptr, nullptr));
}

void Publisher::send_event(Topic& topic, v1::Kind kind, std::uint64_t sequence, std::uint32_t session,
                           const google::protobuf::MessageLite& event) {
    std::string payload = event.SerializeAsString();
    const Origin origin{.received = clock_.wall(), .session = session};
    send(topic, kind, v1::FLAG_NONE, sequence, origin, payload, nullptr);
}

void Publisher::send(Topic& topic, v1::Kind kind, std::uint32_t flags, std::uint64_t sequence, const Origin& origin,
                     std::string_view payload, std::string* owned) {
    const std::size_t prefix = topic.name.size() + 1;
    const HeaderFields header{.kind = static_cast<std::uint32_t>(kind),
                              .flags = flags,
                              .epoch = settings_.epoch,
                              .sequence = sequence,
                              .receive_time_ns = to_ns(origin.received),
                              .session = origin.session,
                              .leg = origin.leg};
    const std::size_t length = encode_header(header, topic.head.data() + prefix);
    seam::KeptFrame* keep = nullptr;
    if (sequence != 0 && topic.past)
        keep = journal_.append(*topic.past, header, owned ? owned->capacity() : payload.size());
    count(header.kind, sink_.send({topic.head.data(), prefix + length}, payload, owned, keep));
}

void Publisher::send_again(Topic& topic, const Journal::Entry& entry) {
    HeaderFields header = entry.header;
    header.flags |= v1::FLAG_REPLAYED;
    const std::size_t prefix = topic.name.size() + 1;
    const std::size_t length = encode_header(header, topic.head.data() + prefix);
    count(header.kind, sink_.send_again({topic.head.data(), prefix + length}, entry.payload));
}

void Publisher::count(std::uint32_t kind, seam::SinkResult result) {
    ++counters_.published;
    if (kind < counters_.by_kind.size()) ++counters_.by_kind[kind];
    if (result == seam::SinkResult::SlowConsumer) ++counters_.slow_consumer_episodes;
}

void Publisher::tick() {
    baseline_budget_ = kMaxBaseline;
    // Topics that fell silent together must not beat together: that could overrun the very consumers that it is for.
    // Enough for each to beat twice in kMaxBeatInterval.
    const auto ticks = std::max<std::int64_t>(1, kMaxBeatInterval / settings_.heartbeat_interval / 2);
    std::size_t budget = std::max(kMaxBaseline, topics_.size() / static_cast<std::size_t>(ticks) + 1);
    for (auto& entry : groups_) {
        TopicGroup& group = *entry.second;
        heartbeat(group.state_topic(), group.overall());
        group.for_each_data_topic([&](Topic& topic) { beat_if_silent(topic, budget); });
    }
}

void Publisher::beat_if_silent(Topic& topic, std::size_t& budget) {
    if (topic.next_sequence != topic.sequence_at_tick) {
        topic.sequence_at_tick = topic.next_sequence;
        topic.beat_wait = 1;
        topic.beat_in = 1;
        return;
    }
    if (topic.beat_in > 0) --topic.beat_in;
    if (topic.beat_in > 0 || budget == 0) return;
    --budget;
    const auto most = std::max<std::int64_t>(1, kMaxBeatInterval / settings_.heartbeat_interval);
    topic.beat_wait = static_cast<std::uint32_t>(std::min<std::int64_t>(topic.beat_wait * 2L, most));
    topic.beat_in = topic.beat_wait;
    heartbeat(topic, topic.group.liveness_of(topic));
}

void Publisher::baseline(std::string_view prefix) {
    if (baseline_budget_ == 0) {
        ++counters_.baselines_refused;
        return;
    }
    for (auto found = topics_.lower_bound(prefix); found != topics_.end() && found->first.starts_with(prefix); ++found)
        greet_newcomer(*found->second);
}

void Publisher::greet_newcomer(Topic& topic) {
    const bool wants_value = topic.group.options().last_value && !topic.group.is_state_topic(topic);
    const Journal::Entry* value = wants_value ? last_of(topic) : nullptr;
    const std::size_t cost = value ? 2 : 1;
    if (baseline_budget_ < cost) {
        ++counters_.baselines_refused;
        return;
    }
    baseline_budget_ -= cost;
    // The heartbeat first: behind the value it would tell the numbers between the two as lost, while they are older
    // than the newcomer.
    heartbeat(topic, topic.group.liveness_of(topic));
    if (!value) return;
    ++counters_.last_values;
    send_again(topic, *value);
}

const Journal::Entry* Publisher::last_of(const Topic& topic) {
    if (!topic.past) return nullptr;
    return topic.group.is_state_topic(topic) ? topic.past->newest() : topic.past->last_data();
}

std::optional<TopicPast> Publisher::past_of(const std::string& topic) const {
    if (const auto open = topics_.find(topic); open != topics_.end()) {
        const Journal::Past* past = open->second->past;
        return TopicPast{{past ? past->oldest() : 0, open->second->next_sequence}, past};
    }
    const auto closed = retired_.find(topic);
    if (closed == retired_.end()) return std::nullopt;
    const Journal::Past* past = journal_.find(topic);
    return TopicPast{{past ? past->oldest() : 0, closed->second.next_sequence}, past};
}

const Topic* Publisher::find(std::string_view topic) const {
    const auto found = topics_.find(topic);
    return found == topics_.end() ? nullptr : found->second;
}

const Topic* Publisher::topic_after(std::string_view prefix, std::string_view after) const {
    const auto found = after < prefix ? topics_.lower_bound(prefix) : topics_.upper_bound(after);
    return found != topics_.end() && found->first.starts_with(prefix) ? found->second : nullptr;
}

}  // namespace fairlead::publish
