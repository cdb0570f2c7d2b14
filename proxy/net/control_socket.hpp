// The control socket: ROUTER, for REQ and DEALER clients. Takes envelopes apart, and puts them back around the reply
// exactly as they came:
//   REQ                [id] [""] [body]
//   REQ + CORRELATE    [id] [4 bytes] [""] [body]
//   DEALER             [id] [body]   or   [id] [""] [body]
#pragma once

#include "net/loop.hpp"
#include "net/socket_file.hpp"
#include "net/zmq.hpp"
#include "seam/reply_stream.hpp"

#include <cstdint>
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
    void after_turn();

    std::uint64_t last_epoch() const { return file_.last_epoch(); }
    void keep_epoch(std::uint64_t epoch) { file_.keep_epoch(epoch); }

    // Replies that could not be delivered: the client had gone, or did not read. Without those of streams.
    std::uint64_t undeliverable() const { return undeliverable_; }

    static constexpr std::size_t kMaxFrames = 4;
    static constexpr std::int64_t kMaxFrameBytes = std::int64_t{16} << 20;  // above, libzmq drops the client

private:
    struct Envelope {
        std::vector<std::string> frames;  // id and what stands in front of the body
        std::string body;
        std::string peer;
        bool whole = false;
        bool many_replies = false;  // its socket can take more than one
    };
    class Stream;

    bool receive(Envelope& envelope);
    void receive_requests();
    // Frames in front of the last one.
    seam::ReplyResult send_envelope(const std::vector<std::string>& frames);
    bool send_frame(std::string_view frame, int flags);
    void send(const std::vector<std::string>& frames, const std::string& reply);

    SocketFile file_;  // outlives the socket
    ZmqSocket socket_;
    Loop& loop_;
    Handler handler_;
    std::uint64_t undeliverable_ = 0;
    // Replies that come after the socket has gone find this empty.
    std::shared_ptr<ControlSocket*> self_;
};

}  // namespace fairlead::net
