// Tells when a file has become another one, however that was done: written anew in its place, replaced by a rename as
// editors do, or reached by a symbolic link that was swapped, as Kubernetes does with a ConfigMap.
//
// inotify is asked for the file, for the directory that it is in, and for each directory in which a symbolic link on
// the way to it stands. What happens there only makes us look: it counts if the file that the path leads to is another
// one, or has another size or time. File systems that come over a network tell nothing.
#pragma once

#include "core/time.hpp"
#include "net/loop.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::net {

// Loop thread only; lives as long as the loop turns.
class FileWatch {
public:
    // `changed` is called once it has been quiet for kQuiet, or at the latest kAtLast after the first sign. Throws
    // std::runtime_error when the system refuses.
    FileWatch(Loop& loop, const std::string& path, std::function<void()> changed);
    ~FileWatch();
    FileWatch(const FileWatch&) = delete;
    FileWatch& operator=(const FileWatch&) = delete;

    static constexpr core::Duration kQuiet = std::chrono::milliseconds{250};
    static constexpr core::Duration kAtLast = std::chrono::seconds{2};

private:
    // What makes a file another one. All zero = there is none.
    struct Stamp {
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
        std::int64_t bytes = 0;
        std::int64_t modified_s = 0;
        std::int64_t modified_ns = 0;
        bool operator==(const Stamp&) const = default;
    };

    Stamp look() const;
    void watch_places();
    void on_events();
    void settle();

    const std::string path_;
    const std::function<void()> changed_;
    int fd_ = -1;
    std::vector<int> watched_;
    Stamp last_;
    std::unique_ptr<seam::Timer> timer_;
    core::SteadyTime latest_{};  // when it is looked at even if it is not quiet; the epoch = nothing has happened
};

// The places whose change can make `path`, an absolute one, lead elsewhere: the directory that holds its last name, and
// for each symbolic link on the way the directory that holds the link.
std::vector<std::string> places_on_the_way(const std::string& path);

}  // namespace fairlead::net
