// A venue on loopback that answers the upgrade as it must and then plays what a test wants, byte by byte: what no
// library would send. One client at a time.
#pragma once

#include "loopback_server.hpp"
#include "net/secure_random.hpp"
#include "simulator/frame.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::support {

class UpgradeServer {
public:
    // The connection as the play sees it, on the server's thread.
    class Peer {
    public:
        Peer(UpgradeServer& server, int fd) : server_(server), fd_(fd) {}
        // False = the client takes no more, or the server ends.
        bool send(std::string_view bytes) {
            while (!bytes.empty()) {
                if (!server_.loopback_.wait_for(fd_, POLLOUT)) return false;
                const auto size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
                if (size > 0) bytes.remove_prefix(static_cast<std::size_t>(size));
                if (size == 0 || (size < 0 && errno != EAGAIN)) return false;
            }
            return true;
        }
        // Takes what has come, waiting for it if need be. False = there will be no more.
        bool receive() { return server_.loopback_.wait_for(fd_) && take(0); }
        // Takes what has come.
        void poll() { take(MSG_DONTWAIT); }
        void finish_sending() { shutdown(fd_, SHUT_WR); }
        const std::string& head() const { return head_; }

    private:
        friend class UpgradeServer;
        bool take(int flags) {
            char bytes[65536];
            const auto size = recv(fd_, bytes, sizeof bytes, flags);
            if (size > 0) server_.on_bytes({bytes, static_cast<std::size_t>(size)});
            return size > 0;
        }
        bool read_head() {
            char byte = 0;
            while (!head_.ends_with("\r\n\r\n")) {
                if (!server_.loopback_.wait_for(fd_) || recv(fd_, &byte, 1, 0) != 1) return false;
                head_.push_back(byte);
            }
            return true;
        }

        UpgradeServer& server_;
        int fd_;
        std::string head_;
    };
    using Play = std::function<void(Peer&)>;

    struct Frame {
        simulator::Opcode opcode;
        std::string payload;
        bool operator==(const Frame&) const = default;
    };

    // `fields`: more lines of the answer's head, each with its line end, or another whole head. The play begins when
    // the answer has been sent; `first` leaves in one write with the answer. Afterwards the client is read from until
    // it ends.
    explicit UpgradeServer(std::string first, Play play = {}, std::string fields = "")
        : first_(std::move(first)), play_(std::move(play)), fields_(std::move(fields)) {
        loopback_.start([this](int client) { serve(client); });
    }

    std::string url() const { return "ws://127.0.0.1:" + std::to_string(loopback_.port()) + "/ws"; }
    // Of the last client: whole messages and control frames.
    std::vector<Frame> frames() const {
        const std::lock_guard lock(mutex_);
        return frames_;
    }
    std::size_t count() const { return frames().size(); }
    // The code of the client's close frame; 0 = it has none, -1 = it has not come.
    int close_code() const {
        for (const auto& frame : frames()) {
            if (frame.opcode != simulator::Opcode::Close) continue;
            if (frame.payload.size() < 2) return 0;
            return static_cast<unsigned char>(frame.payload[0]) << 8 | static_cast<unsigned char>(frame.payload[1]);
        }
        return -1;
    }
    bool client_gone() const { return gone_; }

private:
    void serve(int client) {
        Peer peer(*this, client);
        gone_ = false;
        decoder_ = {};
        {
            const std::lock_guard lock(mutex_);
            frames_.clear();
        }
        if (peer.read_head() && peer.send(answer(peer.head()) + first_)) {
            if (play_) play_(peer);
            while (peer.receive())
                continue;
        }
        gone_ = true;
    }
    std::string answer(const std::string& head) const {
        if (fields_.starts_with("HTTP/")) return fields_;
        constexpr std::string_view kField = "sec-websocket-key: ";
        std::string lower = head;
        for (char& c : lower)
            c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        const auto start = lower.find(kField) + kField.size();
        const auto key = head.substr(start, head.find("\r\n", start) - start);
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Accept: " +
               net::accept_for(key) + "\r\n" + fields_ + "\r\n";
    }
    void on_bytes(std::string_view bytes) {
        decoder_.feed(bytes);
        while (true) {
            auto result = decoder_.next();
            auto* message = std::get_if<simulator::FrameDecoder::Message>(&result);
            if (!message) return;
            const std::lock_guard lock(mutex_);
            frames_.push_back({message->opcode, std::move(message->payload)});
        }
    }

    const std::string first_;
    const Play play_;
    const std::string fields_;
    simulator::FrameDecoder decoder_;
    mutable std::mutex mutex_;
    std::vector<Frame> frames_;  // guarded by mutex_
    std::atomic<bool> gone_ = false;
    LoopbackServer loopback_;
};

}  // namespace fairlead::support
