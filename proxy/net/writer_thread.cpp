#include "net/writer_thread.hpp"

#include <sched.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace fairlead::net {
namespace {

constexpr std::string_view kThreads = "/proc/self/task";
constexpr std::string_view kName = "ZMQbg/IO/";  // libzmq's name of it, with a number

std::vector<pid_t> writers() {
    std::vector<pid_t> found;
    std::error_code ignored;
    for (const auto& task : std::filesystem::directory_iterator(kThreads, ignored)) {
        std::string name;
        std::getline(std::ifstream(task.path() / "comm"), name);
        const std::string number = task.path().filename();
        pid_t thread = 0;
        std::from_chars(number.data(), number.data() + number.size(), thread);
        if (name.starts_with(kName) && sched_getscheduler(thread) == SCHED_OTHER) found.push_back(thread);
    }
    return found;
}

}  // namespace

// Linux, Documentation/scheduler/sched-stats.rst.
std::optional<Waits> own_waits() {
    std::ifstream file("/proc/thread-self/schedstat");
    std::uint64_t ran_ns = 0;
    std::int64_t waited_ns = 0;
    std::uint64_t runs = 0;
    if (!(file >> ran_ns >> waited_ns >> runs)) return std::nullopt;
    return Waits{runs, core::Duration{waited_ns}};
}

void WriterThread::look(core::SteadyTime now) {
    if (now < next_look_) return;
    next_look_ = now + kLookInterval;
    const auto waits = waits_();
    if (!waits) return;
    if (!threads_) threads_ = writers();  // not in the constructor: ZeroMQ's thread gives itself its name
    set_batch(!crowding_.observe(waits->runs, waits->waited));
}

void WriterThread::set_batch(bool batch) {
    if (batch == batch_) return;
    batch_ = batch;
    const sched_param none{};
    for (const pid_t thread : *threads_)
        sched_setscheduler(thread, batch ? SCHED_BATCH : SCHED_OTHER, &none);
}

}  // namespace fairlead::net
