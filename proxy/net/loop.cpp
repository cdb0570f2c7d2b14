#include "net/loop.hpp"

#include <fcntl.h>
#include <libwebsockets.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace fairlead::net {
namespace {

// Above one TLS record, or flow control spins; a burst, or a message of 64 KiB with its header, comes in one read.
constexpr unsigned kServiceBufferBytes = 256 * 1024;
constexpr int kEventsPerTurn = 64;                   // the others come in the next turn
constexpr unsigned short kHeaderBytes = 16384;       // response headers of the upgrade
constexpr unsigned kPhaseTimeoutSeconds = 2 * 3600;  // links have deadlines of their own, to the millisecond

[[noreturn]] void fail(const char* what) {
    throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

struct Loop::Callback {
    static int on_event(lws* wsi, lws_callback_reasons reason, void* /*user*/, void* /*in*/, size_t /*len*/) {
        // The sockets are polled beside it.
        if (reason == LWS_CALLBACK_RAW_RX_FILE)
            static_cast<Loop*>(lws_context_user(lws_get_context(wsi)))->call_readable(0, /*sockets_too=*/false);
        return 0;
    }
};

class Loop::TimerEntry final : public seam::Timer {
public:
    TimerEntry(Loop& loop, std::function<void()> fired)
        : loop_(loop), fired_(std::make_shared<std::function<void()>>(std::move(fired))) {}
    ~TimerEntry() override { cancel(); }

    void arm(core::SteadyTime when) override {
        cancel();
        key_ = {when, ++loop_.armings_};
        loop_.armed_.emplace(key_, this);
        armed_ = true;
        loop_.set_alarm();
    }

    void cancel() override {
        if (!armed_) return;
        loop_.armed_.erase({key_, this});
        armed_ = false;
    }

    // Shared, because the callback may destroy its own timer.
    std::shared_ptr<std::function<void()>> take() {
        cancel();
        return fired_;
    }

private:
    Loop& loop_;
    std::shared_ptr<std::function<void()>> fired_;
    Key key_{};
    bool armed_ = false;
};

Loop::Loop() {
    unsetenv("http_proxy");  // libwebsockets would obey it, even for loopback
    lws_context_creation_info info{};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    info.pt_serv_buf_size = kServiceBufferBytes;
    info.max_http_header_data = kHeaderBytes;
    info.timeout_secs = kPhaseTimeoutSeconds;
    info.ka_time = 30;
    info.ka_interval = 5;
    info.ka_probes = 3;
    info.user = this;
    context_ = lws_create_context(&info);
    if (!context_) throw std::runtime_error("libwebsockets cannot be started: is the limit of open files very low?");

    static constexpr std::array<lws_protocols, 2> kProtocols{
        {{"descriptors", &Callback::on_event, 0, 0, 0, nullptr, 0}, {nullptr, nullptr, 0, 0, 0, nullptr, 0}}};
    info.options |= LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;  // no TLS here; reading them takes milliseconds
    info.protocols = kProtocols.data();
    info.vhost_name = "descriptors";
    vhost_ = lws_create_vhost(context_, &info);
    if (!vhost_) throw std::runtime_error("libwebsockets cannot make a virtual host");

    epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd_ < 0) fail("epoll_create1");
    adopt(epoll_fd_);
    timer_fd_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (timer_fd_ < 0) fail("timerfd_create");
    watch(timer_fd_, [this] { fire_timers(); });
    wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wake_fd_ < 0) fail("eventfd");
    watch(wake_fd_, [this] { run_posted(); });
}

Loop::~Loop() {
    close();
    if (wake_fd_ >= 0) ::close(wake_fd_);
    if (timer_fd_ >= 0) ::close(timer_fd_);
    if (epoll_fd_ >= 0) ::close(epoll_fd_);
}

void Loop::close() {
    {
        const std::lock_guard lock(mutex_);
        if (std::exchange(closed_, true)) return;
        posted_.clear();
    }
    lws_context_destroy(context_);
}

void Loop::turn() {
    end_work();
    const bool due = std::exchange(attention_due_, false);
    if (attention_ > 0)
        lws_service(context_, 0);  // waits
    else if (due)
        lws_service(context_, -1);
    else
        call_readable(-1, /*sockets_too=*/true);
}

void Loop::end_work() {
    if (work_began_ == core::SteadyTime{}) return;
    const auto took = steady_now() - std::exchange(work_began_, {});
    turns_.longest = std::max(turns_.longest, took);
    if (took > TurnCounters::kStall) ++turns_.stalls;
}

void Loop::turn_again() {
    const std::uint64_t one = 1;
    // Full = it is awake.
    [[maybe_unused]] const auto size = write(wake_fd_, &one, sizeof one);
}

void Loop::post(std::function<void()> call) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    posted_.push_back(std::move(call));
    turn_again();
}

void Loop::run_posted() {
    std::uint64_t wakes = 0;
    [[maybe_unused]] const auto size = read(wake_fd_, &wakes, sizeof wakes);
    std::deque<std::function<void()>> calls;
    {
        const std::lock_guard lock(mutex_);
        calls.swap(posted_);
    }
    for (const auto& call : calls)
        call();
}

void Loop::watch(int fd, std::function<void()> readable) {
    add_watch(fd, {.readable = std::move(readable)});
}

std::unique_ptr<Loop::SocketWatch> Loop::watch_socket(int fd, std::function<void()> readable) {
    return std::make_unique<SocketWatch>(*this, fd,
                                         add_watch(fd, {.readable = std::move(readable), .of_libwebsockets = true}));
}

Loop::Watches::iterator Loop::add_watch(int fd, Watch watch) {
    const auto added = watches_.insert(watches_.end(), std::move(watch));
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &*added;
    if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0) return added;
    watches_.erase(added);
    fail("epoll_ctl");
}

Loop::SocketWatch::~SocketWatch() {
    epoll_ctl(loop_.epoll_fd_, EPOLL_CTL_DEL, fd_, nullptr);
    watch_->over = true;
    loop_.ended_watches_.splice(loop_.ended_watches_.end(), loop_.watches_, watch_);
}

void Loop::call_readable(int timeout_ms, bool sockets_too) {
    std::array<epoll_event, kEventsPerTurn> events;
    const int count = epoll_wait(epoll_fd_, events.data(), kEventsPerTurn, timeout_ms);
    if (count <= 0) return;
    note_work();
    for (const auto& event : std::span(events).first(static_cast<std::size_t>(count))) {
        const auto& watch = *static_cast<const Watch*>(event.data.ptr);
        if (!watch.over && (sockets_too || !watch.of_libwebsockets)) watch.readable();
    }
    ended_watches_.clear();
}

void Loop::adopt(int fd) {
    const int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (duplicate < 0) fail("fcntl(F_DUPFD_CLOEXEC)");
    lws_adopt_desc_t info{};
    info.vh = vhost_;
    info.type = LWS_ADOPT_RAW_FILE_DESC;
    info.fd.filefd = duplicate;
    info.vh_prot_name = "descriptors";
    if (!lws_adopt_descriptor_vhost_via_info(&info)) throw std::runtime_error("libwebsockets refuses a descriptor");
}

std::unique_ptr<seam::Timer> Loop::create(std::function<void()> fired) {
    return std::make_unique<TimerEntry>(*this, std::move(fired));
}

void Loop::fire_timers() {
    std::uint64_t expirations = 0;
    // It may have been set anew since: what is due is found below.
    [[maybe_unused]] const auto size = read(timer_fd_, &expirations, sizeof expirations);
    alarm_ = {};
    attention_due_ = true;
    const auto now = steady_now();
    const auto last_arming = armings_;
    while (!armed_.empty() && armed_.begin()->first.first <= now && armed_.begin()->first.second <= last_arming) {
        const auto fired = armed_.begin()->second->take();
        (*fired)();
    }
    set_alarm();
}

void Loop::set_alarm() {
    if (armed_.empty()) return;  // an alarm that is still set finds nothing to do, once
    const auto earliest = armed_.begin()->first.first;
    if (earliest == alarm_) return;
    alarm_ = earliest;
    // Zero would disarm.
    const auto since_boot = std::max(earliest.time_since_epoch(), core::Duration{1});
    itimerspec when{};
    when.it_value.tv_sec = static_cast<time_t>(since_boot / std::chrono::seconds{1});
    when.it_value.tv_nsec = static_cast<long>((since_boot % std::chrono::seconds{1}).count());
    timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace fairlead::net
