#include "replay_sockets.hpp"

#include <algorithm>

namespace fairlead::client {

bool ReplaySockets::open(const std::string& endpoint) {
    if (find(endpoint) != nullptr) return true;
    if (endpoint.empty() || sockets_.size() >= kMaxSockets) return false;
    Socket socket(zmq_socket(context_.get(), ZMQ_DEALER));
    if (!socket || !set_common_options(socket)) return false;
    ConnectionWatch connection(context_, socket, endpoint);
    if (!connection.is_watching() || zmq_connect(socket.get(), endpoint.c_str()) != 0) return false;
    int fd = -1;
    std::size_t size = sizeof fd;
    zmq_getsockopt(socket.get(), ZMQ_FD, &fd, &size);
    if (!watch_(fd)) return false;
    sockets_.push_back({endpoint, std::move(socket), std::move(connection)});
    return true;
}

ReplaySockets::Connected* ReplaySockets::find(const std::string& endpoint) {
    const auto found = std::find_if(sockets_.begin(), sockets_.end(),
                                    [&endpoint](const Connected& connected) { return connected.endpoint == endpoint; });
    return found == sockets_.end() ? nullptr : &*found;
}

bool ReplaySockets::send(const std::string& endpoint, const v1::Request& request) {
    if (!open(endpoint)) return false;
    Connected& connected = *find(endpoint);
    if (!connected.connection.is_connected()) return false;
    void* socket = connected.socket.get();
    const std::string body = request.SerializeAsString();
    return zmq_send(socket, "", 0, ZMQ_DONTWAIT | ZMQ_SNDMORE) == 0 &&
           zmq_send(socket, body.data(), body.size(), ZMQ_DONTWAIT) >= 0;
}

bool ReplaySockets::receive(const Handler& handler) {
    for (std::size_t looked = 0; looked < sockets_.size(); ++looked) {
        turn_ = (turn_ + 1) % sockets_.size();
        if (receive_from(sockets_[turn_], handler)) return true;
    }
    return false;
}

// A reply is [empty][body], a message of a replay [empty][frame 0][frame 1]. The frames of a message arrive together.
bool ReplaySockets::receive_from(const Connected& connected, const Handler& handler) {
    void* socket = connected.socket.get();
    Frame empty;
    if (zmq_msg_recv(empty.get(), socket, ZMQ_DONTWAIT) < 0) return false;
    if (!empty.more()) return true;
    Frame first;
    zmq_msg_recv(first.get(), socket, ZMQ_DONTWAIT);
    if (!first.more()) {
        handler.on_reply(connected.endpoint, first.bytes());
        return true;
    }
    Frame second;
    zmq_msg_recv(second.get(), socket, ZMQ_DONTWAIT);
    Frame surplus;
    for (bool more = second.more(); more; more = surplus.more())
        zmq_msg_recv(surplus.get(), socket, ZMQ_DONTWAIT);
    handler.on_message(connected.endpoint, first.bytes(), second.bytes());
    return true;
}

void ReplaySockets::add_to(std::vector<zmq_pollitem_t>& items) const {
    for (const Connected& connected : sockets_)
        items.push_back({connected.socket.get(), 0, ZMQ_POLLIN, 0});
}

}  // namespace fairlead::client
