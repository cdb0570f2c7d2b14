#include "control/recovery.hpp"

#include "publish/topic_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::control {
namespace {

// How much one page holds.
class Room {
public:
    explicit Room(std::uint32_t wanted)
        : messages_(wanted == 0 ? Recovery::kMaxPageMessages
                                : std::min<std::size_t>(wanted, Recovery::kMaxPageMessages)) {}

    // The first one always has room.
    bool take(std::size_t bytes) {
        const bool fits = taken_ == 0 || (taken_ < messages_ && bytes_ + bytes <= Recovery::kMaxPageBytes);
        if (!fits) return false;
        ++taken_;
        bytes_ += bytes;
        return true;
    }

private:
    const std::size_t messages_;
    std::size_t taken_ = 0;
    std::size_t bytes_ = 0;
};

void put(std::string_view topic, const publish::Journal::Entry& entry, std::uint64_t request_id,
         v1::StreamMessage& message) {
    make_replayed_head(topic, entry, request_id, *message.mutable_head());
    message.set_payload(entry.payload.view().data(), entry.payload.view().size());
}

// Of a message in a page, at most.
std::size_t bytes_of(std::string_view topic, const publish::Journal::Entry& entry) {
    constexpr std::size_t kFraming = 32;
    return topic.size() + 1 + publish::kMaxHeaderBytes + entry.payload.view().size() + kFraming;
}

TopicWalk walk_of(const v1::Snapshot& command) {
    return TopicWalk({command.prefixes().begin(), command.prefixes().end()});
}

}  // namespace

Recovery::Recovery(const publish::Publisher& publisher, const seam::Clock& clock, seam::Timers& timers)
    : past_{publisher, clock}, streams_(clock, timers) {}

bool Recovery::is_other_epoch(const v1::Replay& command) const {
    return command.epoch() != 0 && command.epoch() != past_.publisher.epoch();
}

relay::Outcome Recovery::check(const v1::Replay& command) const {
    if (command.topic().empty()) return {v1::CODE_INVALID, "a replay names one topic"};
    if (command.to() != 0 && command.from() > command.to())
        return {v1::CODE_INVALID, "`from` is behind `to`: both are included"};
    if (!is_other_epoch(command) && !past_.publisher.past_of(command.topic()))
        return {v1::CODE_NOT_FOUND, fmt::format("no topic `{}`: `snapshot` lists them", command.topic())};
    return {};
}

relay::Outcome Recovery::check(const v1::Snapshot& command) {
    if (command.prefixes_size() > kMaxPrefixes)
        return {v1::CODE_INVALID, fmt::format("a snapshot has at most {} prefixes", kMaxPrefixes)};
    return {};
}

relay::Outcome Recovery::page(const v1::Replay& command, std::uint64_t request_id, v1::ReplayResult& result) {
    ++asked_;
    if (auto wrong = check(command); wrong.code != v1::CODE_OK) return wrong;
    const publish::TopicPast now = past_.publisher.past_of(command.topic()).value_or(publish::TopicPast{});
    result.set_epoch(past_.publisher.epoch());
    result.set_oldest_sequence(now.held.oldest);
    result.set_next_sequence(now.held.next);
    result.set_code(v1::END_CODE_EPOCH_CHANGED);
    if (is_other_epoch(command)) return {};
    ReplayCursor cursor(command.from(), command.to(), now.held);
    Room room(command.max_messages());
    while (const auto number = cursor.next(now.held)) {
        const publish::Journal::Entry& entry = *now.past->find(*number);
        if (!room.take(bytes_of(command.topic(), entry))) {
            result.set_next_from(*number);
            break;
        }
        put(command.topic(), entry, request_id, *result.add_messages());
        ++paged_messages_;
        cursor.advance();
    }
    result.set_code(cursor.code());
    return {};
}

relay::Outcome Recovery::page(const v1::Snapshot& command, std::uint64_t request_id, v1::SnapshotResult& result) {
    ++asked_;
    if (auto wrong = check(command); wrong.code != v1::CODE_OK) return wrong;
    result.set_epoch(past_.publisher.epoch());
    const TopicWalk walk = walk_of(command);
    Room room(command.max_topics());
    const publish::Topic* topic = walk.next(past_.publisher, command.after());
    for (; topic; topic = walk.next(past_.publisher, topic->name)) {
        const publish::Journal::Entry* last = publish::Publisher::last_of(*topic);
        if (!room.take(topic->name.size() + 64 + (last ? bytes_of(topic->name, *last) : 0))) {
            result.set_after(result.topics(result.topics_size() - 1).topic());
            break;
        }
        v1::TopicSnapshot& snapshot = *result.add_topics();
        snapshot.set_topic(topic->name);
        snapshot.set_next_sequence(topic->next_sequence);
        snapshot.set_oldest_sequence(topic->past ? topic->past->oldest() : 0);
        if (!last) continue;
        put(topic->name, *last, request_id, *snapshot.mutable_last());
        ++paged_messages_;
    }
    return {};
}

relay::Outcome Recovery::list(const v1::ListGaps& command, v1::Gaps& gaps) const {
    const std::size_t matches = past_.publisher.gaps().select(
        {.connection = command.connection(), .prefix = command.prefix(), .since_ns = command.since_ns()}, gaps);
    const auto listed = static_cast<std::size_t>(gaps.gaps_size());
    if (listed == matches) return {};
    return {v1::CODE_OK, fmt::format("the newest {} of {}: a reply has no room for more", listed, matches)};
}

bool Recovery::wants_stream(const v1::Request& request) {
    return (request.has_replay() && request.replay().stream()) ||
           (request.has_snapshot() && request.snapshot().stream());
}

relay::Outcome Recovery::stream(const v1::Request& request, ReplayStreams::Asker asker, const Encode& encode) {
    if (asker.request_id == 0)
        return {v1::CODE_INVALID, "a stream needs a request_id that is not 0: its messages carry it"};
    if (!asker.out) return {v1::CODE_INVALID, "a stream needs a DEALER: a REQ gets one message, so ask for pages"};
    switch (streams_.look(asker)) {
        case ReplayStreams::Seen::New:
            break;
        case ReplayStreams::Seen::Repeated:
            return {};
        case ReplayStreams::Seen::OtherRequest:
            return {v1::CODE_INVALID, "another stream with this request_id is under way"};
    }
    ++asked_;
    auto wrong = request.has_replay() ? check(request.replay()) : check(request.snapshot());
    if (wrong.code != v1::CODE_OK) return wrong;
    if (!streams_.has_room(asker.peer)) {
        ++refused_;
        return {v1::CODE_LIMITED,
                fmt::format("at most {} streams at once, {} for one client: ask again when one has ended",
                            ReplayStreams::kMaxStreams, ReplayStreams::kMaxOfPeer)};
    }
    v1::Reply reply;
    std::unique_ptr<ReplaySource> made;
    if (request.has_replay()) {
        made = source(request.replay(), asker.request_id, *reply.mutable_replay());
    } else {
        reply.mutable_snapshot()->set_epoch(past_.publisher.epoch());
        made = std::make_unique<SnapshotReplay>(past_, asker.request_id, walk_of(request.snapshot()));
    }
    streams_.begin(std::move(asker), encode(reply), std::move(made));
    return {};
}

std::unique_ptr<ReplaySource> Recovery::source(const v1::Replay& command, std::uint64_t request_id,
                                               v1::ReplayResult& result) {
    const publish::TopicPast now = past_.publisher.past_of(command.topic()).value_or(publish::TopicPast{});
    ReplayCursor cursor(command.from(), command.to(), now.held);
    cursor.next(now.held);  // its code tells what is missing already
    result.set_code(is_other_epoch(command) ? v1::END_CODE_EPOCH_CHANGED : cursor.code());
    result.set_epoch(past_.publisher.epoch());
    result.set_oldest_sequence(now.held.oldest);
    result.set_next_sequence(now.held.next);
    return std::make_unique<TopicReplay>(past_, request_id, command.topic(), cursor, is_other_epoch(command));
}

void Recovery::describe(v1::Status& status) const {
    const publish::JournalCounters& journal = past_.publisher.journal().counters();
    status.set_journal_messages(journal.messages);
    status.set_journal_bytes(journal.bytes);
    status.set_journal_evicted(journal.evicted);
    status.set_replays_active(static_cast<std::uint32_t>(streams_.active()));
    status.set_replays(asked_);
    status.set_replays_refused(refused_);
    status.set_replays_abandoned(streams_.abandoned());
    status.set_replayed_messages(paged_messages_ + streams_.messages());
    status.set_gaps(past_.publisher.gaps().told());
}

}  // namespace fairlead::control
