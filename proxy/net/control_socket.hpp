// The control socket: ROUTER, for REQ and DEALER clients. Takes envelopes apart, and puts them back around the reply
// exactly as they came:
//   REQ                [id] [""] [body]
//   REQ + CORRELATE    [id] [4 bytes] [""] [body]
//   DEALER             [id] [body]   or   [id] [""] [body]
#pragma once

#include "core/time.hpp"
#include "net/loop.hpp"
#include "net/socket_file.hpp"
#include "net/zmq.hpp"
#include "seam/reply_stream.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net {

// Relay thread only.
class ControlSocket {
public:
    // To be called once for each request; calls after the socket has gone do nothing.
    using Respond = std::function<void(std::string reply)>;
    // `peer` tells clients apart: the process on Unix sockets, else the ZeroMQ connection. `body` lasts for the call.
    // `stream` is null for REQ clients, who can get one message only.
    using Handler = std::function<void(const std::string& peer, std::string_view body, Respond respond,
                                       std::unique_ptr<seam::ReplyStream> stream)>;

    // Throws std::runtime_error when the endpoint cannot be served.
    ControlSocket(ZmqContext& context, Loop& loop, const std::string& endpoint, unsigned socket_mode);
    ~ControlSocket();

    void on_request(Handler handler) { handler_ = std::move(handler); }
    // To be called once in each turn of the loop: requests that came in while something was sent wake nobody.
    void after_turn();

    std::uint64_t last_epoch() const { return file_.last_epoch(); }
    void keep_epoch(std::uint64_t epoch) { file_.keep_epoch(epoch); }

    // Replies that could not be delivered: the client had gone, or did not read for kReplyTries * kReplyRetry. Without
    // those of streams.
    std::uint64_t undeliverable() const { return undeliverable_; }

    static constexpr std::size_t kMaxFrames = 4;
    static constexpr std::size_t kMaxEnvelopeBytes = 256;  // between the id and the body: sent with every message
    static constexpr int kQueuedMessages = 64;             // for one client; a page has up to 1 MiB
    static constexpr std::size_t kReplyBytesPerTurn = std::size_t{1} << 20;  // and one reply
    // Replies that found their client's queue full, of all clients.
    static constexpr std::size_t kMaxWaiting = 1'000;
    static constexpr std::size_t kMaxWaitingBytes = std::size_t{1} << 20;
    static constexpr core::Duration kReplyRetry = std::chrono::milliseconds{5};
    static constexpr int kReplyTries = 200;
    static constexpr std::int64_t kMaxFrameBytes = std::int64_t{16} << 20;  // above, libzmq drops the client

private:
    struct Envelope {
        std::vector<std::string> frames;  // id and what stands in front of the body
        std::string body;
        std::string peer;
        bool whole = false;
        bool many_replies = false;  // its socket can take more than one
    };
    struct Waiting {
        std::vector<std::string> frames;
        std::string reply;
        int tries = 0;
    };
    class Stream;

    bool receive(Envelope& envelope);
    void receive_requests();
    // Frames in front of the last one.
    seam::ReplyResult send_envelope(const std::vector<std::string>& frames);
    bool send_frame(std::string_view frame, int flags);
    bool send_message(zmq_msg_t& frame);
    seam::ReplyResult send_reply(const std::vector<std::string>& frames, const std::string& reply);
    void send(const std::vector<std::string>& frames, const std::string& reply);
    void wait_for_room(const std::vector<std::string>& frames, const std::string& reply);
    void retry();

    SocketFile file_;  // outlives the socket
    ZmqSocket socket_;
    Loop& loop_;
    Handler handler_;
    std::uint64_t undeliverable_ = 0;
    bool look_ = false;            // a request may have come in without a sign
    std::size_t reply_bytes_ = 0;  // in this turn
    std::deque<Waiting> waiting_;
    std::size_t waiting_bytes_ = 0;
    std::unique_ptr<seam::Timer> retry_;
    // Replies that come after the socket has gone find this empty.
    std::shared_ptr<ControlSocket*> self_;
};

}  // namespace fairlead::net
