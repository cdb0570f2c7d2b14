#include "control/replay_cursor.hpp"

#include <algorithm>

namespace fairlead::control {

ReplayCursor::ReplayCursor(std::uint64_t from, std::uint64_t to, const publish::Held& held)
    : at_(from), to_(to == 0 ? held.next - 1 : std::min(to, held.next - 1)) {
    // Whoever names no number asks for what there is, if there is anything.
    if (from == 0) at_ = held.oldest != 0 ? held.oldest : to_ + 1;
}

std::optional<std::uint64_t> ReplayCursor::next(const publish::Held& held) {
    if (at_ > to_) return std::nullopt;
    if (held.oldest == 0 || held.oldest > to_) {
        truncated_ = true;
        at_ = to_ + 1;
        return std::nullopt;
    }
    if (at_ < held.oldest) {
        truncated_ = true;
        at_ = held.oldest;
    }
    return at_;
}

}  // namespace fairlead::control
