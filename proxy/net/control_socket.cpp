#include "net/control_socket.hpp"

#include <cerrno>

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

class ControlSocket::Stream final : public seam::ReplyStream {
public:
    Stream(std::shared_ptr<ControlSocket*> socket, std::vector<std::string> frames)
        : socket_(std::move(socket)), frames_(std::move(frames)) {}

    std::string_view connection() const override { return frames_.front(); }
    seam::ReplyResult reply(std::string_view body) override {
        const auto begun = begin();
        if (begun != seam::ReplyResult::Sent) return begun;
        return result((*socket_)->send_frame(body, 0));
    }
    seam::ReplyResult message(std::string_view head, std::string_view payload) override {
        const auto begun = begin();
        if (begun != seam::ReplyResult::Sent) return begun;
        return result((*socket_)->send_frame(head, ZMQ_SNDMORE) && (*socket_)->send_frame(payload, 0));
    }
    seam::ReplyResult message(std::string_view head, const seam::KeptFrame& payload) override {
        const auto begun = begin();
        if (begun != seam::ReplyResult::Sent) return begun;
        zmq_msg_t frame;
        if (!(*socket_)->send_frame(head, ZMQ_SNDMORE)) return seam::ReplyResult::Gone;
        make_message(frame, payload);
        const bool sent = zmq_msg_send(&frame, (*socket_)->socket_.get(), ZMQ_DONTWAIT) >= 0;
        if (!sent) zmq_msg_close(&frame);
        return result(sent);
    }

private:
    seam::ReplyResult begin() { return *socket_ ? (*socket_)->send_envelope(frames_) : seam::ReplyResult::Gone; }
    static seam::ReplyResult result(bool sent) { return sent ? seam::ReplyResult::Sent : seam::ReplyResult::Gone; }

    const std::shared_ptr<ControlSocket*> socket_;
    const std::vector<std::string> frames_;
};

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
        envelope.many_replies = frame.property("Socket-Type") != "REQ";
    }
    return true;
}

void ControlSocket::receive_requests() {
    for (int count = 0; count < kRequestsPerTurn; ++count) {
        Envelope envelope;
        if (!receive(envelope)) return;
        // What is not an envelope still gets an answer: an empty body is no request.
        if (!envelope.whole && envelope.frames.size() > 2) envelope.frames.resize(2);
        auto stream = envelope.many_replies ? std::make_unique<Stream>(self_, envelope.frames) : nullptr;
        handler_(
            envelope.peer, envelope.body,
            [self = self_, frames = std::move(envelope.frames)](const std::string& reply) {
                if (*self) (*self)->send(frames, reply);
            },
            std::move(stream));
    }
    loop_.turn_again();
}

void ControlSocket::send(const std::vector<std::string>& frames, const std::string& reply) {
    if (send_envelope(frames) != seam::ReplyResult::Sent || !send_frame(reply, 0)) ++undeliverable_;
}

seam::ReplyResult ControlSocket::send_envelope(const std::vector<std::string>& frames) {
    // Only the first frame can be refused: it names the client, whose queue is judged by whole messages.
    for (const auto& frame : frames) {
        if (!send_frame(frame, ZMQ_SNDMORE))
            return zmq_errno() == EAGAIN ? seam::ReplyResult::Full : seam::ReplyResult::Gone;
    }
    return seam::ReplyResult::Sent;
}

bool ControlSocket::send_frame(std::string_view frame, int flags) {
    return zmq_send(socket_.get(), frame.data(), frame.size(), flags | ZMQ_DONTWAIT) >= 0;
}

}  // namespace fairlead::net
