// What a thread can wait for beside a socket: an eventfd that any thread signals, a deadline, and one epoll descriptor
// over these and the descriptors of the sockets.
#pragma once

#include "fairlead/error.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace fairlead::client {

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {
        if (fd_ < 0) throw ClientError("there are no descriptors left");
    }
    ~Descriptor() { close(fd_); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return fd_; }

private:
    int fd_;
};

// Signalled from any thread or signal handler; readable in a poll.
class Waker {
public:
    Waker() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

    // Either can fail only because there is nothing left to do: the counter is full, or zero.
    void wake() const { [[maybe_unused]] const int result = eventfd_write(fd_.get(), 1); }
    void clear() const {
        eventfd_t count = 0;
        [[maybe_unused]] const int result = eventfd_read(fd_.get(), &count);
    }
    int fd() const { return fd_.get(); }

private:
    Descriptor fd_;
};

// Readable from its deadline on.
class Alarm {
public:
    using Time = std::chrono::steady_clock::time_point;

    Alarm() : fd_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {}

    void set(std::optional<Time> deadline) {
        if (deadline == deadline_) return;
        deadline_ = deadline;
        itimerspec when{};
        if (deadline) {
            // Zero would disarm it; a deadline that has passed makes it readable at once.
            const auto ns = std::max<std::int64_t>(
                std::chrono::duration_cast<std::chrono::nanoseconds>(deadline->time_since_epoch()).count(), 1);
            when.it_value.tv_sec = ns / 1'000'000'000;
            when.it_value.tv_nsec = ns % 1'000'000'000;
        }
        timerfd_settime(fd_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
    }
    int fd() const { return fd_.get(); }

private:
    Descriptor fd_;
    std::optional<Time> deadline_;
};

class Gathering {
public:
    Gathering() : fd_(epoll_create1(EPOLL_CLOEXEC)) {}

    bool add(int fd) const {
        epoll_event event{};
        event.events = EPOLLIN;
        return epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
    }
    int fd() const { return fd_.get(); }

private:
    Descriptor fd_;
};

}  // namespace fairlead::client
