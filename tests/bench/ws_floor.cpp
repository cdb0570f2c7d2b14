// What receiving a WebSocket costs at the very least: a blocking socket, frames cut where they lie, nothing checked,
// nothing published. Says at the end what it saw (recorder.hpp).
//
//   ws_floor --port PORT --streams N
#include "arguments.hpp"
#include "recorder.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::bench {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;  // more than the largest message

class Client {
public:
    explicit Client(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)), buffer_(kBufferBytes) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot connect");
        const int yes = 1;
        setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        upgrade();
    }
    ~Client() { close(socket_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    // False = the venue has gone.
    bool receive(Recorder& recorder) {
        if (!read_more()) return false;
        std::string_view left{buffer_.data(), filled_};
        for (std::size_t size = 0; (size = frame_size(left)) != 0; left.remove_prefix(size))
            recorder.add(left.substr(header_size(left), size - header_size(left)));
        std::memmove(buffer_.data(), left.data(), left.size());
        filled_ = left.size();
        return true;
    }

private:
    void upgrade() {
        const std::string_view request =
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) throw std::runtime_error("cannot ask");
        std::size_t end = std::string_view::npos;
        while (end == std::string_view::npos) {
            if (!read_more()) throw std::runtime_error("no answer");
            end = std::string_view{buffer_.data(), filled_}.find("\r\n\r\n");
        }
        filled_ -= end + 4;
        std::memmove(buffer_.data(), buffer_.data() + end + 4, filled_);
    }

    bool read_more() {
        const ssize_t count = recv(socket_, buffer_.data() + filled_, buffer_.size() - filled_, 0);
        if (count <= 0) return false;
        filled_ += static_cast<std::size_t>(count);
        return true;
    }

    static std::size_t header_size(std::string_view bytes) {
        const auto length = static_cast<unsigned char>(bytes[1]);
        return length == 127 ? 10 : length == 126 ? 4 : 2;
    }

    // With its header; 0 = it has not come whole.
    static std::size_t frame_size(std::string_view bytes) {
        if (bytes.size() < 2 || bytes.size() < header_size(bytes)) return 0;
        const std::size_t header = header_size(bytes);
        std::size_t payload = header == 2 ? static_cast<unsigned char>(bytes[1]) : 0;
        for (std::size_t index = 2; index < header; ++index)
            payload = payload << 8 | static_cast<unsigned char>(bytes[index]);
        return bytes.size() < header + payload ? 0 : header + payload;
    }

    const int socket_;
    std::vector<char> buffer_;
    std::size_t filled_ = 0;
};

void run(const Arguments& arguments) {
    Recorder recorder{static_cast<unsigned>(arguments.number("--streams"))};
    Client client{arguments.number("--port")};
    while (!recorder.is_complete() && client.receive(recorder)) {
    }
    recorder.print();
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
    try {
        fairlead::bench::run({argc, argv});
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "ws_floor: %s\n", error.what());
        return 1;
    }
}
