#include "connection_watch.hpp"

#include <cstdint>
#include <cstring>

namespace fairlead::client {
namespace {

Monitor monitor_of(const Context& context, const Socket& socket) {
    const std::string address =
        "inproc://fairlead-watch-" + std::to_string(reinterpret_cast<std::uintptr_t>(socket.get()));
    const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED;
    if (zmq_socket_monitor(socket.get(), address.c_str(), events) != 0) return nullptr;
    Socket reader(zmq_socket(context.get(), ZMQ_PAIR));
    if (!reader || !set_option(reader, ZMQ_LINGER, 0) || zmq_connect(reader.get(), address.c_str()) != 0)
        return nullptr;
    return Monitor(reader.release(), EndMonitor{.watched = socket.get()});
}

}  // namespace

// Monitors are silent about sockets of the same process, which are connected at once.
ConnectionWatch::ConnectionWatch(const Context& context, const Socket& socket, const std::string& endpoint)
    : is_inproc_(endpoint.starts_with("inproc://")), is_connected_(is_inproc_) {
    if (!is_inproc_) reader_ = monitor_of(context, socket);
}

// [event, value][endpoint]; the event is the first 16 bits.
bool ConnectionWatch::is_connected() {
    if (is_inproc_) return true;
    Frame event;
    while (zmq_msg_recv(event.get(), reader_.get(), ZMQ_DONTWAIT) >= 0) {
        std::uint16_t kind = 0;
        if (event.bytes().size() >= sizeof kind) std::memcpy(&kind, event.bytes().data(), sizeof kind);
        is_connected_ = kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
        Frame endpoint;
        if (event.more()) zmq_msg_recv(endpoint.get(), reader_.get(), ZMQ_DONTWAIT);
    }
    return is_connected_;
}

}  // namespace fairlead::client
