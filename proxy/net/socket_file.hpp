// The file of a Unix socket that libzmq binds. libzmq removes whatever lies at the path and binds over a living socket,
// so all care is taken here: a lock that only one process can hold, nothing removed but a socket that nobody serves,
// and at the end only the file that this process made.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace fairlead::net {

// Guards the path of an endpoint "ipc://<path>". Of other endpoints it does nothing: TCP ports cannot be stolen.
class SocketFile {
public:
    // Throws std::runtime_error with a text that says what to do: the directory is missing or not writable, another
    // process serves the socket, something lies there that is not a socket.
    explicit SocketFile(const std::string& endpoint);
    // Removes the socket, if it is still the one that this process made. The lock file stays: another process may be
    // about to lock it.
    ~SocketFile();
    SocketFile(const SocketFile&) = delete;
    SocketFile& operator=(const SocketFile&) = delete;

    // After the bind: sets the mode and remembers which file it is.
    void bound(unsigned mode);

    bool is_unix() const { return !path_.empty(); }

    // The epoch that the last holder of the lock kept here; 0 = none.
    std::uint64_t last_epoch() const { return last_epoch_; }
    void keep_epoch(std::uint64_t epoch);

private:
    void lock();
    void clear_path();

    std::string path_;  // empty = not a Unix socket
    std::string lock_path_;
    int lock_fd_ = -1;
    std::uint64_t last_epoch_ = 0;
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

}  // namespace fairlead::net
