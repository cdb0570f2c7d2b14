// What a stream on the control socket consists of: one message after the other, taken from the journal when its turn
// comes, and END.
#pragma once

#include "control/replay_cursor.hpp"
#include "control/topic_walk.hpp"
#include "publish/publisher.hpp"
#include "seam/clock.hpp"
#include "seam/reply_stream.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::control {

// What every source needs; outlives it.
struct Past {
    const publish::Publisher& publisher;
    const seam::Clock& clock;
};

// Relay thread only.
class ReplaySource {
public:
    virtual ~ReplaySource() = default;
    // Sends the next message, or END. What was not Sent is tried again by the next call, as things are then.
    virtual seam::ReplyResult send_next(seam::ReplyStream& out) = 0;
    // Sends END with SHUTDOWN: the rest will not come.
    virtual seam::ReplyResult cut_off(seam::ReplyStream& out) = 0;
    // END has been sent.
    bool done() const { return done_; }
    std::uint64_t messages() const { return messages_; }  // that were sent again

protected:
    ReplaySource(const Past& past, std::uint64_t request_id) : past_(past), request_id_(request_id) {}

    seam::ReplyResult send_again(seam::ReplyStream& out, std::string_view topic, const publish::Journal::Entry& entry);
    seam::ReplyResult send_event(seam::ReplyStream& out, std::string_view topic, v1::Kind kind,
                                 const google::protobuf::MessageLite& event);
    seam::ReplyResult send_end(seam::ReplyStream& out, std::string_view topic, v1::EndCode code,
                               const publish::Held& held);

    const Past past_;

private:
    const std::uint64_t request_id_;
    std::uint64_t messages_ = 0;
    bool done_ = false;
    std::string head_;
};

// A part of one topic. Of another epoch than the present one nothing is left: only END comes.
class TopicReplay final : public ReplaySource {
public:
    TopicReplay(const Past& past, std::uint64_t request_id, std::string topic, const ReplayCursor& cursor,
                bool epoch_changed);
    seam::ReplyResult send_next(seam::ReplyStream& out) override;
    seam::ReplyResult cut_off(seam::ReplyStream& out) override;

private:
    const std::string topic_;
    ReplayCursor cursor_;
    const bool epoch_changed_;
};

// Of each topic the last message, if it is held, and a heartbeat.
class SnapshotReplay final : public ReplaySource {
public:
    SnapshotReplay(const Past& past, std::uint64_t request_id, TopicWalk walk);
    seam::ReplyResult send_next(seam::ReplyStream& out) override;
    seam::ReplyResult cut_off(seam::ReplyStream& out) override;

private:
    seam::ReplyResult send_beat(seam::ReplyStream& out, const publish::Topic& topic);

    const TopicWalk walk_;
    std::string at_;         // the topic that is told now, or was last
    bool beat_due_ = false;  // its last message has been sent
};

// Frame 0 of a message that is sent again.
void make_replayed_head(std::string_view topic, const publish::Journal::Entry& entry, std::uint64_t request_id,
                        std::string& head);

}  // namespace fairlead::control
