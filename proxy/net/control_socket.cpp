#include "net/control_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

namespace fairlead::net {
namespace {

constexpr int kLingerMs = 500;
constexpr int kRequestsPerTurn = 100;  // market data goes first
constexpr int kHandshakeMs = 5'000;

// "host:uid:gid:pid" of a Unix socket. A process id of 0 is one of another pid namespace and tells nobody apart.
bool names_a_process(std::string_view peer_address) {
    const auto colon = peer_address.rfind(':');
    return colon != std::string_view::npos && colon + 1 < peer_address.size() && peer_address.substr(colon + 1) != "0";
}

core::SteadyTime now() {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
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
        return result((*socket_)->send_message(frame));
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
      retry_(loop.create([this] { retry(); })),
      self_(std::make_shared<ControlSocket*>(this)) {
    socket_.set(ZMQ_ROUTER_MANDATORY, 1);
    socket_.set(ZMQ_SNDHWM, kQueuedMessages);
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
    if (std::exchange(look_, false) && (socket_.events() & ZMQ_POLLIN) != 0) receive_requests();
    reply_bytes_ = 0;
}

// Takes one message off the socket, whatever it is. False = there is none.
bool ControlSocket::receive(Envelope& envelope) {
    ZmqMessage frame;
    if (!frame.receive(socket_)) return false;
    envelope.frames.emplace_back(frame.view());
    std::size_t bytes = 0;
    bool fits = true;
    while (frame.more()) {
        if (!frame.receive(socket_)) return false;
        if (frame.more()) {
            bytes += frame.view().size();
            fits = fits && envelope.frames.size() + 1 < kMaxFrames && bytes <= kMaxEnvelopeBytes;
            if (fits) envelope.frames.emplace_back(frame.view());
            continue;  // read to its end, kept no further
        }
        if (!fits) break;
        envelope.body = frame.view();
        const auto address = frame.property("Peer-Address");
        envelope.peer = file_.is_unix() && names_a_process(address) ? address : envelope.frames.front();
        envelope.whole = true;
        envelope.many_replies = frame.property("Socket-Type") != "REQ";
    }
    // What is not an envelope still gets an answer: an empty body is no request.
    if (!envelope.whole && envelope.frames.size() > 2) envelope.frames.resize(2);
    return true;
}

void ControlSocket::receive_requests() {
    for (int count = 0; count < kRequestsPerTurn && reply_bytes_ < kReplyBytesPerTurn; ++count) {
        Envelope envelope;
        if (!receive(envelope)) {
            look_ = false;
            return;
        }
        auto stream = envelope.many_replies ? std::make_unique<Stream>(self_, envelope.frames) : nullptr;
        handler_(
            envelope.peer, envelope.body,
            [self = self_, frames = std::move(envelope.frames)](const std::string& reply) {
                if (*self) (*self)->send(frames, reply);
            },
            std::move(stream));
    }
    look_ = true;
    loop_.turn_again();
}

void ControlSocket::send(const std::vector<std::string>& frames, const std::string& reply) {
    reply_bytes_ += reply.size();
    // Not past those that wait already.
    const auto is_of_client = [&frames](const Waiting& waiting) { return waiting.frames.front() == frames.front(); };
    if (std::ranges::any_of(waiting_, is_of_client)) return wait_for_room(frames, reply);
    const auto result = send_reply(frames, reply);
    if (result == seam::ReplyResult::Full) return wait_for_room(frames, reply);
    if (result == seam::ReplyResult::Gone) ++undeliverable_;
}

// A client that sends many requests at once may be reading all the same.
void ControlSocket::wait_for_room(const std::vector<std::string>& frames, const std::string& reply) {
    if (waiting_.size() == kMaxWaiting || waiting_bytes_ + reply.size() > kMaxWaitingBytes) {
        ++undeliverable_;
        return;
    }
    if (waiting_.empty()) retry_->arm(now() + kReplyRetry);
    waiting_.push_back({.frames = frames, .reply = reply});
    waiting_bytes_ += reply.size();
}

void ControlSocket::retry() {
    std::set<std::string> full;  // clients that are not tried again in this pass
    for (std::size_t left = waiting_.size(); left > 0; --left) {
        Waiting waiting = std::move(waiting_.front());
        waiting_.pop_front();
        const std::string& client = waiting.frames.front();
        const auto result = full.contains(client) ? seam::ReplyResult::Full : send_reply(waiting.frames, waiting.reply);
        if (result == seam::ReplyResult::Full) full.insert(client);
        if (result == seam::ReplyResult::Full && ++waiting.tries < kReplyTries) {
            waiting_.push_back(std::move(waiting));
            continue;
        }
        waiting_bytes_ -= waiting.reply.size();
        if (result != seam::ReplyResult::Sent) ++undeliverable_;
    }
    if (!waiting_.empty()) retry_->arm(now() + kReplyRetry);
}

seam::ReplyResult ControlSocket::send_reply(const std::vector<std::string>& frames, const std::string& reply) {
    const auto begun = send_envelope(frames);
    if (begun != seam::ReplyResult::Sent) return begun;
    return send_frame(reply, 0) ? seam::ReplyResult::Sent : seam::ReplyResult::Gone;
}

seam::ReplyResult ControlSocket::send_envelope(const std::vector<std::string>& frames) {
    // Only the first frame can be refused: it names the client, whose queue is judged by whole messages.
    if (!send_frame(frames.front(), ZMQ_SNDMORE)) {
        if (zmq_errno() != EAGAIN) return seam::ReplyResult::Gone;
        socket_.events();  // what the client has read meanwhile counts only from here on
        if (!send_frame(frames.front(), ZMQ_SNDMORE))
            return zmq_errno() == EAGAIN ? seam::ReplyResult::Full : seam::ReplyResult::Gone;
    }
    for (std::size_t i = 1; i < frames.size(); ++i)
        if (!send_frame(frames[i], ZMQ_SNDMORE)) return seam::ReplyResult::Gone;
    return seam::ReplyResult::Sent;
}

bool ControlSocket::send_frame(std::string_view frame, int flags) {
    look_ = true;
    return zmq_send(socket_.get(), frame.data(), frame.size(), flags | ZMQ_DONTWAIT) >= 0;
}

bool ControlSocket::send_message(zmq_msg_t& frame) {
    look_ = true;
    if (zmq_msg_send(&frame, socket_.get(), ZMQ_DONTWAIT) >= 0) return true;
    zmq_msg_close(&frame);
    return false;
}

}  // namespace fairlead::net
