// The sockets of a Subscriber: options, waiting, draining. What a message means is in dispatcher.cpp.
#include "fairlead/subscriber.hpp"

#include "dispatcher.hpp"
#include "prefixes.hpp"
#include "replay_sockets.hpp"
#include "wakeup.hpp"
#include "zmq_handles.hpp"

#include <algorithm>
#include <atomic>
#include <optional>
#include <vector>

namespace fairlead::client {
namespace {

using Clock = std::chrono::steady_clock;

// As good as for ever, and far from where time overflows.
constexpr std::chrono::hours kLongestWait{24 * 365};

// Messages that are read from one socket before it is the other's turn.
constexpr int kTurn = 64;

[[noreturn]] void refuse(const std::string& what) {
    throw ClientError(what + ": " + zmq_strerror(errno));
}

}  // namespace

class Subscriber::Impl {
public:
    Impl(const Options& options, Callbacks callbacks)
        : context_(options.context),
          socket_(zmq_socket(context_.get(), ZMQ_SUB)),
          replay_sockets_(context_, [this](int fd) { return gathering_.add(fd); }),
          dispatcher_(
              options, std::move(callbacks), Clock::now,
              {.open = [this](const std::string& endpoint) { return replay_sockets_.open(endpoint); },
               .send = [this](const std::string& endpoint,
                              const v1::Request& request) { return replay_sockets_.send(endpoint, request); }}) {
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
        for (const int fd : {stream_fd(), waker_.fd(), alarm_.fd()}) {
            if (!gathering_.add(fd)) refuse("cannot watch a descriptor");
        }
    }

    // An exception of a callback leaves work behind that no descriptor tells of any more: the alarm does.
    int poll(std::chrono::milliseconds timeout, int max_messages) {
        try {
            const int done = wait_and_drain(timeout, std::max(max_messages, 1));
            alarm_.set(dispatcher_.deadline());
            return done;
        } catch (...) {
            alarm_.set(Clock::now());
            throw;
        }
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

    int fd() const { return gathering_.fd(); }

    const Dispatcher& dispatcher() const { return dispatcher_; }

private:
    enum class Woken { ByEvent, ByDeadline, Terminated };

    int wait_and_drain(std::chrono::milliseconds timeout, int wanted) {
        std::optional<Clock::time_point> end;
        if (timeout.count() >= 0) end = Clock::now() + std::min<std::chrono::milliseconds>(timeout, kLongestWait);
        int done = drain(wanted);
        while (done == 0) {
            const Woken woken = wait(end);
            if (woken == Woken::Terminated) return -1;
            done = drain(wanted);
            if (woken != Woken::ByDeadline) break;
        }
        return done;
    }

    // Until there is something to read, a signal, `end`, or a deadline of the recovery before that.
    Woken wait(std::optional<Clock::time_point> end) {
        const auto deadline = dispatcher_.deadline();
        const bool sooner = deadline && (!end || *deadline < *end);
        const auto until = sooner ? deadline : end;
        long timeout = -1;
        if (until) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until - Clock::now()).count();
            timeout = static_cast<long>(std::max<long long>(left, 0));
        }
        items_.assign({{socket_.get(), 0, ZMQ_POLLIN, 0}, {nullptr, waker_.fd(), ZMQ_POLLIN, 0}});
        replay_sockets_.add_to(items_);
        const int ready = zmq_poll(items_.data(), static_cast<int>(items_.size()), timeout);
        if (ready < 0) return errno == ETERM ? Woken::Terminated : Woken::ByEvent;
        if (items_[1].revents != 0) waker_.clear();
        return ready == 0 && sooner ? Woken::ByDeadline : Woken::ByEvent;
    }

    // Stream and replays by turns, also from one call to the next, so that neither starves. Nobody is given up before
    // everything that has come was read: this process may have been stopped for longer than any timeout.
    int drain(int max) {
        int done = 0;
        int quiet_turns = 0;
        while (done < max && quiet_turns < 2) {
            replays_turn_ = !replays_turn_;
            const int turn = std::min(kTurn, max - done);
            const int handled = replays_turn_ ? drain_replays(turn) : drain_stream(turn);
            if (handled < 0) return -1;
            done += handled;
            bool worked = handled != 0;
            if (replays_turn_ && handled < turn) worked = dispatcher_.on_time() || worked;
            quiet_turns = worked ? 0 : quiet_turns + 1;
        }
        return done;
    }

    // Both: what may be delivered goes before what may be read.
    int drain_stream(int max) {
        int done = 0;
        while (done < max) {
            done += dispatcher_.release(max - done);
            if (done >= max) break;
            Frame first;
            if (zmq_msg_recv(first.get(), socket_.get(), ZMQ_DONTWAIT) < 0)
                return errno == ETERM && done == 0 ? -1 : done;
            ++done;
            dispatch(first);
        }
        return done;
    }

    int drain_replays(int max) {
        int done = 0;
        while (done < max) {
            done += dispatcher_.release(max - done);
            if (done >= max || !replay_sockets_.receive(handler_)) break;
            ++done;
        }
        return done;
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

    int stream_fd() const {
        int fd = -1;
        std::size_t size = sizeof fd;
        zmq_getsockopt(socket_.get(), ZMQ_FD, &fd, &size);
        return fd;
    }

    Waker waker_;
    Alarm alarm_;
    Gathering gathering_;
    std::atomic<bool> stopped_{false};
    static_assert(std::atomic<bool>::is_always_lock_free, "stop() is called in signal handlers");
    Context context_;
    Socket socket_;
    ReplaySockets replay_sockets_;
    Dispatcher dispatcher_;
    bool replays_turn_ = true;  // the turn that was last
    const ReplaySockets::Handler handler_{
        .on_reply = [this](std::string_view endpoint, std::string_view body) { dispatcher_.on_reply(endpoint, body); },
        .on_message = [this](std::string_view endpoint, std::string_view frame0,
                             std::string_view frame1) { dispatcher_.on_replayed(endpoint, frame0, frame1); }};
    std::vector<zmq_pollitem_t> items_;
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
