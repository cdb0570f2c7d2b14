#include "net/file_watch.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <filesystem>
#include <stdexcept>

namespace fairlead::net {
namespace {

// Not IN_MODIFY: a log that is written into the same directory would wake us for each of its lines.
constexpr std::uint32_t kInDirectory = IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR;
constexpr std::uint32_t kInFile = IN_CLOSE_WRITE | IN_MODIFY;
constexpr int kMaxLinks = 40;  // as the kernel has it

core::SteadyTime now() {
    return std::chrono::time_point_cast<core::Duration>(std::chrono::steady_clock::now());
}

std::string absolute(const std::string& path) {
    std::error_code failed;
    const auto whole = std::filesystem::absolute(path, failed);
    return failed ? path : whole.string();
}

}  // namespace

std::vector<std::string> places_on_the_way(const std::string& path) {
    namespace fs = std::filesystem;
    std::vector<std::string> places;
    const auto add = [&places](const fs::path& place) {
        if (std::ranges::find(places, place.string()) == places.end()) places.push_back(place.string());
    };
    std::deque<fs::path> names;
    for (const auto& name : fs::path(path).relative_path())
        names.push_back(name);
    fs::path at("/");
    for (int links = 0; !names.empty();) {
        const fs::path name = names.front();
        names.pop_front();
        if (names.empty()) add(at);
        std::error_code failed;
        const auto target = fs::read_symlink(at / name, failed);
        if (failed) {  // no link
            at = name == ".." ? at.parent_path() : at / name;
            continue;
        }
        add(at);
        if (++links > kMaxLinks) break;
        std::deque<fs::path> further;
        for (const auto& part : target.relative_path())
            further.push_back(part);
        names.insert(names.begin(), further.begin(), further.end());
        if (target.is_absolute()) at = "/";
    }
    return places;
}

FileWatch::FileWatch(Loop& loop, const std::string& path, std::function<void()> changed)
    : path_(absolute(path)), changed_(std::move(changed)), timer_(loop.create([this] { settle(); })) {
    fd_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd_ < 0) throw std::runtime_error(std::string("inotify: ") + std::strerror(errno));
    try {
        loop.watch(fd_, [this] { on_events(); });
    } catch (...) {
        close(fd_);
        throw;
    }
    watch_places();
    last_ = look();
}

FileWatch::~FileWatch() {
    close(fd_);
}

FileWatch::Stamp FileWatch::look() const {
    struct stat file {};
    if (stat(path_.c_str(), &file) != 0) return {};
    return {.device = file.st_dev,
            .inode = file.st_ino,
            .bytes = file.st_size,
            .modified_s = file.st_mtim.tv_sec,
            .modified_ns = file.st_mtim.tv_nsec};
}

// A place that is watched already keeps its number; what is not on the way any more is let go.
void FileWatch::watch_places() {
    std::vector<int> watched;
    const auto watch = [&](const std::string& place, std::uint32_t events) {
        const int number = inotify_add_watch(fd_, place.c_str(), events);
        if (number >= 0) watched.push_back(number);
    };
    for (const auto& place : places_on_the_way(path_))
        watch(place, kInDirectory);
    watch(path_, kInFile);
    for (const int number : watched_)
        if (std::ranges::find(watched, number) == watched.end()) inotify_rm_watch(fd_, number);
    watched_ = std::move(watched);
}

void FileWatch::on_events() {
    alignas(inotify_event) std::array<char, 4096> events{};
    while (read(fd_, events.data(), events.size()) > 0)
        continue;  // which they are does not matter
    const auto time = now();
    if (latest_ == core::SteadyTime{}) latest_ = time + kAtLast;
    timer_->arm(std::min(time + kQuiet, latest_));
}

void FileWatch::settle() {
    latest_ = {};
    watch_places();
    const auto stamp = look();
    // Between two names there may be no file: the next one brings a sign of its own.
    if (stamp == Stamp{} || stamp == last_) return;
    last_ = stamp;
    changed_();
}

}  // namespace fairlead::net
