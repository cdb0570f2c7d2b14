// A TCP server that sends a fixed text to whoever has sent the head of a request, and keeps what it was sent. With an
// empty text it never answers.
#pragma once

#include "loopback_server.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

namespace fairlead::support {

class RawServer {
public:
    explicit RawServer(std::string answer) : answer_(std::move(answer)) {
        loopback_.start([this](int client) { serve(client); });
    }

    std::uint16_t port() const { return loopback_.port(); }
    std::string received() const {
        const std::lock_guard lock(mutex_);
        return received_;
    }

private:
    // Until the client ends, or the server does.
    void serve(int client) {
        bool answered = answer_.empty();
        std::string head;
        while (loopback_.wait_for(client)) {
            char bytes[4096];
            const auto size = recv(client, bytes, sizeof bytes, 0);
            if (size <= 0) return;
            head.append(bytes, static_cast<std::size_t>(size));
            {
                const std::lock_guard lock(mutex_);
                received_ = head;
            }
            // A TLS hello has no such end: whoever gets that answers at once.
            const bool whole = head.find("\r\n\r\n") != std::string::npos || head.front() == 0x16;
            if (answered || !whole) continue;
            answered = true;
            send(client, answer_.data(), answer_.size(), MSG_NOSIGNAL);
            shutdown(client, SHUT_WR);
        }
    }

    const std::string answer_;
    mutable std::mutex mutex_;
    std::string received_;  // guarded by mutex_
    LoopbackServer loopback_;
};

}  // namespace fairlead::support
