// Numbers, stamps and frames everything that leaves on the stream socket. The rules of sequence, epoch, gap and
// heartbeat are in proto/README.md.
//
// Publishing a message takes no lock and allocates nothing here; its payload is copied once, by the sink, into the
// frame that leaves, or handed over to it if it is large and was put together anyway; the journal holds a reference to
// that frame.
#pragma once

#include "core/histogram.hpp"
#include "core/time.hpp"
#include "fairlead/v1/stream.pb.h"
#include "publish/gap_list.hpp"
#include "publish/journal.hpp"
#include "publish/topic.hpp"
#include "publish/topic_group.hpp"
#include "seam/clock.hpp"
#include "seam/frame_sink.hpp"
#include "seam/transport.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fairlead::publish {

struct PublisherSettings {
    std::uint64_t epoch = 0;
    core::Duration heartbeat_interval = std::chrono::seconds{1};
    JournalSettings journal{};
};

struct PublisherCounters {
    std::uint64_t published = 0;  // stream messages of every kind
    std::uint64_t data = 0;
    std::uint64_t heartbeats = 0;
    std::uint64_t slow_consumer_episodes = 0;                 // times that a consumer's queue became full
    std::uint64_t baselines_refused = 0;                      // of topics for newcomers, beyond the limit
    std::uint64_t last_values = 0;                            // sent again for newcomers
    std::array<std::uint64_t, v1::Kind_ARRAYSIZE> by_kind{};  // of `published`
};

// What can be fetched again of one topic, open or closed.
struct TopicPast {
    Held held;
    const Journal::Past* past = nullptr;  // null = nothing is held
};

// Where a message came from.
struct Origin {
    core::WallTime received;
    std::uint32_t session = 0;
    std::uint32_t leg = 0;
    std::uint64_t venue_sequence = 0;  // the venue's own number of the message; 0 = unknown
};

// Relay thread only. The sink and the clock outlive it.
class Publisher {
public:
    Publisher(seam::FrameSink& sink, const seam::Clock& clock, const PublisherSettings& settings);

    // A group of that connection must not be open.
    TopicGroup& open_group(const std::string& connection, const GroupOptions& options);
    // Tells END on its topics and forgets them, all but their numbers: the connection may come back in this epoch.
    void close_group(TopicGroup& group, v1::EndCode code);

    void data(Topic& topic, const seam::InboundMessage& message, const Origin& origin);
    // STATE and GAP: take a number. Gaps are remembered in gaps().
    void state(Topic& topic, const v1::ConnectionEvent& event, std::uint32_t session);
    void gap(Topic& topic, const v1::Gap& gap, std::uint32_t session);
    // So many messages that were read together have been handed to the sink one after the other; the last of them so
    // long after they were read.
    void note_forwarded(core::Duration latency, std::uint64_t messages) {
        forward_latency_.add_evenly(latency, messages);
    }
    // HEARTBEAT, END and ALERT: take none.
    void heartbeat(Topic& topic, v1::Liveness liveness);
    void end(Topic& topic, v1::EndCode code);
    // On alert/<connection>/, a topic that is never opened.
    void alert(const v1::Alert& alert);

    // To be called once in each heartbeat interval. State topics beat every time; a data topic beats when it has been
    // silent for one interval, then ever more rarely, at least every kMaxBeatInterval.
    void tick();
    // A consumer has subscribed to `prefix`: heartbeats for the topics that match are its baseline, before the last
    // value where the connection is set so.
    void baseline(std::string_view prefix);

    // Empty = no topic of that name has given out a number in this epoch, as far as that is remembered.
    std::optional<TopicPast> past_of(const std::string& topic) const;
    // Null = it is not open.
    const Topic* find(std::string_view topic) const;
    // The first open topic under `prefix` whose name sorts behind `after`; null = there is none.
    const Topic* topic_after(std::string_view prefix, std::string_view after) const;
    // Its last DATA, or STATE of a state topic; null = it is not held.
    static const Journal::Entry* last_of(const Topic& topic);

    // For TopicGroup: where the numbering of a topic begins, or goes on if it was closed earlier in this epoch; then
    // that it is open.
    Numbering claim(const std::string& name);
    void opened(Topic& topic);
    // One more topic, or the bound is reached.
    bool may_open_topic() const { return topics_.size() < kMaxTopics; }

    std::uint64_t epoch() const { return settings_.epoch; }
    const PublisherCounters& counters() const { return counters_; }
    const core::ForwardLatency& forward_latency() const { return forward_latency_; }
    std::size_t topics() const { return topics_.size(); }
    const Journal& journal() const { return journal_; }
    const GapList& gaps() const { return gaps_; }

    static constexpr std::size_t kMaxTopics = 200'000;
    static constexpr std::size_t kMaxRetired = 100'000;
    static constexpr std::size_t kMaxBaseline = 2'000;  // messages for one newcomer, and for all of them in one tick
    static constexpr core::Duration kMaxBeatInterval = std::chrono::seconds{30};

private:
    void send(Topic& topic, v1::Kind kind, std::uint32_t flags, std::uint64_t sequence, const Origin& origin,
              std::string_view payload, std::string* owned);
    void send_event(Topic& topic, v1::Kind kind, std::uint64_t sequence, std::uint32_t session,
                    const google::protobuf::MessageLite& event);
    void tell_outage(Topic& topic, const Origin& origin);
    void beat_if_silent(Topic& topic, std::size_t& budget);
    void greet_newcomer(Topic& topic);
    void send_again(Topic& topic, const Journal::Entry& entry);
    void count(std::uint32_t kind, seam::SinkResult result);
    void retire(Topic& topic);

    seam::FrameSink& sink_;
    const seam::Clock& clock_;
    const PublisherSettings settings_;
    Journal journal_;
    GapList gaps_;
    std::map<std::string, std::unique_ptr<TopicGroup>> groups_;  // by connection
    std::unordered_map<std::string, Numbering> retired_;         // of closed topics, by name
    std::uint64_t retired_floor_ = 1;            // above the numbers of closed topics that are remembered no more
    std::map<std::string_view, Topic*> topics_;  // open, by name
    std::size_t baseline_budget_ = kMaxBaseline;
    PublisherCounters counters_;
    core::ForwardLatency forward_latency_{core::kForwardLatencyBounds};
};

}  // namespace fairlead::publish
