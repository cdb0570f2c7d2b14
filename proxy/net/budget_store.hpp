// Limits of attempts to connect (seam::Budget), within this process and between all that are given the same directory.
//
// One file for each host, held under flock only while it is read and written: a process that dies lets go of it, by the
// kernel's doing, and what it leaves half written is noticed by its check sum. A file is written where it is, not
// replaced: a lock is on the file, not on its name. Nothing blocks: who finds it locked asks again a moment later. What
// cannot be had from the directory at all (it is missing, not writable, full) is counted, and the limit is kept within
// this process alone: a broken directory must not keep connections down.
#pragma once

#include "core/connection_budget.hpp"
#include "seam/budget.hpp"
#include "seam/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::net {

// Of this process alone.
class LocalBudget final : public seam::Budget {
public:
    // `clock` must outlive the budget.
    explicit LocalBudget(const seam::Clock& clock) : clock_(clock) {}
    std::optional<core::Duration> take(std::string_view host, unsigned count, core::Duration per) override;
    // An attempt that was granted elsewhere.
    void note(std::string_view host);

private:
    core::ConnectionBudget& settled(std::string_view host, core::Duration now);

    const seam::Clock& clock_;
    std::map<std::string, core::ConnectionBudget, std::less<>> hosts_;
};

struct BudgetStoreCounters {
    std::uint64_t granted = 0;
    std::uint64_t refused = 0;
    std::uint64_t busy = 0;      // another process held the file at that moment
    std::uint64_t unusable = 0;  // files with torn or foreign content, taken as empty
    std::uint64_t failed = 0;    // the directory could not be used; the limit was kept within this process
};

class BudgetStore final : public seam::Budget {
public:
    // The directory is made if only its last part is missing. `clock` must outlive the store; its wall time is compared
    // with that of the other processes.
    BudgetStore(std::string directory, const seam::Clock& clock);

    std::optional<core::Duration> take(std::string_view host, unsigned count, core::Duration per) override;

    const BudgetStoreCounters& counters() const { return counters_; }
    // Why the directory could not be used the last time; empty = it could.
    const std::string& problem() const { return problem_; }

    // A file name that no host can break out of, different for different hosts (upper and lower case are one).
    static std::string file_name(std::string_view host);

    static constexpr core::Duration kBusyWait = std::chrono::milliseconds{50};
    // Locked for so long without a break, a file is held by a process that is stopped: the limit is kept within this
    // one.
    static constexpr core::Duration kBusyLimit = std::chrono::seconds{10};

private:
    class LockedFile;

    std::optional<core::Duration> alone(std::string_view host, unsigned count, core::Duration per, std::string problem);
    std::optional<core::Duration> wait_for_lock(std::string_view host, unsigned count, core::Duration per);
    core::ConnectionBudget read(LockedFile& file);

    std::string directory_;
    const seam::Clock& clock_;
    LocalBudget local_;
    BudgetStoreCounters counters_;
    std::string problem_;
    std::map<std::string, core::SteadyTime, std::less<>> busy_since_;
};

}  // namespace fairlead::net
