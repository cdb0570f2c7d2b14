#include "control/replay_streams.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::control {

using seam::ReplyResult;

ReplayStreams::ReplayStreams(const seam::Clock& clock, seam::Timers& timers)
    : clock_(clock), retry_(timers.create([this] { unpark(); })) {}

ReplayStreams::Seen ReplayStreams::look(const Asker& asker) {
    for (const auto& stream : streams_) {
        const Asker& first = stream->asker;
        if (first.request_id != asker.request_id || first.out->connection() != asker.out->connection()) continue;
        if (first.body_hash != asker.body_hash) return Seen::OtherRequest;
        // One that cannot be sent now is asked for again.
        if (stream->replied) asker.out->reply(stream->reply);
        return Seen::Repeated;
    }
    return Seen::New;
}

bool ReplayStreams::has_room(const std::string& peer) const {
    const auto of_peer =
        std::ranges::count_if(streams_, [&](const auto& stream) { return stream->asker.peer == peer; });
    return streams_.size() < kMaxStreams && static_cast<std::size_t>(of_peer) < kMaxOfPeer;
}

void ReplayStreams::begin(Asker asker, std::string reply, std::unique_ptr<ReplaySource> source) {
    auto stream = std::make_unique<Stream>();
    stream->asker = std::move(asker);
    stream->reply = std::move(reply);
    stream->source = std::move(source);
    if (step(*stream)) streams_.push_back(std::move(stream));
}

bool ReplayStreams::advance() {
    std::size_t waiting = 0;  // streams in a row that had nothing to do
    for (std::size_t sent = 0; sent < kMessagesPerTurn && waiting < streams_.size();) {
        if (turn_ >= streams_.size()) turn_ = 0;
        if (streams_[turn_]->parked) {
            ++turn_;
            ++waiting;
            continue;
        }
        waiting = 0;
        ++sent;
        if (step(*streams_[turn_]))
            ++turn_;
        else
            streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(turn_));
    }
    return has_runnable();
}

bool ReplayStreams::has_runnable() const {
    return std::ranges::any_of(streams_, [](const auto& stream) { return !stream->parked; });
}

void ReplayStreams::shut_down() {
    for (const auto& stream : streams_) {
        seam::ReplyStream& out = *stream->asker.out;
        const bool replied = stream->replied || out.reply(stream->reply) == ReplyResult::Sent;
        if (!replied || stream->source->cut_off(out) != ReplyResult::Sent) ++abandoned_;
    }
    streams_.clear();
}

bool ReplayStreams::step(Stream& stream) {
    const std::uint64_t before = stream.source->messages();
    const ReplyResult result =
        stream.replied ? stream.source->send_next(*stream.asker.out) : stream.asker.out->reply(stream.reply);
    messages_ += stream.source->messages() - before;
    switch (result) {
        case ReplyResult::Sent:
            stream.replied = true;
            stream.full_since.reset();
            return !stream.source->done();
        case ReplyResult::Full:
            if (!stream.full_since) stream.full_since = clock_.now();
            if (clock_.now() - *stream.full_since < kPatience) {
                park(stream);
                return true;
            }
            break;
        case ReplyResult::Gone:
            break;
    }
    ++abandoned_;
    return false;
}

void ReplayStreams::park(Stream& stream) {
    stream.parked = true;
    if (std::exchange(retry_armed_, true)) return;
    retry_->arm(clock_.now() + kRetry);
}

void ReplayStreams::unpark() {
    retry_armed_ = false;
    for (const auto& stream : streams_)
        stream->parked = false;
}

}  // namespace fairlead::control
