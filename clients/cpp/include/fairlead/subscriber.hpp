// The stream of one or more sidecars as callbacks: messages in order and without duplicates, connections that come and
// go, and every loss with its cause. What was lost on the way to this process is fetched again where the sidecar still
// holds it. The rules are in proto/README.md.
#pragma once

#include "fairlead/envelope.hpp"
#include "fairlead/v1/stream.pb.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::client {

// A message from the venue. All views last for the callback.
struct Message {
    std::string_view topic{};
    std::string_view connection{};
    std::string_view channel{};  // decoded
    std::string_view payload{};  // untouched
    bool binary = false;
    bool replayed = false;  // sent again: for a newcomer, or fetched because it was lost on the way to here
    std::uint64_t sequence = 0;
    std::uint64_t epoch = 0;
    std::uint64_t receive_time_ns = 0;  // when fairlead had its last byte, since the Unix epoch
    std::uint32_t session = 0;
    std::uint32_t leg = 0;
};

// A change of a connection. Lasts for the callback.
struct ConnectionChange {
    std::string_view topic{};
    std::string_view connection{};
    std::string_view channel{};  // decoded; in-band events only
    const v1::ConnectionEvent& event;
    std::uint64_t receive_time_ns = 0;
    std::uint32_t session = 0;
};

enum class GapCause {
    Unknown,   // of a kind that this version has no name for
    Upstream,  // the connection to the venue was away
    Relay,     // fairlead had to drop
    Consumer,  // lost on the way to this process: it was too slow, or it was reconnecting
    Epoch,     // the sidecar began anew: what came between is unknown
};

enum class Outcome {
    Lost,       // this process will not see them
    Recovered,  // Consumer only: they were fetched again, and on_message has had them, in order
};

// Messages of a topic that were missing. Lasts for the callback.
struct Gap {
    std::string_view topic{};
    std::string_view connection{};
    std::string_view channel{};  // decoded
    GapCause cause = GapCause::Unknown;
    Outcome outcome = Outcome::Lost;
    std::uint64_t first_sequence = 0;  // Consumer, Epoch: the missing numbers, both included; 0 = none is known
    std::uint64_t last_sequence = 0;
    std::uint64_t count = 0;    // how many messages of any kind; Epoch: at least; 0 = unknown
    std::uint64_t from_ns = 0;  // the last moment at which the topic was whole, since the Unix epoch; 0 = unknown
    std::uint64_t to_ns = 0;    // the first moment at which it is whole again
    v1::Cause reason = v1::CAUSE_UNSPECIFIED;  // Upstream: what ended the connection
    std::string_view detail{};
    std::uint64_t venue_sequence_before = 0;  // 0 = unknown
    std::uint64_t venue_sequence_after = 0;
};

// A connection was removed, or its sidecar is shutting down. Lasts for the callback.
struct End {
    std::string_view topic{};
    std::string_view connection{};
    v1::EndCode code = v1::END_CODE_UNSPECIFIED;
};

// Any may be left empty. They are called inside poll() and run(), on that thread, and may call every method but poll(),
// run() and the destructor. An exception thrown by one leaves poll(); the message at hand counts as taken, and fd() is
// readable for the rest.
struct Callbacks {
    std::function<void(const Message&)> on_message{};
    // Exactly once for each time that a connection comes up or goes down, from its state topic alone. When the event
    // itself was lost, the next heartbeat or event of that topic makes up for it; `event.detail` says so then.
    std::function<void(const ConnectionChange&)> on_connect{};
    std::function<void(const ConnectionChange&)> on_disconnect{};
    // Every event of a state topic, before the two above: also connecting, reconnecting, failed, ready.
    std::function<void(const ConnectionChange&)> on_state{};
    // The same events in-band, on each data topic, in order with its messages.
    std::function<void(const ConnectionChange&)> on_topic_event{};
    // Exactly once for each missing number. Lost: in its place, after the message before and before the one behind.
    // Recovered: after the last message of the part that was fetched. A hole of which only a part could be fetched is
    // told in its parts.
    std::function<void(const Gap&)> on_gap{};
    std::function<void(const End&)> on_end{};
    // Each time that a sidecar has been reached.
    std::function<void(const v1::Welcome&)> on_welcome{};
    // Everything else that is in order: heartbeats, alerts, kinds that this version does not know.
    std::function<void(const Envelope&)> on_event{};
};

// Bounds of what is kept while a topic waits for what it has missed. Beyond any of them the topic gives up: what is
// missing is told as lost, and what was kept is delivered.
struct RecoveryLimits {
    std::size_t messages_per_topic = 100'000;
    std::size_t bytes_per_topic = std::size_t{32} << 20;
    std::size_t messages = 400'000;              // of all topics together
    std::size_t bytes = std::size_t{128} << 20;  // of all topics together
    // Without progress for so long a replay is asked for once more, and after as long again given up. In the 30 s after
    // that the topic tells what it misses as lost at once. A control socket to which nothing could be sent yet is not
    // waited for so long: 400 ms, once for all topics of the sidecar, until the stream connects anew.
    std::chrono::milliseconds timeout{2000};
};

struct SubscriberOptions {
    // At least one. Connections of the same name on two of them would be taken for one.
    std::vector<std::string> endpoints = {"ipc:///run/fairlead/stream.sock"};
    // Topics by prefix; end one in '/' to name it exactly ("data/x/BTCUSD/"). The state topics of the connections that
    // the prefixes can match are subscribed as well.
    std::vector<std::string> prefixes = {"data/"};
    // Messages that wait in this process while it does not call poll(); what comes then is lost and told by on_gap.
    // A waiting message costs its size and about 150 bytes. 0 = without bound.
    int receive_high_water_mark = 1'000'000;
    // Fetch again what was lost on the way to here, from the control socket of the sidecar. The topic waits for it, so
    // that its order stays; the other topics go on. At most 8 topics fetch at once, the others in their turn. Without
    // it, and from a sidecar that keeps no journal, every hole is told as lost at once.
    bool recover = true;
    // Where to fetch. Empty = where the sidecar says; otherwise all of them are asked here, so that it serves one
    // sidecar whose control socket has another name in this process.
    std::string control_endpoint{};
    RecoveryLimits recovery{};
    // A ZeroMQ context (zmq_ctx_new) to share, which must outlive the object: needed for inproc:// only.
    void* context = nullptr;
};

struct SubscriberCounters {
    std::uint64_t messages = 0;        // delivered to on_message
    std::uint64_t duplicates = 0;      // dropped; also replayed ones for which the topic waits no more
    std::uint64_t old_epoch = 0;       // dropped
    std::uint64_t gaps = 0;            // of every cause and outcome
    std::uint64_t lost = 0;            // numbers missing in Consumer and Epoch gaps whose outcome is Lost
    std::uint64_t undecodable = 0;     // not of the contract; dropped
    std::uint64_t recovered = 0;       // numbers that were missing and have been fetched, of every kind of message
    std::uint64_t replays = 0;         // asked for, repetitions included
    std::uint64_t replays_failed = 0;  // given up: no answer, a refusal, or a bound of RecoveryLimits
    std::uint64_t buffered = 0;        // messages that wait for what is missing before them, now
    std::uint64_t buffered_bytes = 0;
    std::uint64_t buffered_peak = 0;  // the most messages that waited at once
};

// One thread: whichever calls; no hidden one. Only stop() may be called from elsewhere.
class Subscriber {
public:
    using Options = SubscriberOptions;

    // Connects in the background, now and after every loss, for ever: a sidecar that is not there yet is no error.
    // Throws ClientError.
    Subscriber(const Options& options, Callbacks callbacks);
    ~Subscriber();
    Subscriber(const Subscriber&) = delete;
    Subscriber& operator=(const Subscriber&) = delete;

    // Waits up to `timeout` (negative = without end; at most a year) for something to do, then reads and delivers at
    // most `max_messages` without waiting again. Returns how many it handled (one that had to wait for others counts
    // when it is read and when it is delivered); 0 after a timeout, a signal or stop(); -1 when the shared context has
    // been terminated.
    int poll(std::chrono::milliseconds timeout, int max_messages = 1000);
    // poll() until stop(), or until the shared context is terminated.
    void run();
    // Ends run(), also one that has not begun yet, and wakes poll(). Any thread, any signal handler.
    void stop();

    // For a loop of one's own: readable when there may be work, whether from the stream, a replay, a deadline or
    // stop(); then call poll(0ms) until it returns less than max_messages, also once before waiting for the first time.
    // An epoll descriptor, the same for the life of the object. Never read, change or close it.
    int fd() const;

    // A heartbeat of any connection has come within three intervals. False before the first one.
    bool alive() const;
    // The same for one connection: also LIVENESS_UNSPECIFIED after three intervals without its heartbeat.
    v1::Liveness liveness(std::string_view connection) const;
    const SubscriberCounters& counters() const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::client
