#include "dispatcher.hpp"

namespace fairlead::client {
namespace {

bool parse(google::protobuf::MessageLite& message, std::string_view bytes) {
    return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

GapCause cause_of(v1::GapCause cause) {
    switch (cause) {
        case v1::GAP_CAUSE_UPSTREAM:
            return GapCause::Upstream;
        case v1::GAP_CAUSE_RELAY:
            return GapCause::Relay;
        default:
            return GapCause::Unknown;
    }
}

}  // namespace

void Dispatcher::on_single_frame(std::string_view frame) {
    const auto welcome = decode_welcome(frame);
    if (!welcome) return on_undecodable();
    if (welcome->heartbeat_interval_ms() != 0)
        heartbeat_interval_ = std::chrono::milliseconds{welcome->heartbeat_interval_ms()};
    if (callbacks_.on_welcome) callbacks_.on_welcome(*welcome);
}

void Dispatcher::on_frames(std::string_view frame0, std::string_view frame1) {
    const auto envelope = decode(frame0, frame1);
    if (!envelope) return on_undecodable();
    Topic& topic = this->topic(envelope->topic);
    return envelope->sequence != 0 ? numbered(topic, *envelope) : unnumbered(topic, *envelope);
}

// A kind that this version does not know takes part in the numbering like any other.
void Dispatcher::numbered(Topic& topic, const Envelope& envelope) {
    const Stamp stamp{envelope.epoch, envelope.sequence, envelope.replayed()};
    if (!take(topic, envelope, topic.tracker.on_message(stamp))) return;
    switch (envelope.kind) {
        case v1::KIND_DATA:
            return data(topic, envelope);
        case v1::KIND_STATE:
            return state(topic, envelope);
        case v1::KIND_GAP:
            return gap(topic, envelope);
        default:
            if (callbacks_.on_event) callbacks_.on_event(envelope);
    }
}

void Dispatcher::unnumbered(Topic& topic, const Envelope& envelope) {
    switch (envelope.kind) {
        case v1::KIND_HEARTBEAT:
            return heartbeat(topic, envelope);
        case v1::KIND_END:
            return end(topic, envelope);
        case v1::KIND_DATA:
        case v1::KIND_STATE:
        case v1::KIND_GAP:
            return on_undecodable();
        default:
            if (callbacks_.on_event) callbacks_.on_event(envelope);
    }
}

bool Dispatcher::take(Topic& topic, const Envelope& envelope, const Verdict& verdict) {
    if (verdict.sight == Sight::OldEpoch) {
        ++counters_.old_epoch;
        return false;
    }
    if (verdict.new_epoch || verdict.hole) {
        Gap gap{.topic = topic.name,
                .connection = topic.connection,
                .channel = topic.channel,
                .cause = verdict.new_epoch ? GapCause::Epoch : GapCause::Consumer,
                .from_ns = topic.last_time_ns,
                .to_ns = envelope.receive_time_ns,
                .detail = {}};
        if (verdict.hole) {
            gap.first_sequence = verdict.hole->first;
            gap.last_sequence = verdict.hole->last;
            gap.count = verdict.hole->last - verdict.hole->first + 1;
        }
        ++counters_.gaps;
        counters_.lost += gap.count;
        if (callbacks_.on_gap) callbacks_.on_gap(gap);
    }
    if (verdict.sight == Sight::Duplicate) {
        ++counters_.duplicates;
        return false;
    }
    topic.last_time_ns = envelope.receive_time_ns;
    return true;
}

void Dispatcher::data(const Topic& topic, const Envelope& envelope) {
    ++counters_.messages;
    if (!callbacks_.on_message) return;
    callbacks_.on_message(Message{.topic = topic.name,
                                  .connection = topic.connection,
                                  .channel = topic.channel,
                                  .payload = envelope.payload,
                                  .binary = envelope.binary(),
                                  .replayed = envelope.replayed(),
                                  .sequence = envelope.sequence,
                                  .epoch = envelope.epoch,
                                  .receive_time_ns = envelope.receive_time_ns,
                                  .session = envelope.session,
                                  .leg = envelope.leg});
}

void Dispatcher::state(const Topic& topic, const Envelope& envelope) {
    v1::ConnectionEvent event;
    if (!parse(event, envelope.payload)) return on_undecodable();
    const ConnectionChange change{topic.name, topic.connection,         topic.channel,
                                  event,      envelope.receive_time_ns, envelope.session};
    if (!topic.is_state) {
        if (callbacks_.on_topic_event) callbacks_.on_topic_event(change);
        return;
    }
    const UpDown up_down = connection(topic.connection).tracker.on_event(event);
    if (callbacks_.on_state) callbacks_.on_state(change);
    tell_up_down(up_down, change);
}

void Dispatcher::gap(const Topic& topic, const Envelope& envelope) {
    v1::Gap told;
    if (!parse(told, envelope.payload)) return on_undecodable();
    ++counters_.gaps;
    if (!callbacks_.on_gap) return;
    callbacks_.on_gap(Gap{.topic = topic.name,
                          .connection = topic.connection,
                          .channel = topic.channel,
                          .cause = cause_of(told.cause()),
                          .count = told.count(),
                          .from_ns = told.from_ns(),
                          .to_ns = told.to_ns(),
                          .reason = told.reason(),
                          .detail = told.detail(),
                          .venue_sequence_before = told.venue_sequence_before(),
                          .venue_sequence_after = told.venue_sequence_after()});
}

void Dispatcher::heartbeat(Topic& topic, const Envelope& envelope) {
    v1::Heartbeat beat;
    if (!parse(beat, envelope.payload) || beat.next_sequence() == 0) return on_undecodable();
    if (!take(topic, envelope, topic.tracker.on_heartbeat(envelope.epoch, beat.next_sequence()))) return;
    last_heartbeat_ = now_();
    if (topic.is_state) {
        Connection& connection = this->connection(topic.connection);
        connection.heartbeat = last_heartbeat_;
        connection.liveness = beat.liveness();
        const UpDown up_down = connection.tracker.on_heartbeat(beat.liveness());
        if (up_down != UpDown{}) {
            v1::ConnectionEvent event;
            event.set_connection(topic.connection);
            event.set_state(up_down.came_up ? v1::CONNECTION_STATE_CONNECTED : v1::CONNECTION_STATE_DISCONNECTED);
            event.set_detail("learned from a heartbeat: the event itself was lost");
            tell_up_down(up_down, ConnectionChange{topic.name, topic.connection, topic.channel, event,
                                                   envelope.receive_time_ns, envelope.session});
        }
    }
    if (callbacks_.on_event) callbacks_.on_event(envelope);
}

void Dispatcher::end(Topic& topic, const Envelope& envelope) {
    v1::End end;
    if (!parse(end, envelope.payload)) return on_undecodable();
    // Where the end tells the number that would have come next, it proves the tail as a heartbeat does.
    if (end.next_sequence() != 0 &&
        !take(topic, envelope, topic.tracker.on_heartbeat(envelope.epoch, end.next_sequence())))
        return;
    if (topic.is_state && callbacks_.on_end) callbacks_.on_end(End{topic.name, topic.connection, end.code()});
    if (!topic.is_state && callbacks_.on_event) callbacks_.on_event(envelope);
}

void Dispatcher::tell_up_down(const UpDown& change, const ConnectionChange& told) {
    if (change.went_down && callbacks_.on_disconnect) callbacks_.on_disconnect(told);
    if (change.came_up && callbacks_.on_connect) callbacks_.on_connect(told);
}

Dispatcher::Topic& Dispatcher::topic(std::string_view name) {
    if (const auto found = topics_.find(name); found != topics_.end()) return found->second;
    const TopicParts parts = split_topic(name);
    Topic& topic = topics_[std::string(name)];
    topic.name = name;
    topic.connection = parts.connection;
    topic.channel = percent_decode(parts.channel);
    topic.is_state = parts.kind == "state";
    return topic;
}

Dispatcher::Connection& Dispatcher::connection(const std::string& id) {
    return connections_[id];
}

bool Dispatcher::is_recent(Time heartbeat) const {
    return heartbeat != Time{} && now_() - heartbeat <= 3 * heartbeat_interval_;
}

v1::Liveness Dispatcher::liveness(std::string_view connection) const {
    const auto found = connections_.find(connection);
    if (found == connections_.end() || !is_recent(found->second.heartbeat)) return v1::LIVENESS_UNSPECIFIED;
    return found->second.liveness;
}

}  // namespace fairlead::client
