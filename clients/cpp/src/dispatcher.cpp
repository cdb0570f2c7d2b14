#include "dispatcher.hpp"

#include <random>
#include <utility>
#include <variant>

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

Dispatcher::Dispatcher(const SubscriberOptions& options, Callbacks callbacks, std::function<Time()> now,
                       Replays::Link link)
    : limits_(options.recovery),
      recover_(options.recover),
      callbacks_(std::move(callbacks)),
      now_(std::move(now)),
      replays_({.control_endpoint = options.control_endpoint,
                .link = std::move(link),
                .silence = 2 * options.recovery.timeout,
                .seed = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}()}) {}

void Dispatcher::on_single_frame(std::string_view frame) {
    const auto welcome = decode_welcome(frame);
    if (!welcome) return on_undecodable();
    if (welcome->heartbeat_interval_ms() != 0)
        heartbeat_interval_ = std::chrono::milliseconds{welcome->heartbeat_interval_ms()};
    if (recover_) replays_.on_welcome(*welcome);
    if (callbacks_.on_welcome) callbacks_.on_welcome(*welcome);
}

void Dispatcher::on_frames(std::string_view frame0, std::string_view frame1) {
    const auto envelope = decode(frame0, frame1);
    if (!envelope) return on_undecodable();
    Topic& topic = this->topic(envelope->topic);
    const std::optional<Verdict> verdict = judge(topic, *envelope);
    if (!verdict) return on_undecodable();
    switch (decide(topic, *envelope, *verdict)) {
        case Decision::Deliver:
            return deliver(topic, *envelope);
        case Decision::Keep:
            topic.recovery.keep(
                {.head = std::string(frame0), .payload = std::string(frame1), .time_ns = envelope->receive_time_ns},
                now_());
            return settle(topic);
        case Decision::Drop:
            ++(verdict->sight == Sight::OldEpoch ? counters_.old_epoch : counters_.duplicates);
    }
}

// A kind that this version does not know takes part in the numbering like any other.
std::optional<Verdict> Dispatcher::judge(Topic& topic, const Envelope& envelope) {
    if (envelope.sequence != 0)
        return topic.tracker.on_message({envelope.epoch, envelope.sequence, envelope.replayed()});
    switch (envelope.kind) {
        case v1::KIND_HEARTBEAT:
            return judge_heartbeat(topic, envelope);
        case v1::KIND_END:
            return judge_end(topic, envelope);
        case v1::KIND_DATA:
        case v1::KIND_STATE:
        case v1::KIND_GAP:
            return std::nullopt;
        default:
            return Verdict{};
    }
}

// What it says of the sidecar and the connection counts at once, even if the topic waits for what it has missed.
std::optional<Verdict> Dispatcher::judge_heartbeat(Topic& topic, const Envelope& envelope) {
    v1::Heartbeat beat;
    if (!parse(beat, envelope.payload) || beat.next_sequence() == 0) return std::nullopt;
    const Verdict verdict = topic.tracker.on_heartbeat(envelope.epoch, beat.next_sequence());
    if (verdict.sight == Sight::OldEpoch) return verdict;
    last_heartbeat_ = now_();
    if (topic.is_state) {
        Connection& connection = this->connection(topic.connection);
        connection.heartbeat = last_heartbeat_;
        connection.liveness = beat.liveness();
    }
    return verdict;
}

// Where the end tells the number that would have come next, it proves the tail as a heartbeat does.
std::optional<Verdict> Dispatcher::judge_end(Topic& topic, const Envelope& envelope) {
    v1::End end;
    if (!parse(end, envelope.payload)) return std::nullopt;
    if (end.next_sequence() == 0) return Verdict{};
    return topic.tracker.on_heartbeat(envelope.epoch, end.next_sequence());
}

Decision Dispatcher::decide(Topic& topic, const Envelope& envelope, const Verdict& verdict) {
    Recovery::Means means;
    if (verdict.hole) {
        means.now = now_();
        means.can_replay = replays_.possible(topic.tracker.epoch(), means.now);
    }
    return topic.recovery.on_live(verdict, envelope.receive_time_ns, means);
}

void Dispatcher::on_reply(std::string_view endpoint, std::string_view body) {
    const Time now = now_();
    replays_.heard(endpoint, now);
    v1::Reply reply;
    if (!parse(reply, body)) return on_undecodable();
    Topic* topic = replays_.asker(reply.request_id());
    // Of a replay that was accepted, its messages and its end tell the rest.
    if (topic == nullptr || reply.code() == v1::CODE_OK) return;
    if (reply.code() == v1::CODE_LIMITED) {
        topic->recovery.on_limited(now);
    } else {
        topic->recovery.fail(now);
    }
    settle(*topic);
}

void Dispatcher::on_replayed(std::string_view endpoint, std::string_view frame0, std::string_view frame1) {
    replays_.heard(endpoint, now_());
    const auto envelope = decode(frame0, frame1);
    if (!envelope) return on_undecodable();
    Topic* topic = replays_.asker(envelope->request_id);
    const bool wanted = topic != nullptr && topic->name == envelope->topic && topic->tracker.epoch() == envelope->epoch;
    if (envelope->sequence != 0) {
        if (wanted) return replayed(*topic, *envelope, frame0);
        ++counters_.duplicates;
        return;
    }
    v1::End end;
    if (topic == nullptr || envelope->kind != v1::KIND_END) return;
    if (!parse(end, frame1)) return on_undecodable();
    topic->recovery.on_end(end.code(), now_());
    settle(*topic);
}

void Dispatcher::replayed(Topic& topic, const Envelope& envelope, std::string_view frame0) {
    const std::uint64_t time_ns = envelope.receive_time_ns;
    const Decision decision = topic.recovery.on_replayed(envelope.sequence, time_ns, now_());
    if (decision == Decision::Drop) ++counters_.duplicates;
    if (decision == Decision::Keep)
        topic.recovery.keep_replayed(
            {.head = std::string(frame0), .payload = std::string(envelope.payload), .time_ns = time_ns});
    settle(topic);
    if (decision == Decision::Deliver) deliver(topic, envelope);
}

void Dispatcher::settle(Topic& topic) {
    replays_.settle(topic);
    if (topic.ready || topic.recovery.empty()) return;
    topic.ready = true;
    ready_.push_back(&topic);
}

int Dispatcher::release(int max) {
    int done = 0;
    while (!ready_.empty() && done < max) {
        Topic& topic = *ready_.front();
        const std::optional<Action> action = topic.recovery.next();
        if (!action) {
            ready_.pop_front();
            topic.ready = false;
            replays_.settle(topic);
            continue;
        }
        if (const auto* told = std::get_if<Told>(&*action)) {
            tell(topic, *told);
            continue;
        }
        ++done;
        const Kept& kept = std::get<Kept>(*action);
        if (const auto envelope = decode(kept.head, kept.payload)) deliver(topic, *envelope);
    }
    return done;
}

bool Dispatcher::on_time() {
    if (replays_.idle()) return false;
    const std::uint64_t sent = replays_.sent();
    const std::vector<Topic*> given_up = replays_.on_time(now_());
    for (Topic* topic : given_up)
        settle(*topic);
    return replays_.sent() != sent || !given_up.empty();
}

void Dispatcher::tell(const Topic& topic, const Told& told) {
    Gap gap{.topic = topic.name,
            .connection = topic.connection,
            .channel = topic.channel,
            .cause = told.new_epoch ? GapCause::Epoch : GapCause::Consumer,
            .outcome = told.outcome,
            .from_ns = told.from_ns,
            .to_ns = told.to_ns,
            .detail = {}};
    if (told.hole) {
        gap.first_sequence = told.hole->first;
        gap.last_sequence = told.hole->last;
        gap.count = told.hole->last - told.hole->first + 1;
    }
    ++counters_.gaps;
    if (told.outcome == Outcome::Lost) counters_.lost += gap.count;
    if (callbacks_.on_gap) callbacks_.on_gap(gap);
}

void Dispatcher::deliver(const Topic& topic, const Envelope& envelope) {
    switch (envelope.kind) {
        case v1::KIND_DATA:
            return data(topic, envelope);
        case v1::KIND_STATE:
            return state(topic, envelope);
        case v1::KIND_GAP:
            return gap(topic, envelope);
        case v1::KIND_HEARTBEAT:
            return heartbeat(topic, envelope);
        case v1::KIND_END:
            return end(topic, envelope);
        default:
            if (callbacks_.on_event) callbacks_.on_event(envelope);
    }
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

void Dispatcher::heartbeat(const Topic& topic, const Envelope& envelope) {
    v1::Heartbeat beat;
    if (!parse(beat, envelope.payload)) return on_undecodable();
    const UpDown up_down =
        topic.is_state ? connection(topic.connection).tracker.on_heartbeat(beat.liveness()) : UpDown{};
    if (up_down != UpDown{}) {
        v1::ConnectionEvent event;
        event.set_connection(topic.connection);
        event.set_state(up_down.came_up ? v1::CONNECTION_STATE_CONNECTED : v1::CONNECTION_STATE_DISCONNECTED);
        event.set_detail("learned from a heartbeat: the event itself was lost");
        tell_up_down(up_down, ConnectionChange{topic.name, topic.connection, topic.channel, event,
                                               envelope.receive_time_ns, envelope.session});
    }
    if (callbacks_.on_event) callbacks_.on_event(envelope);
}

void Dispatcher::end(const Topic& topic, const Envelope& envelope) {
    v1::End end;
    if (!parse(end, envelope.payload)) return on_undecodable();
    if (topic.is_state && callbacks_.on_end) callbacks_.on_end(End{topic.name, topic.connection, end.code()});
    if (!topic.is_state && callbacks_.on_event) callbacks_.on_event(envelope);
}

void Dispatcher::tell_up_down(const UpDown& change, const ConnectionChange& told) {
    if (change.went_down && callbacks_.on_disconnect) callbacks_.on_disconnect(told);
    if (change.came_up && callbacks_.on_connect) callbacks_.on_connect(told);
}

Topic& Dispatcher::topic(std::string_view name) {
    if (const auto found = topics_.find(name); found != topics_.end()) return found->second;
    const TopicParts parts = split_topic(name);
    Topic& topic = topics_.try_emplace(std::string(name), limits_, counters_).first->second;
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
