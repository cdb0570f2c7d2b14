// The socket of a Subscriber: options, waiting, draining. What a message means is in dispatcher.cpp.
#include "fairlead/subscriber.hpp"

#include "dispatcher.hpp"
#include "prefixes.hpp"
#include "zmq_handles.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

namespace fairlead::client {
namespace {

// Signalled from any thread or signal handler; readable in a poll.
class Waker {
public:
    Waker() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
        if (fd_ < 0) throw ClientError("cannot make an eventfd");
    }
    ~Waker() { close(fd_); }
    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;

    // Either can fail only because there is nothing left to do: the counter is full, or zero.
    void wake() const { [[maybe_unused]] const int result = eventfd_write(fd_, 1); }
    void clear() const {
        eventfd_t count = 0;
        [[maybe_unused]] const int result = eventfd_read(fd_, &count);
    }
    int fd() const { return fd_; }

private:
    int fd_;
};

[[noreturn]] void refuse(const std::string& what) {
    throw ClientError(what + ": " + zmq_strerror(errno));
}

}  // namespace

class Subscriber::Impl {
public:
    Impl(const Options& options, Callbacks callbacks)
        : context_(options.context),
          socket_(zmq_socket(context_.get(), ZMQ_SUB)),
          dispatcher_(std::move(callbacks), std::chrono::steady_clock::now) {
        if (!socket_) refuse("cannot make a SUB socket");
        // With a bounded send queue a SUB silently loses filters beyond that bound.
        if (!set_common_options(socket_) || !set_option(socket_, ZMQ_SNDHWM, 0) ||
            !set_option(socket_, ZMQ_RCVHWM, options.receive_high_water_mark))
            refuse("cannot set up the SUB socket");
        for (const std::string& filter : filters(options.prefixes)) {
            if (!set_option(socket_, ZMQ_SUBSCRIBE, filter)) refuse("cannot subscribe to " + filter);
        }
        if (options.endpoints.empty()) throw ClientError("a Subscriber needs an endpoint");
        for (const std::string& endpoint : options.endpoints) {
            if (zmq_connect(socket_.get(), endpoint.c_str()) != 0) refuse("cannot connect to " + endpoint);
        }
    }

    int poll(std::chrono::milliseconds timeout, int max_messages) {
        const int wanted = std::max(max_messages, 1);
        if (const int read = drain(wanted); read != 0) return read;
        zmq_pollitem_t items[] = {{socket_.get(), 0, ZMQ_POLLIN, 0}, {nullptr, waker_.fd(), ZMQ_POLLIN, 0}};
        const int ready = zmq_poll(items, 2, timeout.count() < 0 ? -1 : static_cast<long>(timeout.count()));
        if (ready < 0) return errno == ETERM ? -1 : 0;
        if (items[1].revents != 0) waker_.clear();
        return drain(wanted);
    }

    void run() {
        while (!stopped_.exchange(false)) {
            if (poll(std::chrono::milliseconds{-1}, 1000) < 0) return;
        }
    }

    void stop() {
        stopped_ = true;
        waker_.wake();
    }

    int fd() const {
        int fd = -1;
        std::size_t size = sizeof fd;
        zmq_getsockopt(socket_.get(), ZMQ_FD, &fd, &size);
        return fd;
    }

    const Dispatcher& dispatcher() const { return dispatcher_; }

private:
    int drain(int max_messages) {
        for (int read = 0; read < max_messages; ++read) {
            Frame first;
            if (zmq_msg_recv(first.get(), socket_.get(), ZMQ_DONTWAIT) < 0) return errno == ETERM ? -1 : read;
            dispatch(first);
        }
        return max_messages;
    }

    // The frames of a message arrive together: what follows the first is there.
    void dispatch(Frame& first) {
        if (!first.more()) return dispatcher_.on_single_frame(first.bytes());
        Frame second;
        zmq_msg_recv(second.get(), socket_.get(), ZMQ_DONTWAIT);
        if (!second.more()) return dispatcher_.on_frames(first.bytes(), second.bytes());
        Frame surplus;
        do {
            zmq_msg_recv(surplus.get(), socket_.get(), ZMQ_DONTWAIT);
        } while (surplus.more());
        dispatcher_.on_undecodable();
    }

    Waker waker_;
    std::atomic<bool> stopped_{false};
    static_assert(std::atomic<bool>::is_always_lock_free, "stop() is called in signal handlers");
    Context context_;
    Socket socket_;
    Dispatcher dispatcher_;
};

Subscriber::Subscriber(const Options& options, Callbacks callbacks)
    : impl_(std::make_unique<Impl>(options, std::move(callbacks))) {}
Subscriber::~Subscriber() = default;

int Subscriber::poll(std::chrono::milliseconds timeout, int max_messages) {
    return impl_->poll(timeout, max_messages);
}
void Subscriber::run() {
    impl_->run();
}
void Subscriber::stop() {
    impl_->stop();
}
int Subscriber::fd() const {
    return impl_->fd();
}
bool Subscriber::alive() const {
    return impl_->dispatcher().alive();
}
v1::Liveness Subscriber::liveness(std::string_view connection) const {
    return impl_->dispatcher().liveness(connection);
}
const SubscriberCounters& Subscriber::counters() const {
    return impl_->dispatcher().counters();
}

}  // namespace fairlead::client
