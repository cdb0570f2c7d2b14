// The stream socket: XPUB, from which every message leaves.
//
// What libzmq does to a consumer whose queue is full is silence: messages are lost to it without an error. Here the
// socket is kept in the mode in which it refuses instead (XPUB_NODROP), and on a refusal the message is sent once in
// the mode in which it does not: nobody waits, the others lose nothing, and each time that a queue became full is
// counted.
#pragma once

#include "core/time.hpp"
#include "net/consumer_monitor.hpp"
#include "net/loop.hpp"
#include "net/socket_file.hpp"
#include "net/writer_thread.hpp"
#include "net/zmq.hpp"
#include "seam/frame_sink.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net {

struct StreamSettings {
    std::vector<std::string> endpoints;
    int high_water_mark = 0;
    unsigned socket_mode = 0660;
    bool disconnect_slow_consumers = false;
    core::Duration slow_after = std::chrono::seconds{5};  // without an answer to pings; 100 ms at least
};

// Relay thread only.
class StreamSocket final : public seam::FrameSink {
public:
    // Takes the endpoints' files; throws std::runtime_error when one cannot be served.
    StreamSocket(ZmqContext& context, Loop& loop, const StreamSettings& settings);

    // Called for each subscription of a consumer, with its prefix.
    void on_subscription(std::function<void(std::string_view prefix)> call) { subscribed_ = std::move(call); }
    // Called when the first consumer has subscribed to a prefix, and when the last one has gone.
    void on_demand(std::function<void(std::string_view prefix, bool wanted)> call) { demanded_ = std::move(call); }
    // What a consumer that subscribes to it gets first: one frame. To be called before bind(), or the first may miss
    // it.
    void set_welcome(std::string_view frame);
    // To be called once. Consumers can connect, and wait, from here on. Throws std::runtime_error when an endpoint
    // cannot be served.
    void bind();

    seam::SinkResult send(std::string_view head, std::string_view payload, std::string* owned,
                          seam::KeptFrame* kept) override;
    seam::SinkResult send_again(std::string_view head, const seam::KeptFrame& payload) override;
    // To be called once in each turn of the loop: subscriptions that came in while something was sent wake nobody. They
    // are looked for at once where nothing was sent for kLookInterval, so that a lone message costs one look and a
    // stream of them few; a timer looks when the loop has nothing more to do.
    void after_turn();

    // Distinct prefixes that consumers hold, up to kMaxCountedFilters.
    std::size_t filters() const { return filters_.size(); }
    // Who has connected, and who has left. Costs a message nothing.
    const ConsumerList& consumers() const { return consumers_.list(); }
    std::uint64_t last_epoch() const;
    void keep_epoch(std::uint64_t epoch);

    static constexpr std::size_t kMaxCountedFilters = 100'000;
    static constexpr core::Duration kLookInterval = std::chrono::milliseconds{2};
    static constexpr core::Duration kLookAtLast = std::chrono::milliseconds{20};  // after a send

private:
    seam::SinkResult send(std::string_view head, zmq_msg_t& payload);
    bool send_head(std::string_view head);
    void look(core::SteadyTime now);
    void receive_subscriptions();

    const StreamSettings settings_;
    std::vector<std::unique_ptr<SocketFile>> files_;  // outlives the socket
    ZmqSocket socket_;
    Loop& loop_;
    WriterThread writer_;
    ConsumerMonitor consumers_;
    std::function<void(std::string_view)> subscribed_;
    std::function<void(std::string_view, bool)> demanded_;
    std::set<std::string, std::less<>> filters_;
    bool unseen_ = false;  // a subscription may have come in without a sign
    bool more_ = false;    // there are more than the last turn has taken
    core::SteadyTime next_look_{};
    std::unique_ptr<seam::Timer> last_look_;
    bool last_look_armed_ = false;
};

}  // namespace fairlead::net
