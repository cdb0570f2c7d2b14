// A TCP server that sends a fixed text to whoever has sent the head of a request, and keeps what it was sent. With an
// empty text it never answers.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::support {

class RawServer {
public:
    explicit RawServer(std::string answer) : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(listen(listener_, 16) == 0);
        socklen_t size = sizeof address;
        REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        REQUIRE(pipe(wake_) == 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~RawServer() {
        close(wake_[1]);
        thread_.join();
        close(wake_[0]);
        close(listener_);
    }
    RawServer(const RawServer&) = delete;
    RawServer& operator=(const RawServer&) = delete;

    std::uint16_t port() const { return port_; }
    std::string received() const {
        const std::lock_guard lock(mutex_);
        return received_;
    }

private:
    // One client at a time is enough: until it ends, or the server does.
    void serve() {
        while (wait_for(listener_)) {
            const int client = accept(listener_, nullptr, nullptr);
            bool answered = answer_.empty();
            std::string head;
            while (wait_for(client)) {
                char bytes[4096];
                const auto size = recv(client, bytes, sizeof bytes, 0);
                if (size <= 0) break;
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
            close(client);
        }
    }
    // False = the server ends.
    bool wait_for(int fd) const {
        pollfd fds[2] = {{fd, POLLIN, 0}, {wake_[0], POLLIN, 0}};
        poll(fds, 2, -1);
        return fds[1].revents == 0;
    }

    const std::string answer_;
    int listener_;
    int wake_[2] = {-1, -1};
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::string received_;
    std::thread thread_;
};

}  // namespace fairlead::support
