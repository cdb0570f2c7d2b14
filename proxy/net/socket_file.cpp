#include "net/socket_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string_view>

namespace fairlead::net {
namespace {

constexpr std::string_view kScheme = "ipc://";

[[noreturn]] void refuse(const std::string& text) {
    throw std::runtime_error(text);
}

std::string read_lock(int fd) {
    std::array<char, 128> text{};
    const auto length = pread(fd, text.data(), text.size() - 1, 0);
    return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : std::string();
}

// Somebody accepts connections there.
bool is_served(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return true;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int failed = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const bool nobody = failed != 0 && errno == ECONNREFUSED;
    close(fd);
    return !nobody;
}

}  // namespace

SocketFile::SocketFile(const std::string& endpoint) {
    if (!std::string_view(endpoint).starts_with(kScheme)) return;
    path_ = endpoint.substr(kScheme.size());
    lock_path_ = path_ + ".lock";
    try {
        lock();
        clear_path();
    } catch (...) {
        if (lock_fd_ >= 0) close(lock_fd_);
        throw;
    }
}

void SocketFile::lock() {
    const auto directory = std::filesystem::path(path_).parent_path();
    std::error_code error;
    // The last part only: a mistyped path should not grow a tree.
    if (!std::filesystem::exists(directory, error) && mkdir(directory.c_str(), 0750) != 0)
        refuse(fmt::format(
            "{}: the directory {} does not exist and cannot be made ({}): create it, writable for this user, "
            "or set another endpoint",
            path_, directory.string(), std::strerror(errno)));
    lock_fd_ = open(lock_path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (lock_fd_ < 0)
        refuse(fmt::format("{}: {}: make the directory writable for this user, or set another endpoint", lock_path_,
                           std::strerror(errno)));
    if (flock(lock_fd_, LOCK_EX | LOCK_NB) != 0) {
        int pid = 0;
        std::sscanf(read_lock(lock_fd_).c_str(), "pid %d", &pid);
        refuse(fmt::format("{}: another fairlead (process {}) uses this socket: stop it, or set another endpoint",
                           path_, pid));
    }
    int pid = 0;
    unsigned long long epoch = 0;
    if (std::sscanf(read_lock(lock_fd_).c_str(), "pid %d epoch %llu", &pid, &epoch) == 2) last_epoch_ = epoch;
    keep_epoch(last_epoch_);
}

void SocketFile::keep_epoch(std::uint64_t epoch) {
    if (lock_fd_ < 0) return;
    const auto text = fmt::format("pid {} epoch {}\n", getpid(), epoch);
    // Written before it is cut: a crash in between leaves a number that can still be read.
    if (pwrite(lock_fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()) ||
        ftruncate(lock_fd_, static_cast<off_t>(text.size())) != 0)
        refuse(fmt::format("{}: {}", lock_path_, std::strerror(errno)));
}

void SocketFile::clear_path() {
    struct stat info {};
    if (lstat(path_.c_str(), &info) != 0) {
        if (errno == ENOENT) return;
        refuse(fmt::format("{}: {}", path_, std::strerror(errno)));
    }
    if (!S_ISSOCK(info.st_mode))
        refuse(
            fmt::format("{}: there is something that is not a socket: move it away, or set another endpoint", path_));
    if (is_served(path_))
        refuse(fmt::format("{}: another process serves this socket: stop it, or set another endpoint", path_));
    if (unlink(path_.c_str()) != 0)
        refuse(fmt::format("{}: a socket is left over there and cannot be removed: {}", path_, std::strerror(errno)));
}

void SocketFile::bound(unsigned mode) {
    if (path_.empty()) return;
    struct stat info {};
    if (chmod(path_.c_str(), mode) != 0 || lstat(path_.c_str(), &info) != 0)
        refuse(fmt::format("{}: {}", path_, std::strerror(errno)));
    device_ = info.st_dev;
    inode_ = info.st_ino;
}

SocketFile::~SocketFile() {
    if (path_.empty()) return;
    struct stat info {};
    if (inode_ != 0 && lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_)
        unlink(path_.c_str());
    close(lock_fd_);
}

}  // namespace fairlead::net
