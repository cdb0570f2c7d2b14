// Which message of a topic a replay sends next, while the topic goes on and the journal forgets. Pure.
#pragma once

#include "fairlead/v1/stream.pb.h"
#include "publish/journal.hpp"

#include <cstdint>
#include <optional>

namespace fairlead::control {

class ReplayCursor {
public:
    // From `from` (0 = the oldest that is held) to `to`, both included. `to` = 0, or a number that does not exist yet,
    // is the latest at this moment.
    ReplayCursor(std::uint64_t from, std::uint64_t to, const publish::Held& held);

    // The number that is to be sent next, given what is held now. Empty = this is the end.
    std::optional<std::uint64_t> next(const publish::Held& held);
    // It has been sent.
    void advance() { ++at_; }

    // OK, or TRUNCATED: a number that was asked for was not held any more when its turn came.
    v1::EndCode code() const { return truncated_ ? v1::END_CODE_TRUNCATED : v1::END_CODE_OK; }

private:
    std::uint64_t at_;
    std::uint64_t to_;
    bool truncated_ = false;
};

}  // namespace fairlead::control
