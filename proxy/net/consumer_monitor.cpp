#include "net/consumer_monitor.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace fairlead::net {
namespace {

constexpr std::size_t kEventsPerTurn = 1'000;
constexpr std::size_t kMaxPending = 10'000;
constexpr int kWatched = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                         ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
constexpr const char* kUnknownPeer = "unknown: it left at once";

core::WallTime wall() {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::system_clock::now());
}

core::SteadyTime now() {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
}

// Empty when the process has gone, or is none of ours.
std::string process_name(int pid) {
    std::array<char, 64> name{};  // the kernel keeps 15 characters
    const auto path = fmt::format("/proc/{}/comm", pid);
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
    if (!file || std::fgets(name.data(), name.size(), file.get()) == nullptr) return {};
    std::string text(name.data());
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

std::string unix_peer(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return kUnknownPeer;
    return process_peer(peer.pid, peer.uid, process_name(peer.pid));
}

std::string peer_of(int fd) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return kUnknownPeer;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.ss_family == AF_UNIX) return unix_peer(fd);
    if (address.ss_family == AF_INET) {
        const auto& ip = reinterpret_cast<const sockaddr_in&>(address);
        inet_ntop(AF_INET, &ip.sin_addr, text.data(), text.size());
        return fmt::format("{}:{}", text.data(), ntohs(ip.sin_port));
    }
    if (address.ss_family == AF_INET6) {
        const auto& ip = reinterpret_cast<const sockaddr_in6&>(address);
        inet_ntop(AF_INET6, &ip.sin6_addr, text.data(), text.size());
        return fmt::format("[{}]:{}", text.data(), ntohs(ip.sin6_port));
    }
    return kUnknownPeer;
}

bool peer_has_ended(int fd) {
    pollfd state{fd, POLLRDHUP, 0};
    return poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool has_unsent(int fd) {
    int bytes = 0;
    return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

std::string handshake_failure(std::uint16_t kind, std::uint32_t value) {
    if (kind == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) return "refused";
    if (kind == ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL)
        return fmt::format("it does not speak ZMTP as it should (0x{:x})", value);
    return "it left, or said nothing that is ZMTP";
}

}  // namespace

ConsumerMonitor::ConsumerMonitor(ZmqContext& context, Loop& loop, ZmqSocket& watched)
    : watched_(watched), events_(context, ZMQ_PAIR, /*linger_ms=*/0), again_(loop.create([this] { receive(); })) {
    events_.set(ZMQ_RCVHWM, 0);
    // A name that none before had: libzmq gives a name free some time after its socket.
    const auto name =
        fmt::format("inproc://consumers-{}-{}", static_cast<const void*>(this), now().time_since_epoch().count());
    if (zmq_socket_monitor(watched_.get(), name.c_str(), kWatched) != 0 ||
        zmq_connect(events_.get(), name.c_str()) != 0)
        throw std::runtime_error(fmt::format("the monitor of the stream socket: {}", zmq_strerror(zmq_errno())));
    loop.watch(events_.descriptor(), [this] { receive(); });
    drain();  // a pipe that was never read gives no sign
}

ConsumerMonitor::~ConsumerMonitor() {
    // Before its reader goes: libzmq's thread would wait for one for ever.
    zmq_socket_monitor(watched_.get(), nullptr, 0);
    for (const auto& [link, duplicate] : looked_at_)
        close(duplicate);
}

void ConsumerMonitor::receive() {
    drain();
    for (std::size_t count = 0; count < kEventsPerTurn; ++count) {
        if (pending_.empty() && !drain()) return;
        const Event event = std::move(pending_.front());
        pending_.pop_front();
        take(event);
    }
    again_->arm(now());
}

// Takes what is there off the socket: to its end, or its sign would be lost. False = nothing is pending.
bool ConsumerMonitor::drain() {
    while (pending_.size() < kMaxPending) {
        ZmqMessage frame;
        if (!frame.receive(events_)) break;
        Event event;
        const auto bytes = frame.view();
        if (bytes.size() >= sizeof event.kind + sizeof event.value) {
            std::memcpy(&event.kind, bytes.data(), sizeof event.kind);
            std::memcpy(&event.value, bytes.data() + sizeof event.kind, sizeof event.value);
        }
        if (frame.more() && frame.receive(events_)) event.endpoint = frame.view();
        pending_.push_back(std::move(event));
    }
    return !pending_.empty();
}

// Or may do so: more is told than can be held.
bool ConsumerMonitor::ends_later(int link) const {
    return pending_.size() >= kMaxPending || std::ranges::any_of(pending_, [link](const Event& event) {
               return event.kind == ZMQ_EVENT_DISCONNECTED && static_cast<int>(event.value) == link;
           });
}

void ConsumerMonitor::take(const Event& event) {
    if (event.kind == ZMQ_EVENT_ACCEPTED)
        accepted(static_cast<int>(event.value), event.endpoint);
    else if (event.kind == ZMQ_EVENT_DISCONNECTED)
        disconnected(static_cast<int>(event.value));
    else  // the end of the same connection is the next thing that libzmq's one thread tells
        handshake_failure_ = handshake_failure(event.kind, event.value);
}

void ConsumerMonitor::accepted(int link, const std::string& endpoint) {
    int duplicate = ends_later(link) ? -1 : fcntl(link, F_DUPFD_CLOEXEC, 0);
    drain();
    if (duplicate >= 0 && ends_later(link)) close(std::exchange(duplicate, -1));
    list_.opened(link, duplicate >= 0 ? peer_of(duplicate) : kUnknownPeer, endpoint, wall());
    if (const auto old = looked_at_.find(link); old != looked_at_.end()) {
        close(old->second);
        looked_at_.erase(old);
    }
    if (duplicate >= 0) looked_at_[link] = duplicate;
}

void ConsumerMonitor::disconnected(int link) {
    EndSigns signs;
    const std::string failure = std::exchange(handshake_failure_, {});
    signs.handshake_failure = failure;
    if (const auto found = looked_at_.find(link); found != looked_at_.end()) {
        signs.seen = true;
        signs.peer_has_ended = peer_has_ended(found->second);
        signs.has_unsent = has_unsent(found->second);
        close(found->second);
        looked_at_.erase(found);
    }
    list_.closed(link, end_reason(signs), wall());
}

}  // namespace fairlead::net
