// A client of the venue that is no WebSocket library: bytes out, frames in.
#pragma once

#include "client_frame.hpp"
#include "simulator/venue.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::test {

using namespace std::chrono_literals;

enum class End { None, Closed, Reset, Timeout };

class RawClient {
public:
    explicit RawClient(const simulator::Venue& venue) {
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        wait_at_most(10s);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(venue.port());
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    ~RawClient() { ::close(socket_); }
    RawClient(const RawClient&) = delete;
    RawClient& operator=(const RawClient&) = delete;

    bool connected() const { return connected_; }
    End end() const { return end_; }

    void wait_at_most(std::chrono::milliseconds wait) {
        const timeval time{wait.count() / 1000, wait.count() % 1000 * 1000};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    }
    void send(std::string_view bytes) { ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
    void send_text(std::string_view text) { send(client_frame(0x81, text)); }
    void ask_upgrade(const std::string& target) {
        send("GET " + target +
             " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    }
    // The head of the HTTP answer, empty if none came.
    std::string read_head() {
        while (bytes_.find("\r\n\r\n") == std::string::npos) {
            if (!read_more()) return {};
        }
        return take(bytes_.find("\r\n\r\n") + 4);
    }
    bool upgrade(const std::string& target) {
        ask_upgrade(target);
        return read_head().starts_with("HTTP/1.1 101 ");
    }

    struct Frame {
        unsigned char first = 0;
        std::string payload;
    };
    // Nothing when the connection ends or nothing comes; end() says which.
    std::optional<Frame> read_frame() {
        if (!need(2)) return std::nullopt;
        std::size_t size = static_cast<unsigned char>(bytes_[1]);
        std::size_t header = 2;
        if (size == 126) {
            if (!need(4)) return std::nullopt;
            size = static_cast<std::size_t>(static_cast<unsigned char>(bytes_[2])) << 8 |
                   static_cast<unsigned char>(bytes_[3]);
            header = 4;
        }
        if (!need(header + size)) return std::nullopt;
        Frame frame{static_cast<unsigned char>(bytes_[0]), bytes_.substr(header, size)};
        take(header + size);
        return frame;
    }
    // The next frame that begins with this byte; others are passed over.
    std::optional<std::string> read_until(unsigned char first) {
        while (std::optional<Frame> frame = read_frame()) {
            if (frame->first == first) return frame->payload;
        }
        return std::nullopt;
    }
    // Reads until the connection ends.
    End read_to_end() {
        bytes_.clear();
        while (read_more())
            bytes_.clear();
        return end_;
    }

private:
    bool need(std::size_t count) {
        while (bytes_.size() < count) {
            if (!read_more()) return false;
        }
        return true;
    }
    bool read_more() {
        char buffer[65536];
        const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
        if (count > 0) {
            bytes_.append(buffer, static_cast<std::size_t>(count));
            return true;
        }
        end_ = count == 0 ? End::Closed : errno == ECONNRESET ? End::Reset : End::Timeout;
        return false;
    }
    std::string take(std::size_t count) {
        std::string taken = bytes_.substr(0, count);
        bytes_.erase(0, count);
        return taken;
    }

    int socket_ = -1;
    bool connected_ = false;
    End end_ = End::None;
    std::string bytes_;
};

}  // namespace fairlead::test
