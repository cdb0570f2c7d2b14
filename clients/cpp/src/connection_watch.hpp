// Whether the peer of a connecting socket is there, by libzmq's monitor, so that nothing is sent to nobody.
// (ZMQ_IMMEDIATE would do the same at two costs in libzmq 4.3: a peer that goes away between two frames of a message
// ends this process by an assertion, and one that answers and goes takes an answer with it that was not read yet.)
#pragma once

#include "zmq_handles.hpp"

#include <string>

namespace fairlead::client {

// Of the thread that owns the socket. Ends before the socket does.
class ConnectionWatch {
public:
    // Before `socket` connects to `endpoint`. The context is that of the socket.
    ConnectionWatch(const Context& context, const Socket& socket, const std::string& endpoint);

    // False: with errno, there is no telling; the object is of no use.
    bool is_watching() const { return is_inproc_ || reader_ != nullptr; }
    bool is_connected();
    // To poll for a change; null for a socket of the same process, which counts as connected from the start.
    void* reader() const { return reader_.get(); }

private:
    bool is_inproc_;
    bool is_connected_;
    Monitor reader_;
};

}  // namespace fairlead::client
