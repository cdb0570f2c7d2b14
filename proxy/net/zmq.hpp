// libzmq's C interface with ownership. libzmq ends the process on misuse; its sockets belong to one thread.
#pragma once

#include "seam/kept_frame.hpp"

#include <zmq.h>

#include <string>
#include <string_view>

namespace fairlead::net {

class ZmqContext {
public:
    ZmqContext();
    ~ZmqContext();
    ZmqContext(const ZmqContext&) = delete;
    ZmqContext& operator=(const ZmqContext&) = delete;
    void* get() { return context_; }

private:
    void* context_;
};

// Closes within `linger_ms` at the end of the context.
class ZmqSocket {
public:
    ZmqSocket(ZmqContext& context, int type, int linger_ms);
    ~ZmqSocket();
    ZmqSocket(const ZmqSocket&) = delete;
    ZmqSocket& operator=(const ZmqSocket&) = delete;

    void* get() { return socket_; }
    // Throw std::runtime_error: used at start only.
    void set(int option, int value);
    void set(int option, std::string_view value);
    void bind(const std::string& endpoint);

    // Wakes when events() may have changed, edge-triggered: after every send and receive events() must be asked again.
    int descriptor();
    // ZMQ_POLLIN | ZMQ_POLLOUT.
    int events();

private:
    void* socket_;
};

class ZmqMessage {
public:
    ZmqMessage() { zmq_msg_init(&message_); }
    ~ZmqMessage() { zmq_msg_close(&message_); }
    ZmqMessage(const ZmqMessage&) = delete;
    ZmqMessage& operator=(const ZmqMessage&) = delete;

    // False = nothing there (EAGAIN) or the socket is ending.
    bool receive(ZmqSocket& socket) { return zmq_msg_recv(&message_, socket.get(), ZMQ_DONTWAIT) >= 0; }
    bool more() { return zmq_msg_more(&message_) != 0; }
    std::string_view view() { return {static_cast<const char*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)}; }
    // Empty when unknown.
    std::string property(const char* name);

private:
    zmq_msg_t message_;
};

// Leaves a reference to the payload of `message` in `kept`: one more count, or a copy of at most 33 bytes, which libzmq
// holds in the message itself.
void keep(zmq_msg_t& message, seam::KeptFrame& kept);
// Makes of `message`, which must not be initialised, one with that payload: without a copy where keep() has kept it.
void make_message(zmq_msg_t& message, const seam::KeptFrame& kept);
// One with a copy of these bytes.
void make_message(zmq_msg_t& message, std::string_view bytes);

}  // namespace fairlead::net
