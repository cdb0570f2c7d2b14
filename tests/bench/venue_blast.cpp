// A venue on loopback that does nothing but send, as cheaply as it can: every microsecond that it takes is taken from
// the subject on the other side. Orders come on standard input (load.hpp), facts leave as lines of JSON.
//
//   venue_blast [--connections N] [--channels N] [--cert FILE --key FILE]
//
// {"port":…} when it listens; {"connected":N} when all have come; {"sent":…,"seconds":…} when a load is out. The first
// order waits for all connections.
#include "arguments.hpp"
#include "load.hpp"
#include "venue_connection.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace fairlead::bench {
namespace {

constexpr std::size_t kUnlimitedBytes = std::size_t{64} << 10;  // written at once when there is no rate
constexpr std::uint64_t kListenId = ~std::uint64_t{0};
constexpr std::uint64_t kInputId = kListenId - 1;

struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, FreeContext>;

TlsContext make_context(const std::string& certificate, const std::string& key) {
    if (certificate.empty()) return nullptr;
    TlsContext context{SSL_CTX_new(TLS_server_method())};
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
        throw std::runtime_error("the certificate cannot be used");
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

class Venue {
public:
    explicit Venue(const Arguments& arguments)
        : context_(make_context(arguments.text("--cert", ""), arguments.text("--key", ""))),
          connections_(static_cast<std::size_t>(arguments.number("--connections", "1"))),
          channels_(static_cast<unsigned>(arguments.number("--channels", "1"))),
          load_(static_cast<unsigned>(connections_.size()) * channels_),
          poll_(epoll_create1(0)) {
        listen_on_any_port();
        watch(STDIN_FILENO, EPOLLIN, kInputId);
    }

    void run() {
        while (!input_closed_) {
            wait();
            if (is_complete()) send_due();
        }
    }

private:
    void listen_on_any_port() {
        listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        if (bind(listener_, generic, size) != 0 || listen(listener_, SOMAXCONN) != 0 ||
            getsockname(listener_, generic, &size) != 0)
            throw std::runtime_error("cannot listen");
        watch(listener_, EPOLLIN, kListenId);
        say("port", ntohs(address.sin_port));
    }

    void watch(int descriptor, std::uint32_t events, std::uint64_t id) const {
        epoll_event event{};
        event.events = events;
        event.data.u64 = id;
        if (epoll_ctl(poll_, EPOLL_CTL_ADD, descriptor, &event) != 0) throw std::runtime_error("cannot watch");
    }

    static void say(const char* name, std::uint64_t value) {
        std::printf("{\"%s\":%llu}\n", name, static_cast<unsigned long long>(value));
        std::fflush(stdout);
    }

    bool is_complete() const { return open_ == connections_.size(); }

    // Until something is due or happens.
    void wait() {
        std::array<epoll_event, 64> events{};
        timespec timeout{};
        const timespec* limit = nullptr;
        if (const auto next = is_complete() && !is_blocked() ? load_.next_due() : std::nullopt) {
            const std::int64_t left = std::max<std::int64_t>(0, *next - now_ns());
            timeout.tv_sec = left / 1'000'000'000;
            timeout.tv_nsec = left % 1'000'000'000;
            limit = &timeout;
        }
        const int count = epoll_pwait2(poll_, events.data(), static_cast<int>(events.size()), limit, nullptr);
        for (int index = 0; index < count; ++index)
            handle(events[static_cast<std::size_t>(index)].data.u64);
    }

    // Without limit of rate, nothing can be done until the sockets take what they have been given.
    bool is_blocked() const { return load_.is_unlimited() && !is_all_out(); }

    void handle(std::uint64_t id) {
        if (id == kListenId) return accept_all();
        if (id == kInputId) return read_orders();
        auto& connection = connections_[id];
        if (!connection) return;
        const bool was_open = connection->is_open();
        if (!connection->ready()) return end(connection);
        if (!was_open && connection->is_open()) {
            ++open_;
            if (is_complete()) say("connected", open_);
        }
    }

    void end(std::unique_ptr<VenueConnection>& connection) {
        if (connection->is_open()) --open_;
        connection.reset();
    }

    void accept_all() {
        for (;;) {
            const int descriptor = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
            if (descriptor < 0) return;
            const auto free = std::find(connections_.begin(), connections_.end(), nullptr);
            if (free == connections_.end()) {
                close(descriptor);
                continue;
            }
            const int yes = 1;
            setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            *free = std::make_unique<VenueConnection>(descriptor, context_.get());
            watch(descriptor, EPOLLIN | EPOLLOUT | EPOLLET, static_cast<std::uint64_t>(free - connections_.begin()));
        }
    }

    void read_orders() {
        std::array<char, 512> buffer{};
        const ssize_t count = read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count <= 0) {
            input_closed_ = true;
            return;
        }
        input_.append(buffer.data(), static_cast<std::size_t>(count));
        for (std::size_t end = 0; (end = input_.find('\n')) != std::string::npos; input_.erase(0, end + 1)) {
            const auto order = read_order(std::string_view{input_}.substr(0, end));
            if (!order) throw std::runtime_error("this order is not understood: " + input_);
            load_.begin(*order, now_ns());
        }
    }

    void send_due() {
        if (load_.is_unlimited())
            send_unlimited();
        else
            send_paced();
        const std::int64_t now = now_ns();
        const std::uint64_t sent = load_.taken();
        const double seconds = static_cast<double>(now - load_.began()) / 1e9;
        if (is_all_out() && load_.finish(now)) {
            std::printf("{\"sent\":%llu,\"seconds\":%.6f}\n", static_cast<unsigned long long>(sent), seconds);
            std::fflush(stdout);
        }
    }

    // A burst is written at once, all else message by message, as a venue would.
    void send_paced() {
        const bool at_once = load_.order().burst > 1;
        for (std::uint64_t left = load_.due(now_ns()); left > 0; --left) {
            auto& connection = append_next(now_ns());
            if (connection && !at_once && !connection->flush()) end(connection);
        }
        flush_all();
    }

    // Each piece when the one before it is out.
    void send_unlimited() {
        if (is_blocked()) return;
        std::size_t bytes = 0;
        for (std::int64_t now = now_ns(); bytes < kUnlimitedBytes && load_.due(now) > 0; now = now_ns()) {
            append_next(now);
            bytes += load_.order().size;
        }
        flush_all();
    }

    void flush_all() {
        for (auto& connection : connections_)
            if (connection && !connection->flush()) end(connection);
    }

    std::unique_ptr<VenueConnection>& append_next(std::int64_t now) {
        const Frame& frame = load_.take(now);
        auto& connection = connections_[load_.stream() / channels_];
        if (connection) connection->append(frame.bytes());
        return connection;
    }

    bool is_all_out() const {
        return std::all_of(connections_.begin(), connections_.end(),
                           [](const auto& connection) { return !connection || connection->pending() == 0; });
    }

    const TlsContext context_;
    std::vector<std::unique_ptr<VenueConnection>> connections_;
    const unsigned channels_;  // of each connection
    Load load_;
    const int poll_;
    int listener_ = -1;
    std::size_t open_ = 0;
    bool input_closed_ = false;
    std::string input_;
};

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
    try {
        fairlead::bench::sharpen_timers();
        fairlead::bench::Venue{fairlead::bench::Arguments{argc, argv}}.run();
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "venue_blast: %s\n", error.what());
        return 1;
    }
}
