// What ZeroMQ costs alone: the load of a venue, published straight away. Orders and answers are those of venue_blast.
//
//   zmq_floor --bind ENDPOINT [--streams N] [--hwm N]
//
// Where a PUB would lose messages because its consumer is slower, this one waits: the rate that it reaches is the most
// that ZeroMQ can deliver here.
#include "arguments.hpp"
#include "load.hpp"

#include <poll.h>
#include <unistd.h>
#include <zmq.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <string>

namespace fairlead::bench {
namespace {

constexpr std::string_view kTopic = "data/c0/";

class Source {
public:
    explicit Source(const Arguments& arguments)
        : socket_(context_, ZMQ_PUB), load_(static_cast<unsigned>(arguments.number("--streams", "1"))) {
        socket_.set(zmq::sockopt::sndhwm, arguments.number("--hwm", "65536"));
        socket_.set(zmq::sockopt::linger, 0);
        const int strict = 1;
        zmq_setsockopt(socket_.handle(), ZMQ_XPUB_NODROP, &strict, sizeof strict);
        socket_.bind(arguments.text("--bind"));
    }

    void run() {
        while (wait()) {
            for (std::uint64_t left = load_.due(now_ns()); left > 0; --left)
                send(load_.take(now_ns()).message());
            const std::uint64_t sent = load_.taken();
            const std::int64_t now = now_ns();
            const double seconds = static_cast<double>(now - load_.began()) / 1e9;
            if (load_.finish(now)) {
                std::printf("{\"sent\":%llu,\"seconds\":%.6f}\n", static_cast<unsigned long long>(sent), seconds);
                std::fflush(stdout);
            }
        }
    }

private:
    void send(std::string_view message) {
        socket_.send(zmq::buffer(kTopic), zmq::send_flags::sndmore);
        socket_.send(zmq::buffer(message), zmq::send_flags::none);
    }

    // Until something is due or is ordered. False = no orders will come.
    bool wait() {
        pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
        timespec timeout{};
        const timespec* limit = nullptr;
        if (const auto next = load_.next_due()) {
            const std::int64_t left = std::max<std::int64_t>(0, *next - now_ns());
            timeout = {.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
            limit = &timeout;
        }
        return ppoll(&input, 1, limit, nullptr) <= 0 || read_orders();
    }

    bool read_orders() {
        std::array<char, 512> buffer{};
        const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count <= 0) return false;
        input_.append(buffer.data(), static_cast<std::size_t>(count));
        for (std::size_t end = 0; (end = input_.find('\n')) != std::string::npos; input_.erase(0, end + 1))
            if (const auto order = read_order(std::string_view{input_}.substr(0, end))) load_.begin(*order, now_ns());
        return true;
    }

    zmq::context_t context_;
    zmq::socket_t socket_;
    Load load_;
    std::string input_;
};

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
    try {
        fairlead::bench::sharpen_timers();
        fairlead::bench::Source{fairlead::bench::Arguments{argc, argv}}.run();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "zmq_floor: %s\n", error.what());
        return 1;
    }
}
