#include "publish/publisher.hpp"

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
    group.for_each_data_topic([this](Topic& topic) { retire(topic); });
    retire(group.state_topic());
    groups_.erase(group.connection());
}

void Publisher::retire(const Topic& topic) {
    retired_[topic.name] = topic.next_sequence;
    --open_topics_;
}

std::uint64_t Publisher::claim(const std::string& name) {
    ++open_topics_;
    const auto retired = retired_.extract(name);
    return retired.empty() ? 1 : retired.mapped();
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
    for (auto& entry : groups_) {
        TopicGroup& group = *entry.second;
        heartbeat(group.state_topic(), group.liveness);
        group.for_each_data_topic([&](Topic& topic) { beat_if_silent(topic, group.liveness); });
    }
}

void Publisher::beat_if_silent(Topic& topic, v1::Liveness liveness) {
    if (topic.next_sequence != topic.sequence_at_tick) {
        topic.sequence_at_tick = topic.next_sequence;
        topic.beat_wait = 1;
        topic.beat_in = 1;
        return;
    }
    if (--topic.beat_in > 0) return;
    const auto most = std::max<std::int64_t>(1, kMaxBeatInterval / settings_.heartbeat_interval);
    topic.beat_wait = static_cast<std::uint32_t>(std::min<std::int64_t>(topic.beat_wait * 2L, most));
    topic.beat_in = topic.beat_wait;
    heartbeat(topic, liveness);
}

void Publisher::baseline(std::string_view prefix) {
    const auto beat = [&](Topic& topic, v1::Liveness liveness) {
        if (!topic.name.starts_with(prefix)) return;
        if (baseline_budget_ == 0) {
            ++counters_.baselines_refused;
            return;
        }
        --baseline_budget_;
        heartbeat(topic, liveness);
    };
    for (auto& entry : groups_) {
        TopicGroup& group = *entry.second;
        beat(group.state_topic(), group.liveness);
        group.for_each_data_topic([&](Topic& topic) { beat(topic, group.liveness); });
    }
}

}  // namespace fairlead::publish
