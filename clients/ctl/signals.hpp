// SIGINT and SIGTERM, and what else is asked for, as something to read. Made before any thread, so that every thread
// keeps them blocked. SIGPIPE is ignored: a closed stdout is seen when it is written to.
#pragma once

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace fairlead::ctl {

class Signals {
public:
    Signals(std::initializer_list<int> further = {}) {
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : {SIGINT, SIGTERM})
            sigaddset(&set, signal);
        for (const int signal : further)
            sigaddset(&set, signal);
        pthread_sigmask(SIG_BLOCK, &set, nullptr);
        fd_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        std::signal(SIGPIPE, SIG_IGN);
    }
    ~Signals() {
        if (fd_ >= 0) close(fd_);
    }
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    int fd() const { return fd_; }
    // 0 = none is waiting.
    int take() const {
        signalfd_siginfo info{};
        return read(fd_, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
    }

private:
    int fd_ = -1;
};

}  // namespace fairlead::ctl
