#include "net/budget_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fairlead::net {

namespace {

constexpr std::size_t kMaxNameLength = 100;

std::uint64_t hash_of(std::string_view text) {
    std::uint64_t sum = 14695981039346656037ULL;
    for (const char c : text)
        sum = (sum ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
    return sum;
}

bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

}  // namespace

std::optional<core::Duration> LocalBudget::take(std::string_view host, unsigned count, core::Duration per) {
    if (count == 0) return std::nullopt;
    const core::Duration now = clock_.now().time_since_epoch();
    core::ConnectionBudget& budget = settled(host, now);
    const auto wait = budget.wait({count, per}, now);
    if (!wait) budget.take(now);
    return wait;
}

void LocalBudget::note(std::string_view host) {
    const core::Duration now = clock_.now().time_since_epoch();
    settled(host, now).take(now);
}

core::ConnectionBudget& LocalBudget::settled(std::string_view host, core::Duration now) {
    auto found = hosts_.find(host);
    if (found == hosts_.end()) found = hosts_.emplace(std::string(host), core::ConnectionBudget{}).first;
    found->second.settle(now);
    return found->second;
}

// The file of one host while this process holds its lock.
class BudgetStore::LockedFile {
public:
    explicit LockedFile(const std::string& path) {
        // Not a link, not a pipe that would wait for its other end.
        fd_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0660);
        struct stat info {};
        if (fd_ < 0 || fstat(fd_, &info) != 0) {
            fail(std::strerror(errno));
        } else if (!S_ISREG(info.st_mode)) {
            fail("not a file");
        } else if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
            is_busy_ = errno == EWOULDBLOCK;
            fail(std::strerror(errno));
        }
    }
    ~LockedFile() {
        if (fd_ >= 0) close(fd_);
    }
    LockedFile(const LockedFile&) = delete;
    LockedFile& operator=(const LockedFile&) = delete;

    const std::string& problem() const { return problem_; }
    bool is_busy() const { return is_busy_; }

    // At most one byte more than any sound content has.
    std::string read() {
        std::string text(core::ConnectionBudget::kMaxText + 1, '\0');
        std::size_t length = 0;
        while (length < text.size()) {
            const ssize_t got = pread(fd_, text.data() + length, text.size() - length, static_cast<off_t>(length));
            if (got < 0) fail(std::strerror(errno));
            if (got <= 0) break;
            length += static_cast<std::size_t>(got);
        }
        text.resize(length);
        return text;
    }

    // Written before it is cut: a crash in between leaves a whole text with a tail that is ignored.
    void write(const std::string& text) {
        const ssize_t written = pwrite(fd_, text.data(), text.size(), 0);
        if (written >= 0 && static_cast<std::size_t>(written) != text.size()) {
            fail("written in part only");
        } else if (written < 0 || ftruncate(fd_, static_cast<off_t>(text.size())) != 0) {
            fail(std::strerror(errno));
        }
    }

private:
    void fail(const char* text) { problem_ = text; }

    int fd_ = -1;
    bool is_busy_ = false;
    std::string problem_;
};

BudgetStore::BudgetStore(std::string directory, const seam::Clock& clock)
    : directory_(std::move(directory)), clock_(clock), local_(clock) {
    if (mkdir(directory_.c_str(), 0770) != 0 && errno != EEXIST)
        problem_ = fmt::format("{}: {}", directory_, std::strerror(errno));
}

std::string BudgetStore::file_name(std::string_view host) {
    std::string lower;
    for (const char c : host)
        lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    std::string name = lower.substr(0, kMaxNameLength);
    std::replace_if(
        name.begin(), name.end(), [](char c) { return !is_plain(c); }, '_');
    // Whoever was changed could be taken for another.
    if (name != lower) name += fmt::format("_{:016x}", hash_of(lower));
    return "host-" + name + ".budget";
}

std::optional<core::Duration> BudgetStore::take(std::string_view host, unsigned count, core::Duration per) {
    if (count == 0) return std::nullopt;
    const std::string path = directory_ + "/" + file_name(host);
    LockedFile file(path);
    if (file.is_busy()) return wait_for_lock(host, count, per);
    busy_since_.erase(std::string(host));
    if (!file.problem().empty()) return alone(host, count, per, path + ": " + file.problem());

    core::ConnectionBudget budget = read(file);
    // Read under the lock: the times of all processes are in order.
    const core::Duration now = clock_.wall().time_since_epoch();
    const bool is_changed = budget.settle(now);
    const auto wait = budget.wait({count, per}, now);
    if (!wait) budget.take(now);
    if (!wait || is_changed) file.write(budget.text());
    if (!file.problem().empty()) return alone(host, count, per, path + ": " + file.problem());
    problem_.clear();
    if (!wait) local_.note(host);  // should the directory be lost, this process still knows its own attempts
    ++(wait ? counters_.refused : counters_.granted);
    return wait;
}

core::ConnectionBudget BudgetStore::read(LockedFile& file) {
    const std::string text = file.read();
    if (text.empty()) return {};
    auto budget = core::ConnectionBudget::parse(text);
    if (!budget) ++counters_.unusable;
    return budget.value_or(core::ConnectionBudget{});
}

std::optional<core::Duration> BudgetStore::wait_for_lock(std::string_view host, unsigned count, core::Duration per) {
    ++counters_.busy;
    const core::SteadyTime now = clock_.now();
    const auto since = busy_since_.emplace(std::string(host), now).first->second;
    if (now - since >= kBusyLimit) return alone(host, count, per, directory_ + "/" + file_name(host) + ": locked");
    return kBusyWait;
}

std::optional<core::Duration> BudgetStore::alone(std::string_view host, unsigned count, core::Duration per,
                                                 std::string problem) {
    ++counters_.failed;
    problem_ = std::move(problem);
    return local_.take(host, count, per);
}

}  // namespace fairlead::net
