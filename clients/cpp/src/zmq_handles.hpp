// libzmq's handles as owners, and the few socket options that both clients set. What libzmq says in errno stays errno.
#pragma once

#include "fairlead/error.hpp"

#include <zmq.h>

#include <memory>
#include <random>
#include <string>
#include <string_view>

namespace fairlead::client {

// A context of its own, or one that is lent.
class Context {
public:
    explicit Context(void* shared) : handle_(shared != nullptr ? shared : zmq_ctx_new()), owned_(shared == nullptr) {
        if (handle_ == nullptr) throw ClientError(std::string("cannot make a ZeroMQ context: ") + zmq_strerror(errno));
    }
    ~Context() {
        if (owned_) zmq_ctx_term(handle_);
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    void* get() const { return handle_; }

private:
    void* handle_;
    bool owned_;
};

struct CloseSocket {
    void operator()(void* socket) const { zmq_close(socket); }
};
using Socket = std::unique_ptr<void, CloseSocket>;

// The end that reads what the socket `watched` tells of itself; closed before that one. An event told to a reader that
// is gone is never freed (libzmq 4.3), so the telling ends first.
struct EndMonitor {
    void* watched = nullptr;
    void operator()(void* reader) const {
        zmq_socket_monitor(watched, nullptr, 0);
        zmq_close(reader);
    }
};
using Monitor = std::unique_ptr<void, EndMonitor>;

class Frame {
public:
    Frame() { zmq_msg_init(&message_); }
    ~Frame() { zmq_msg_close(&message_); }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    zmq_msg_t* get() { return &message_; }
    bool more() { return zmq_msg_more(&message_) != 0; }
    std::string_view bytes() { return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)}; }

private:
    zmq_msg_t message_{};
};

inline bool set_option(const Socket& socket, int option, int value) {
    return zmq_setsockopt(socket.get(), option, &value, sizeof value) == 0;
}

inline bool set_option(const Socket& socket, int option, std::string_view value) {
    return zmq_setsockopt(socket.get(), option, value.data(), value.size()) == 0;
}

// Nothing lingers; consumers of a sidecar that restarts do not all come back in the same instant; a peer behind a dead
// network path is found.
inline bool set_common_options(const Socket& socket) {
    std::random_device random;
    const int reconnect_ms = std::uniform_int_distribution<int>{50, 150}(random);
    return set_option(socket, ZMQ_LINGER, 0) && set_option(socket, ZMQ_RECONNECT_IVL, reconnect_ms) &&
           set_option(socket, ZMQ_TCP_KEEPALIVE, 1) && set_option(socket, ZMQ_TCP_KEEPALIVE_IDLE, 10) &&
           set_option(socket, ZMQ_TCP_KEEPALIVE_INTVL, 5) && set_option(socket, ZMQ_TCP_KEEPALIVE_CNT, 3);
}

}  // namespace fairlead::client
