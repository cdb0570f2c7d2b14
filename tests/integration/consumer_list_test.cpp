#include "net/consumer_list.hpp"

#include "net/stream_socket.hpp"
#include "temporary_directory.hpp"
#include "wait.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using fairlead::support::TemporaryDirectory;

namespace {

const std::string kTcp = "tcp://127.0.0.1:*";

struct Stage {
    explicit Stage(bool disconnect_slow = false) {
        settings.endpoints = {"ipc://" + path, kTcp};
        settings.disconnect_slow_consumers = disconnect_slow;
        settings.slow_after = 500ms;
        stream.emplace(context, loop, settings);
        stream->bind();
    }
    bool turn_until(const std::function<bool()>& done) {
        return support::turn_until(loop, [&] {
            stream->after_turn();
            return done();
        });
    }
    std::vector<const net::ConsumerEntry*> list(bool open_only = false) const {
        return stream->consumers().entries(open_only);
    }
    bool wait_open(std::size_t count) {
        return turn_until([&] { return list(true).size() == count; });
    }
    // The reason of the one that ended last, once so many have ended.
    std::string wait_end(std::size_t count) {
        REQUIRE(turn_until([&] { return list().size() - list(true).size() == count; }));
        return list()[count - 1]->reason;
    }

    TemporaryDirectory directory;
    std::string path = directory / "s";
    net::Loop loop;
    net::ZmqContext context;
    net::StreamSettings settings;
    std::optional<net::StreamSocket> stream;
};

struct Sub {
    Sub(net::ZmqContext& context, const std::string& endpoint) : socket(context, ZMQ_SUB, 0) {
        socket.set(ZMQ_SUBSCRIBE, "");
        REQUIRE(zmq_connect(socket.get(), endpoint.c_str()) == 0);
    }
    net::ZmqSocket socket;
};

// The handshake of a SUB, as ZMTP 3.0 has it: greeting and READY.
std::string handshake() {
    std::string bytes = std::string("\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL", 16);
    bytes.resize(64);
    const std::string ready = std::string("\x05READY\x0bSocket-Type\0\0\0\x03SUB", 25);
    return bytes + "\x04" + static_cast<char>(ready.size()) + ready;
}

// System calls only: the child of a fork uses it.
int connect_raw(const std::string& path, const std::string& bytes) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
    return write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) ? fd : -1;
}

// A SUB that is subscribed to everything and then reads nothing. libzmq takes the subscription only when it has sent
// its own READY.
int join(const std::string& path, const std::string& bytes) {
    const int fd = connect_raw(path, bytes);
    char answer[66] = {};  // greeting, flags and size of the READY
    if (fd < 0 || recv(fd, answer, sizeof answer, MSG_WAITALL) != sizeof answer) return -1;
    char ready[256] = {};
    const ssize_t size = static_cast<unsigned char>(answer[65]);
    if (recv(fd, ready, static_cast<std::size_t>(size), MSG_WAITALL) != size) return -1;
    return write(fd, "\0\x01\x01", 3) == 3 ? fd : -1;
}

std::size_t descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++count;
    return count;
}

std::string own_name() {
    return "process " + std::to_string(getpid()) + " (";
}

}  // namespace

TEST_CASE("consumers are listed by process or address for as long as they are there, and then with their end") {
    Stage stage;
    const auto before = std::chrono::system_clock::now();
    std::optional<Sub> local(std::in_place, stage.context, "ipc://" + stage.path);
    REQUIRE(stage.turn_until([&] { return stage.list(true).size() == 1 && stage.stream->filters() == 1; }));
    CHECK(stage.list()[0]->peer.starts_with(own_name()));
    CHECK(stage.list()[0]->endpoint == "ipc://" + stage.path);
    CHECK(stage.list()[0]->since >= before);
    CHECK(stage.list()[0]->since <= std::chrono::system_clock::now());
    local.reset();
    CHECK(stage.wait_end(1) == "closed by the consumer");
    CHECK(stage.list()[0]->until >= stage.list()[0]->since);
    CHECK(stage.stream->consumers().opened_in_all() == 1);
}

TEST_CASE("over tcp a consumer is its address") {
    TemporaryDirectory directory;
    net::Loop loop;
    net::ZmqContext context;
    // A port that is free: bound by a socket that goes.
    std::string endpoint;
    {
        net::ZmqSocket finder(context, ZMQ_PUB, 0);
        finder.bind(kTcp);
        char bound[64] = {};
        std::size_t size = sizeof bound;
        REQUIRE(zmq_getsockopt(finder.get(), ZMQ_LAST_ENDPOINT, bound, &size) == 0);
        endpoint = bound;
        REQUIRE(zmq_unbind(finder.get(), bound) == 0);
    }
    net::StreamSocket stream(context, loop, {.endpoints = {endpoint}});
    REQUIRE(support::turn_until(loop, [&] {
        try {
            stream.bind();
            return true;
        } catch (const std::exception&) {  // the finder's descriptor is closed a moment later
            loop.turn_again();
            return false;
        }
    }));
    std::optional<Sub> consumer(std::in_place, context, endpoint);
    REQUIRE(support::turn_until(loop, [&] { return stream.consumers().open() == 1 && stream.filters() == 1; }));
    const auto entry = *stream.consumers().entries(true)[0];
    CHECK(entry.peer.starts_with("127.0.0.1:"));
    CHECK(entry.endpoint == endpoint);
    consumer.reset();
    REQUIRE(support::turn_until(loop, [&] { return stream.consumers().open() == 0; }));
    CHECK(stream.consumers().entries(false)[0]->reason == "closed by the consumer");
}

TEST_CASE("a consumer process that is killed is named, and its end is told") {
    Stage stage;
    const auto bytes = handshake();
    const pid_t child = fork();
    if (child == 0) {
        if (join(stage.path, bytes) < 0) _exit(1);
        while (true)
            pause();
    }
    REQUIRE(child > 0);
    const bool opened = stage.turn_until([&] { return stage.list(true).size() == 1 && stage.stream->filters() == 1; });
    const std::string peer = opened ? stage.list()[0]->peer : "";
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    REQUIRE(opened);
    CHECK(peer.starts_with("process " + std::to_string(child) + " ("));
    CHECK(stage.wait_end(1) == "closed by the consumer");
}

TEST_CASE("a consumer that does not read is disconnected as slow where that is wanted") {
    Stage stage(/*disconnect_slow=*/true);
    const int mute = join(stage.path, handshake());
    REQUIRE(mute >= 0);
    REQUIRE(stage.turn_until([&] { return stage.stream->filters() == 1; }));
    CHECK(stage.wait_end(1) == "disconnected as slow: it did not read");
    close(mute);
}

TEST_CASE("who does not speak ZMTP, and who breaks its rules later, is told so") {
    Stage stage;
    const int garbage = connect_raw(stage.path, "GET / HTTP/1.1\r\n\r\n" + std::string(200, 'x'));
    CHECK(stage.wait_end(1).starts_with("handshake failed: "));
    close(garbage);
    const int gone = connect_raw(stage.path, "");
    REQUIRE(stage.wait_open(1));
    close(gone);
    CHECK(stage.wait_end(2).starts_with("handshake failed: "));

    const int rude = join(stage.path, handshake());
    REQUIRE(rude >= 0);
    REQUIRE(stage.turn_until([&] { return stage.stream->filters() == 1; }));
    const std::string too_large = std::string("\x02\0\0\0\0\0\x10\0\0", 9);  // a frame of 1 MiB
    REQUIRE(write(rude, too_large.data(), too_large.size()) == 9);
    CHECK(stage.wait_end(3) == "protocol error, or no sign of life");
    close(rude);
}

TEST_CASE("a storm of consumers that leave at once is counted whole, and leaves no descriptor open") {
    Stage stage;
    REQUIRE(stage.turn_until([] { return true; }));
    const auto before = descriptors();
    constexpr std::size_t kConsumers = 1'500;
    std::size_t made = 0;
    for (; made < kConsumers; ++made) {  // while nobody looks
        const int fd = connect_raw(stage.path, handshake());
        if (fd < 0) break;
        close(fd);
    }
    CHECK(made == kConsumers);
    const int last = join(stage.path, handshake());
    REQUIRE(stage.turn_until([&] { return stage.stream->consumers().opened_in_all() == kConsumers + 1; }));
    REQUIRE(stage.wait_open(1));
    CHECK(stage.list(true)[0]->peer.starts_with(own_name()));
    close(last);
    REQUIRE(stage.wait_open(0));
    CHECK(stage.list().size() == net::ConsumerList::kMaxClosed);
    CHECK(stage.stream->consumers().forgotten() == kConsumers + 1 - net::ConsumerList::kMaxClosed);
    REQUIRE(stage.turn_until([&] { return descriptors() <= before; }));
}

TEST_CASE("who comes while messages are sent without a pause is seen by a loop that has nothing to do") {
    Stage stage;
    for (std::size_t seen = 1; seen <= 20; ++seen) {
        std::optional<Sub> consumer(std::in_place, stage.context, "ipc://" + stage.path);
        const auto until = std::chrono::steady_clock::now() + 10ms;
        while (std::chrono::steady_clock::now() < until)
            stage.stream->send("data/y/", "x", nullptr, nullptr);
        REQUIRE(stage.turn_until([&] { return stage.stream->consumers().opened_in_all() == seen; }));
        consumer.reset();
        REQUIRE(stage.wait_open(0));
    }
}

TEST_CASE("a stream socket goes with consumers connected") {
    net::ZmqContext context;
    for (int i = 0; i < 20; ++i) {
        TemporaryDirectory directory;
        net::Loop loop;
        const auto endpoint = directory.endpoint("s");
        net::StreamSocket stream(context, loop, {.endpoints = {endpoint}});
        stream.bind();
        std::vector<std::unique_ptr<Sub>> consumers;
        for (int count = 0; count < 5; ++count)
            consumers.push_back(std::make_unique<Sub>(context, endpoint));
        REQUIRE(
            support::turn_until(loop, [&] { return stream.consumers().open() >= static_cast<std::size_t>(i % 6); }));
    }
}
