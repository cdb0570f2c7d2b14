// One DEALER for each control socket from which something may have to be fetched again, connected before it is needed.
// A sidecar that is not there is sent nothing, and send() says so.
#pragma once

#include "connection_watch.hpp"
#include "fairlead/v1/control.pb.h"
#include "zmq_handles.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::client {

class ReplaySockets {
public:
    struct Handler {
        std::function<void(std::string_view endpoint, std::string_view body)> on_reply{};
        std::function<void(std::string_view endpoint, std::string_view frame0, std::string_view frame1)> on_message{};
    };

    // The context outlives the object. `watch` is told the ZMQ_FD of each new socket.
    ReplaySockets(const Context& context, std::function<bool(int fd)> watch)
        : context_(context), watch_(std::move(watch)) {}

    // False when there cannot be a connection to that endpoint; it may be tried again.
    bool open(const std::string& endpoint);
    // False when it cannot be sent now.
    bool send(const std::string& endpoint, const v1::Request& request);
    // Hands over one message, from each socket in turn. False when none has any.
    bool receive(const Handler& handler);

    void add_to(std::vector<zmq_pollitem_t>& items) const;

    static constexpr std::size_t kMaxSockets = 64;

private:
    struct Connected {
        std::string endpoint;
        Socket socket;
        ConnectionWatch connection;
    };
    Connected* find(const std::string& endpoint);
    static bool receive_from(const Connected& connected, const Handler& handler);

    const Context& context_;
    const std::function<bool(int)> watch_;
    std::vector<Connected> sockets_;
    std::size_t turn_ = 0;
};

}  // namespace fairlead::client
