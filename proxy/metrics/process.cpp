#include "metrics/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace fairlead::metrics {
namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// When the machine was started, in seconds since the Unix epoch.
double boot_time() {
    std::ifstream file("/proc/stat");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with("btime ")) continue;
        double time = 0;
        std::istringstream(line.substr(6)) >> time;
        return time;
    }
    return 0;
}

// Field 22 of /proc/self/stat; the second one is the name in brackets, which may hold anything.
double start_time() {
    constexpr int kFieldsBetween = 19;
    std::ifstream file("/proc/self/stat");
    std::string line;
    std::getline(file, line);
    std::istringstream rest(line.substr(std::min(line.rfind(')') + 1, line.size())));
    std::string skipped;
    for (int i = 0; i < kFieldsBetween; ++i)
        rest >> skipped;
    double ticks = 0;
    if (!(rest >> ticks)) return 0;
    return boot_time() + ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t resident() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t pages = 0;
    file >> size >> pages;
    return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t open_files() {
    std::error_code error;
    std::uint64_t count = 0;
    for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
         entry.increment(error))
        ++count;
    return count > 0 ? count - 1 : 0;  // one of them was for this reading
}

// Of the first thread. Linux, Documentation/scheduler/sched-stats.rst.
double first_waited() {
    std::ifstream file("/proc/self/schedstat");
    double ran_ns = 0;
    double waited_ns = 0;
    file >> ran_ns >> waited_ns;
    return waited_ns / 1e9;
}

}  // namespace

ProcessNumbers read_process() {
    static const double started = start_time();
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return {.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime),
            .resident_bytes = resident(),
            .open_fds = open_files(),
            .start_time_seconds = started,
            .first_waited_seconds = first_waited()};
}

}  // namespace fairlead::metrics
