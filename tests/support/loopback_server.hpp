// What the servers of the tests share: a port of loopback, and a thread that serves one client after the other until
// the end.
#pragma once

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <thread>
#include <utility>

namespace fairlead::support {

// Clients can connect from the beginning, and are served from start() on. To be the last member of its owner: its
// destructor waits for the thread, which uses the others.
class LoopbackServer {
public:
    LoopbackServer() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(listen(listener_, 16) == 0);
        socklen_t size = sizeof address;
        REQUIRE(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        REQUIRE(pipe(wake_) == 0);
    }
    ~LoopbackServer() {
        close(wake_[1]);
        if (thread_.joinable()) thread_.join();
        close(wake_[0]);
        close(listener_);
    }
    LoopbackServer(const LoopbackServer&) = delete;
    LoopbackServer& operator=(const LoopbackServer&) = delete;

    std::uint16_t port() const { return port_; }

    // `serve` is called on the server's thread with each client, which is closed afterwards. Once.
    void start(std::function<void(int client)> serve) {
        thread_ = std::thread([this, serve = std::move(serve)] {
            while (wait_for(listener_)) {
                const int client = accept(listener_, nullptr, nullptr);
                serve(client);
                close(client);
            }
        });
    }

    // Until one of the poll(2) `events` has come. False = the server ends. On the server's thread.
    bool wait_for(int fd, short events = POLLIN) const {
        pollfd fds[2] = {{fd, events, 0}, {wake_[0], POLLIN, 0}};
        poll(fds, 2, -1);
        return fds[1].revents == 0;
    }

private:
    const int listener_ = socket(AF_INET, SOCK_STREAM, 0);
    int wake_[2] = {-1, -1};  // its other end is closed at the end
    std::uint16_t port_ = 0;
    std::thread thread_;
};

}  // namespace fairlead::support
