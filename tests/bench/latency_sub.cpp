// A consumer that measures: a SUB that reads the stamp of every message and says at the end what it saw (recorder.hpp).
//
//   latency_sub --endpoint ENDPOINT --streams N [--seconds N]
#include "arguments.hpp"
#include "recorder.hpp"

#include <zmq.hpp>

#include <cerrno>
#include <cstdio>
#include <exception>

namespace fairlead::bench {
namespace {

constexpr int kLookMs = 100;  // at the deadline, when nothing comes

void connect(zmq::socket_t& socket, const std::string& endpoint) {
    socket.set(zmq::sockopt::rcvhwm, 0);
    socket.set(zmq::sockopt::rcvtimeo, kLookMs);
    socket.set(zmq::sockopt::linger, 0);
    socket.set(zmq::sockopt::reconnect_ivl, 1);  // the time from a start to the first message is measured
    socket.set(zmq::sockopt::subscribe, "data/");
    socket.connect(endpoint);
}

void run(const Arguments& arguments) {
    zmq::context_t context;
    zmq::socket_t socket{context, ZMQ_SUB};
    connect(socket, arguments.text("--endpoint"));
    Recorder recorder{static_cast<unsigned>(arguments.number("--streams"))};
    const std::int64_t deadline = now_ns() + std::int64_t{1'000'000'000} * arguments.number("--seconds", "60");
    zmq::message_t head;
    zmq::message_t payload;
    while (!recorder.is_complete() && now_ns() < deadline) {
        if (!socket.recv(head) || !head.more() || !socket.recv(payload)) continue;
        recorder.add({payload.data<char>(), payload.size()});
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
        std::fprintf(stderr, "latency_sub: %s\n", error.what());
        return 1;
    }
}
