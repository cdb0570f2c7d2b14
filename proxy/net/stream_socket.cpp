#include "net/stream_socket.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace fairlead::net {
namespace {

constexpr int kLingerMs = 500;  // for the last events of the process
constexpr int kSubscriptionsPerTurn = 1'000;
constexpr int kHandshakeMs = 5'000;  // for which a peer that says nothing holds a place
constexpr int kMaxSubscriptionBytes = 4'096;

void free_string(void* /*data*/, void* hint) {
    delete static_cast<std::string*>(hint);
}

// Without a copy, where the bytes can be had.
void make_message(zmq_msg_t& message, std::string_view bytes, std::string* owned) {
    if (!owned) return net::make_message(message, bytes);
    auto* kept = new std::string(std::move(*owned));
    if (zmq_msg_init_data(&message, kept->data(), kept->size(), &free_string, kept) != 0) throw std::bad_alloc();
}

core::SteadyTime now() {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
}

}  // namespace

StreamSocket::StreamSocket(ZmqContext& context, Loop& loop, const StreamSettings& settings)
    : settings_(settings),
      socket_(context, ZMQ_XPUB, kLingerMs),
      loop_(loop),
      consumers_(context, loop, socket_),
      last_look_(loop.create([this] {
          last_look_armed_ = false;
          if (unseen_) look(now());
      })) {
    socket_.set(ZMQ_SNDHWM, settings.high_water_mark);
    socket_.set(ZMQ_XPUB_NODROP, 1);
    socket_.set(ZMQ_XPUB_VERBOSE, 1);  // a second subscriber to a prefix wants its baseline, too
    socket_.set(ZMQ_HANDSHAKE_IVL, kHandshakeMs);
    const std::int64_t most = kMaxSubscriptionBytes;
    zmq_setsockopt(socket_.get(), ZMQ_MAXMSGSIZE, &most, sizeof most);
    if (settings.disconnect_slow_consumers) {
        // A consumer that has stopped reading does not see these pings either.
        const auto patience = static_cast<int>(settings.slow_after / std::chrono::milliseconds{1});
        socket_.set(ZMQ_HEARTBEAT_IVL, patience / 5);
        socket_.set(ZMQ_HEARTBEAT_TIMEOUT, patience);
    }
    for (const auto& endpoint : settings.endpoints)
        files_.push_back(std::make_unique<SocketFile>(endpoint));
    loop_.watch(socket_.descriptor(), [this] { receive_subscriptions(); });
}

void StreamSocket::bind() {
    for (std::size_t i = 0; i < files_.size(); ++i) {
        socket_.bind(settings_.endpoints[i]);
        files_[i]->bound(settings_.socket_mode);
    }
}

void StreamSocket::set_welcome(std::string_view frame) {
    socket_.set(ZMQ_XPUB_WELCOME_MSG, frame);
}

std::uint64_t StreamSocket::last_epoch() const {
    std::uint64_t last = 0;
    for (const auto& file : files_)
        last = std::max(last, file->last_epoch());
    return last;
}

void StreamSocket::keep_epoch(std::uint64_t epoch) {
    for (const auto& file : files_)
        file->keep_epoch(epoch);
}

seam::SinkResult StreamSocket::send(std::string_view head, std::string_view payload, std::string* owned,
                                    seam::KeptFrame* kept) {
    zmq_msg_t frame;
    make_message(frame, payload, owned);
    if (kept) keep(frame, *kept);
    return send(head, frame);
}

seam::SinkResult StreamSocket::send_again(std::string_view head, const seam::KeptFrame& payload) {
    zmq_msg_t frame;
    net::make_message(frame, payload);
    return send(head, frame);
}

seam::SinkResult StreamSocket::send(std::string_view head, zmq_msg_t& payload) {
    unseen_ = true;
    const bool everyone = send_head(head);
    // Cannot be refused: queues are judged by whole messages, at the first frame.
    if (zmq_msg_send(&payload, socket_.get(), ZMQ_DONTWAIT) < 0) zmq_msg_close(&payload);
    return everyone ? seam::SinkResult::Sent : seam::SinkResult::SlowConsumer;
}

// False = at least one consumer's queue is full; it does not get this message.
bool StreamSocket::send_head(std::string_view bytes) {
    zmq_msg_t head;
    net::make_message(head, bytes);
    if (zmq_msg_send(&head, socket_.get(), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0) return true;
    socket_.events();  // what consumers have taken meanwhile counts only from here on
    if (zmq_msg_send(&head, socket_.get(), ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0) return true;
    const int lossy = 0;
    const int strict = 1;
    zmq_setsockopt(socket_.get(), ZMQ_XPUB_NODROP, &lossy, sizeof lossy);
    if (zmq_msg_send(&head, socket_.get(), ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) zmq_msg_close(&head);
    zmq_setsockopt(socket_.get(), ZMQ_XPUB_NODROP, &strict, sizeof strict);
    return false;
}

void StreamSocket::after_turn() {
    if (more_) return receive_subscriptions();
    if (!unseen_) return;
    const auto time = now();
    if (time >= next_look_) return look(time);
    if (std::exchange(last_look_armed_, true)) return;
    last_look_->arm(time + kLookAtLast);
}

void StreamSocket::look(core::SteadyTime now) {
    next_look_ = now + kLookInterval;
    unseen_ = false;
    writer_.look(now);
    if (socket_.events() & ZMQ_POLLIN) receive_subscriptions();
}

void StreamSocket::receive_subscriptions() {
    more_ = false;
    for (int count = 0; count < kSubscriptionsPerTurn; ++count) {
        ZmqMessage message;
        if (!message.receive(socket_)) {
            unseen_ = false;
            return;
        }
        const auto bytes = message.view();
        if (bytes.empty()) continue;
        const auto prefix = bytes.substr(1);
        if (bytes.front() == 0) {
            const auto found = filters_.find(prefix);
            if (found == filters_.end()) continue;
            filters_.erase(found);
            if (demanded_) demanded_(prefix, false);
        } else if (bytes.front() == 1) {
            const bool is_first = filters_.size() < kMaxCountedFilters && filters_.emplace(prefix).second;
            if (is_first && demanded_) demanded_(prefix, true);
            if (subscribed_) subscribed_(prefix);
        }
    }
    more_ = true;
    loop_.turn_again();
}

}  // namespace fairlead::net
