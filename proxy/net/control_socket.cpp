#include "net/control_socket.hpp"

namespace fairlead::net {
namespace {

constexpr int kLingerMs = 500;
constexpr int kRequestsPerTurn = 100;  // market data goes first
constexpr int kHandshakeMs = 5'000;
constexpr int kQueuedReplies = 1'000;  // per client

// "host:uid:gid:pid" of a Unix socket. A process id of 0 is one of another pid namespace and tells nobody apart.
bool names_a_process(std::string_view peer_address) {
    const auto colon = peer_address.rfind(':');
    return colon != std::string_view::npos && colon + 1 < peer_address.size() && peer_address.substr(colon + 1) != "0";
}

}  // namespace

ControlSocket::ControlSocket(ZmqContext& context, Loop& loop, const std::string& endpoint, unsigned socket_mode)
    : file_(endpoint),
      socket_(context, ZMQ_ROUTER, kLingerMs),
      loop_(loop),
      self_(std::make_shared<ControlSocket*>(this)) {
    socket_.set(ZMQ_ROUTER_MANDATORY, 1);
    socket_.set(ZMQ_SNDHWM, kQueuedReplies);
    socket_.set(ZMQ_HANDSHAKE_IVL, kHandshakeMs);
    const std::int64_t most = kMaxFrameBytes;
    zmq_setsockopt(socket_.get(), ZMQ_MAXMSGSIZE, &most, sizeof most);
    socket_.bind(endpoint);
    file_.bound(socket_mode);
    loop_.watch(socket_.descriptor(), [this] { receive_requests(); });
}

ControlSocket::~ControlSocket() {
    *self_ = nullptr;
}

void ControlSocket::after_turn() {
    if (socket_.events() & ZMQ_POLLIN) receive_requests();
}

// Takes one message off the socket, whatever it is. False = there is none.
bool ControlSocket::receive(Envelope& envelope) {
    ZmqMessage frame;
    if (!frame.receive(socket_)) return false;
    envelope.frames.emplace_back(frame.view());
    std::size_t count = 1;
    while (frame.more()) {
        if (!frame.receive(socket_)) return false;
        ++count;
        if (count > kMaxFrames) continue;  // read to its end, kept no further
        if (frame.more()) {
            envelope.frames.emplace_back(frame.view());
            continue;
        }
        envelope.body = frame.view();
        const auto address = frame.property("Peer-Address");
        envelope.peer = file_.is_unix() && names_a_process(address) ? address : envelope.frames.front();
        envelope.whole = true;
    }
    return true;
}

void ControlSocket::receive_requests() {
    for (int count = 0; count < kRequestsPerTurn; ++count) {
        Envelope envelope;
        if (!receive(envelope)) return;
        // What is not an envelope still gets an answer: an empty body is no request.
        if (!envelope.whole && envelope.frames.size() > 2) envelope.frames.resize(2);
        handler_(envelope.peer, envelope.body,
                 [self = self_, frames = std::move(envelope.frames)](const std::string& reply) {
                     if (*self) (*self)->send(frames, reply);
                 });
    }
    loop_.turn_again();
}

void ControlSocket::send(const std::vector<std::string>& frames, const std::string& reply) {
    for (const auto& frame : frames) {
        if (zmq_send(socket_.get(), frame.data(), frame.size(), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) {
            ++undeliverable_;
            return;
        }
    }
    if (zmq_send(socket_.get(), reply.data(), reply.size(), ZMQ_DONTWAIT) < 0) ++undeliverable_;
}

}  // namespace fairlead::net
