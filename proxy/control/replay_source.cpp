#include "control/replay_source.hpp"

#include "core/topic.hpp"
#include "publish/header.hpp"
#include "publish/topic_group.hpp"

#include <utility>

namespace fairlead::control {

using seam::ReplyResult;

void make_replayed_head(std::string_view topic, const publish::Journal::Entry& entry, std::uint64_t request_id,
                        std::string& head) {
    publish::HeaderFields header = entry.header;
    header.flags |= v1::FLAG_REPLAYED;
    header.request_id = request_id;
    publish::make_head(topic, header, head);
}

ReplyResult ReplaySource::send_again(seam::ReplyStream& out, std::string_view topic,
                                     const publish::Journal::Entry& entry) {
    make_replayed_head(topic, entry, request_id_, head_);
    const ReplyResult result = out.message(head_, entry.payload);
    if (result == ReplyResult::Sent) ++messages_;
    return result;
}

ReplyResult ReplaySource::send_event(seam::ReplyStream& out, std::string_view topic, v1::Kind kind,
                                     const google::protobuf::MessageLite& event) {
    const auto now = past_.clock.wall().time_since_epoch().count();
    publish::make_head(topic,
                       {.kind = static_cast<std::uint32_t>(kind),
                        .epoch = past_.publisher.epoch(),
                        .receive_time_ns = static_cast<std::uint64_t>(now),
                        .request_id = request_id_},
                       head_);
    return out.message(head_, std::string_view(event.SerializeAsString()));
}

ReplyResult ReplaySource::send_end(seam::ReplyStream& out, std::string_view topic, v1::EndCode code,
                                   const publish::Held& held) {
    v1::End end;
    end.set_code(code);
    end.set_next_sequence(held.next);
    end.set_oldest_sequence(held.oldest);
    const ReplyResult result = send_event(out, topic, v1::KIND_END, end);
    done_ = result == ReplyResult::Sent;
    return result;
}

TopicReplay::TopicReplay(const Past& past, std::uint64_t request_id, std::string topic, const ReplayCursor& cursor,
                         bool epoch_changed)
    : ReplaySource(past, request_id), topic_(std::move(topic)), cursor_(cursor), epoch_changed_(epoch_changed) {}

ReplyResult TopicReplay::send_next(seam::ReplyStream& out) {
    const publish::TopicPast now = past_.publisher.past_of(topic_).value_or(publish::TopicPast{});
    if (epoch_changed_) return send_end(out, topic_, v1::END_CODE_EPOCH_CHANGED, now.held);
    const auto number = cursor_.next(now.held);
    if (!number) return send_end(out, topic_, cursor_.code(), now.held);
    const ReplyResult result = send_again(out, topic_, *now.past->find(*number));
    if (result == ReplyResult::Sent) cursor_.advance();
    return result;
}

ReplyResult TopicReplay::cut_off(seam::ReplyStream& out) {
    const publish::TopicPast now = past_.publisher.past_of(topic_).value_or(publish::TopicPast{});
    return send_end(out, topic_, v1::END_CODE_SHUTDOWN, now.held);
}

SnapshotReplay::SnapshotReplay(const Past& past, std::uint64_t request_id, TopicWalk walk)
    : ReplaySource(past, request_id), walk_(std::move(walk)) {}

ReplyResult SnapshotReplay::send_next(seam::ReplyStream& out) {
    if (beat_due_) {
        beat_due_ = false;
        if (const publish::Topic* topic = past_.publisher.find(at_)) return send_beat(out, *topic);
    }
    const publish::Topic* topic = walk_.next(past_.publisher, at_);
    if (!topic) return send_end(out, core::system_topic(), v1::END_CODE_OK, {.oldest = 0, .next = 0});
    const publish::Journal::Entry* last = publish::Publisher::last_of(*topic);
    if (!last) return send_beat(out, *topic);
    const ReplyResult result = send_again(out, topic->name, *last);
    if (result == ReplyResult::Sent) {
        at_ = topic->name;
        beat_due_ = true;
    }
    return result;
}

ReplyResult SnapshotReplay::cut_off(seam::ReplyStream& out) {
    return send_end(out, core::system_topic(), v1::END_CODE_SHUTDOWN, {.oldest = 0, .next = 0});
}

ReplyResult SnapshotReplay::send_beat(seam::ReplyStream& out, const publish::Topic& topic) {
    v1::Heartbeat beat;
    beat.set_next_sequence(topic.next_sequence);
    beat.set_liveness(topic.group.liveness_of(topic));
    const ReplyResult result = send_event(out, topic.name, v1::KIND_HEARTBEAT, beat);
    if (result == ReplyResult::Sent)
        at_ = topic.name;
    else
        beat_due_ = at_ == topic.name;
    return result;
}

}  // namespace fairlead::control
