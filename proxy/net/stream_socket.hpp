// The stream socket: XPUB, from which every message leaves.
//
// What libzmq does to a consumer whose queue is full is silence: messages are lost to it without an error. Here the
// socket is kept in the mode in which it refuses instead (XPUB_NODROP), and on a refusal the message is sent once in
// the mode in which it does not: nobody waits, the others lose nothing, and each time that a queue became full is
// counted.
#pragma once

#include "net/loop.hpp"
#include "net/socket_file.hpp"
#include "net/zmq.hpp"
#include "seam/frame_sink.hpp"

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
};

// Relay thread only.
class StreamSocket final : public seam::FrameSink {
public:
    // Throws std::runtime_error when an endpoint cannot be served. Consumers can connect, and wait, from here on.
    StreamSocket(ZmqContext& context, Loop& loop, const StreamSettings& settings);

    // Called for each subscription of a consumer, with its prefix.
    void on_subscription(std::function<void(std::string_view prefix)> call) { subscribed_ = std::move(call); }
    // What a consumer that subscribes to it gets first: one frame.
    void set_welcome(std::string_view frame);

    seam::SinkResult send(std::string_view head, std::string_view payload, std::string* owned,
                          seam::KeptFrame* kept) override;
    seam::SinkResult send_again(std::string_view head, const seam::KeptFrame& payload) override;
    // To be called once in each turn of the loop: subscriptions that came in while something was sent wake nobody.
    void after_turn();

    // Distinct prefixes that consumers hold, up to kMaxCountedFilters.
    std::size_t filters() const { return filters_.size(); }
    std::uint64_t last_epoch() const;
    void keep_epoch(std::uint64_t epoch);

    static constexpr std::size_t kMaxCountedFilters = 100'000;

private:
    seam::SinkResult send(std::string_view head, zmq_msg_t& payload);
    bool send_head(std::string_view head);
    void receive_subscriptions();

    std::vector<std::unique_ptr<SocketFile>> files_;  // outlives the socket
    ZmqSocket socket_;
    Loop& loop_;
    std::function<void(std::string_view)> subscribed_;
    std::set<std::string, std::less<>> filters_;
};

}  // namespace fairlead::net
