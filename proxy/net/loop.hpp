// The relay thread's event loop: one epoll of timers, other descriptors, calls from other threads and the venues'
// sockets, as long as those only bring bytes. While one of them needs more (it connects, writes, ends), libwebsockets'
// own loop takes the turns, and the epoll is one of its descriptors.
//
// Facts about libwebsockets 4.1.6 that shape it:
//  - each of its turns costs for every descriptor that it polls, twice: in the kernel and in its own loop over them;
//  - its timers truncate to milliseconds and then poll without waiting for the rest, so ours stand on a timerfd;
//  - it closes descriptors that it has adopted: it gets a duplicate;
//  - everything that exists in a context hangs on a virtual host: descriptors have one of their own.
#pragma once

#include "core/time.hpp"
#include "seam/timers.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

struct lws_context;
struct lws_vhost;

namespace fairlead::net {

struct TurnCounters {
    std::uint64_t stalls = 0;  // turns that took longer than kStall
    core::Duration longest{};

    static constexpr core::Duration kStall = std::chrono::milliseconds{10};
};

// One thread owns it, except for post(). Throws std::runtime_error when the system refuses what it needs.
class Loop final : public seam::Timers {
public:
    Loop();
    ~Loop() override;
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    // Waits for the next event and handles what is due.
    void turn();
    // The next turn does not wait. Any thread.
    void turn_again();
    // To be called by what the loop calls back, before it does anything: a turn is measured from its first work to the
    // next turn, so that waiting does not count. Loop thread only.
    void note_work() {
        if (work_began_ == core::SteadyTime{}) work_began_ = steady_now();
    }
    const TurnCounters& turns() const { return turns_; }

    // Runs `call` on the loop's thread in a later turn; never, once the loop is closed. Any thread.
    void post(std::function<void()> call);
    // `readable` is called for as long as `fd` is readable (level-triggered). The caller keeps `fd`, and the watch
    // lasts as long as the loop.
    void watch(int fd, std::function<void()> readable);

    // The same for a socket of libwebsockets, in the turns that it does not take itself; until the watch is destroyed,
    // which has to be before the socket is closed. Loop thread only.
    class SocketWatch;
    std::unique_ptr<SocketWatch> watch_socket(int fd, std::function<void()> readable);
    // While one is wanted, libwebsockets takes the turns. Loop thread only.
    class Attention;
    bool takes_own_turns() const { return attention_ == 0; }

    std::unique_ptr<seam::Timer> create(std::function<void()> fired) override;

    // Ends every socket of the context, with their last callbacks. Afterwards only timers may still be destroyed.
    void close();

    lws_context* context() { return context_; }

private:
    class TimerEntry;
    struct Watch {
        std::function<void()> readable;
        bool of_libwebsockets = false;
        bool over = false;
    };
    using Watches = std::list<Watch>;
    struct Callback;
    // Deadline, and a number that grows with each arming: timers that are armed while others fire wait for the next
    // turn.
    using Key = std::pair<core::SteadyTime, std::uint64_t>;

    static core::SteadyTime steady_now() {
        return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
    }
    void end_work();
    void run_posted();
    void fire_timers();
    void set_alarm();
    void adopt(int fd);
    Watches::iterator add_watch(int fd, Watch watch);
    void call_readable(int timeout_ms, bool sockets_too);

    lws_context* context_ = nullptr;
    lws_vhost* vhost_ = nullptr;
    int epoll_fd_ = -1;  // of what is watched
    int timer_fd_ = -1;
    int wake_fd_ = -1;
    unsigned attention_ = 0;      // of those that are wanted
    bool attention_due_ = false;  // for its own timers
    std::set<std::pair<Key, TimerEntry*>> armed_;
    std::uint64_t armings_ = 0;
    core::SteadyTime alarm_{};       // what timer_fd_ is set to
    core::SteadyTime work_began_{};  // in this turn; zero = nothing has been done yet
    TurnCounters turns_;
    Watches watches_;
    Watches ended_watches_;  // which events that have been fetched may still point to
    std::mutex mutex_;
    std::deque<std::function<void()>> posted_;  // guarded by mutex_
    bool closed_ = false;                       // guarded by mutex_
};

class Loop::SocketWatch {
public:
    SocketWatch(Loop& loop, int fd, Watches::iterator watch) : loop_(loop), fd_(fd), watch_(watch) {}
    ~SocketWatch();
    SocketWatch(const SocketWatch&) = delete;
    SocketWatch& operator=(const SocketWatch&) = delete;

private:
    Loop& loop_;
    const int fd_;
    const Watches::iterator watch_;
};

// Wanted from the start.
class Loop::Attention {
public:
    explicit Attention(Loop& loop) : loop_(loop) { ++loop_.attention_; }
    ~Attention() { set(false); }
    Attention(const Attention&) = delete;
    Attention& operator=(const Attention&) = delete;

    void set(bool wanted) {
        if (std::exchange(wanted_, wanted) == wanted) return;
        loop_.attention_ += wanted ? 1U : -1U;
    }

private:
    Loop& loop_;
    bool wanted_ = true;
};

}  // namespace fairlead::net
