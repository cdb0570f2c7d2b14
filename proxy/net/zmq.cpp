#include "net/zmq.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>

namespace fairlead::net {
namespace {

[[noreturn]] void fail(std::string_view what) {
    throw std::runtime_error(fmt::format("{}: {}", what, zmq_strerror(zmq_errno())));
}

// Kept frames hold a zmq_msg_t.
static_assert(sizeof(zmq_msg_t) <= seam::KeptFrame::kStorageBytes);

zmq_msg_t* message_in(seam::KeptFrame::Storage& storage) {
    return std::launder(reinterpret_cast<zmq_msg_t*>(storage.data()));
}

zmq_msg_t* new_message_in(seam::KeptFrame::Storage& storage) {
    auto* message = new (storage.data()) zmq_msg_t;
    zmq_msg_init(message);
    return message;
}

std::string_view view_of(zmq_msg_t& message) {
    return {static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message)};
}

constexpr seam::KeptFrame::Table kKeptMessage{
    .view = [](seam::KeptFrame::Storage& storage) { return view_of(*message_in(storage)); },
    .move = [](seam::KeptFrame::Storage& from,
               seam::KeptFrame::Storage& to) { zmq_msg_move(new_message_in(to), message_in(from)); },
    .release = [](seam::KeptFrame::Storage& storage) { zmq_msg_close(message_in(storage)); },
};

}  // namespace

void keep(zmq_msg_t& message, seam::KeptFrame& kept) {
    zmq_msg_copy(new_message_in(kept.fill(kKeptMessage)), &message);
}

void make_message(zmq_msg_t& message, const seam::KeptFrame& kept) {
    auto* storage = kept.storage(kKeptMessage);
    if (!storage) return make_message(message, kept.view());
    zmq_msg_init(&message);
    zmq_msg_copy(&message, message_in(*storage));
}

void make_message(zmq_msg_t& message, std::string_view bytes) {
    // Only memory can fail here, and without memory the process ends in any case.
    if (zmq_msg_init_size(&message, bytes.size()) != 0) throw std::bad_alloc();
    if (!bytes.empty()) std::memcpy(zmq_msg_data(&message), bytes.data(), bytes.size());
}

ZmqContext::ZmqContext() : context_(zmq_ctx_new()) {
    if (!context_) throw std::bad_alloc();
}

ZmqContext::~ZmqContext() {
    zmq_ctx_term(context_);
}

ZmqSocket::ZmqSocket(ZmqContext& context, int type, int linger_ms) : socket_(zmq_socket(context.get(), type)) {
    if (!socket_) fail("zmq_socket");
    set(ZMQ_LINGER, linger_ms);
}

ZmqSocket::~ZmqSocket() {
    zmq_close(socket_);
}

void ZmqSocket::set(int option, int value) {
    if (zmq_setsockopt(socket_, option, &value, sizeof value) != 0) fail(fmt::format("zmq_setsockopt {}", option));
}

void ZmqSocket::set(int option, std::string_view value) {
    if (zmq_setsockopt(socket_, option, value.data(), value.size()) != 0)
        fail(fmt::format("zmq_setsockopt {}", option));
}

void ZmqSocket::bind(const std::string& endpoint) {
    constexpr std::string_view kByName = "tcp://localhost:";
    if (endpoint.starts_with(kByName)) return bind("tcp://127.0.0.1:" + endpoint.substr(kByName.size()));
    if (endpoint.starts_with("tcp://[")) set(ZMQ_IPV6, 1);
    if (zmq_bind(socket_, endpoint.c_str()) == 0) return;
    if (zmq_errno() == EADDRINUSE)
        throw std::runtime_error(
            fmt::format("{}: another process listens there: stop it, or set another endpoint", endpoint));
    fail(endpoint);
}

int ZmqSocket::descriptor() {
    int fd = -1;
    std::size_t size = sizeof fd;
    if (zmq_getsockopt(socket_, ZMQ_FD, &fd, &size) != 0) fail("ZMQ_FD");
    return fd;
}

int ZmqSocket::events() {
    int events = 0;
    std::size_t size = sizeof events;
    return zmq_getsockopt(socket_, ZMQ_EVENTS, &events, &size) == 0 ? events : 0;
}

std::string ZmqMessage::property(const char* name) {
    const char* value = zmq_msg_gets(&message_, name);
    return value ? value : "";
}

}  // namespace fairlead::net
