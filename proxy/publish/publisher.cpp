#include "publish/publisher.hpp"

#include "core/topic.hpp"
#include "publish/header.hpp"

#include <algorithm>

namespace fairlead::publish {
namespace {

std::uint64_t to_ns(core::WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

Publisher::Publisher(seam::FrameSink& sink, const seam::Clock& clock, const PublisherSettings& settings)
    : sink_(sink), clock_(clock), settings_(settings) {}

TopicGroup& Publisher::open_group(const std::string& connection, std::size_t max_topics) {
    return *groups_.insert_or_assign(connection, std::make_unique<TopicGroup>(*this, connection, max_topics))
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

void Publisher::retire(const Topic& topic) {
    --open_topics_;
    if (topic.next_sequence == 1) return;  // nobody has seen a number of it
    if (retired_.size() >= kMaxRetired) {
        const auto forgotten = retired_.begin();
        retired_floor_ = std::max(retired_floor_, forgotten->second.next_sequence);
        retired_.erase(forgotten);
    }
    retired_[topic.name] = {topic.next_sequence, topic.outage};
}

Numbering Publisher::claim(const std::string& name) {
    ++open_topics_;
    auto retired = retired_.extract(name);
    if (retired.empty()) return {.next_sequence = retired_floor_, .outage = std::nullopt};
    return std::move(retired.mapped());
}

void Publisher::data(Topic& topic, const seam::InboundMessage& message, const Origin& origin) {
    if (topic.outage) [[unlikely]]
        tell_outage(topic, origin);
    ++counters_.data;
    const std::uint32_t flags = message.binary ? v1::FLAG_BINARY : v1::FLAG_NONE;
    send(topic, v1::KIND_DATA, flags, topic.next_sequence++, origin, message.bytes, message.assembled);
}

void Publisher::tell_outage(Topic& topic, const Origin& origin) {
    v1::Gap gap;
    gap.set_cause(v1::GAP_CAUSE_UPSTREAM);
    gap.set_from_ns(topic.outage->from_ns);
    gap.set_to_ns(to_ns(origin.received));
    gap.set_reason(topic.outage->reason);
    gap.set_detail(topic.outage->detail);
    topic.outage.reset();
    this->gap(topic, gap, origin.session);
}

void Publisher::state(Topic& topic, const v1::ConnectionEvent& event, std::uint32_t session) {
    send_event(topic, v1::KIND_STATE, topic.next_sequence++, session, event);
}

void Publisher::gap(Topic& topic, const v1::Gap& gap, std::uint32_t session) {
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

void Publisher::send_event(Topic& topic, v1::Kind kind, std::uint64_t sequence, std::uint32_t session,
                           const google::protobuf::MessageLite& event) {
    std::string payload = event.SerializeAsString();
    const Origin origin{.received = clock_.wall(), .session = session};
    send(topic, kind, v1::FLAG_NONE, sequence, origin, payload, nullptr);
}

void Publisher::send(Topic& topic, v1::Kind kind, std::uint32_t flags, std::uint64_t sequence, const Origin& origin,
                     std::string_view payload, std::string* owned) {
    const std::size_t prefix = topic.name.size() + 1;
    const std::size_t length = encode_header({.kind = static_cast<std::uint32_t>(kind),
                                              .flags = flags,
                                              .epoch = settings_.epoch,
                                              .sequence = sequence,
                                              .receive_time_ns = to_ns(origin.received),
                                              .session = origin.session,
                                              .leg = origin.leg},
                                             topic.head.data() + prefix);
    ++counters_.published;
    if (sink_.send({topic.head.data(), prefix + length}, payload, owned) == seam::SinkResult::SlowConsumer)
        ++counters_.slow_consumer_episodes;
}

void Publisher::tick() {
    baseline_budget_ = kMaxBaseline;
    // Topics that fell silent together must not beat together: that could overrun the very consumers that it is for.
    // Enough for each to beat twice in kMaxBeatInterval.
    const auto ticks = std::max<std::int64_t>(1, kMaxBeatInterval / settings_.heartbeat_interval / 2);
    std::size_t budget = std::max(kMaxBaseline, open_topics_ / static_cast<std::size_t>(ticks) + 1);
    for (auto& entry : groups_) {
        TopicGroup& group = *entry.second;
        heartbeat(group.state_topic(), group.liveness);
        group.for_each_data_topic([&](Topic& topic) { beat_if_silent(topic, group.liveness, budget); });
    }
}

void Publisher::beat_if_silent(Topic& topic, v1::Liveness liveness, std::size_t& budget) {
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
    heartbeat(topic, liveness);
}

// One topic by its name, or every topic under a shorter prefix.
void Publisher::baseline(std::string_view prefix) {
    if (baseline_budget_ == 0) {
        ++counters_.baselines_refused;
        return;
    }
    for (auto& entry : groups_) {
        TopicGroup& group = *entry.second;
        if (group.state_topic().name.starts_with(prefix)) beat_for_newcomer(group.state_topic(), group.liveness);
        const std::string data = "data/" + group.connection() + "/";
        if (!data.starts_with(prefix) && !prefix.starts_with(data)) continue;
        if (prefix.size() > data.size() && prefix.ends_with('/')) {
            const auto channel = prefix.substr(data.size(), prefix.size() - data.size() - 1);
            if (Topic* topic = group.find(core::decode_channel(channel)); topic && topic->name == prefix)
                beat_for_newcomer(*topic, group.liveness);
            continue;
        }
        group.for_each_data_topic([&](Topic& topic) {
            if (topic.name.starts_with(prefix)) beat_for_newcomer(topic, group.liveness);
        });
    }
}

void Publisher::beat_for_newcomer(Topic& topic, v1::Liveness liveness) {
    if (baseline_budget_ == 0) {
        ++counters_.baselines_refused;
        return;
    }
    --baseline_budget_;
    heartbeat(topic, liveness);
}

}  // namespace fairlead::publish
