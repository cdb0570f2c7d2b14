// How often sockets have ended, by reason and by the venue's close code.
#pragma once

#include "core/cause.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

namespace fairlead::relay {

class Disconnects {
public:
    // `close_code` as received; 0 = none.
    void add(core::Cause cause, std::uint16_t close_code) {
        // The code is the venue's choice: beyond so many kinds it is not told apart any more.
        const bool has_room = counts_.size() < kMaxKinds || counts_.contains({cause, close_code});
        ++counts_[{cause, has_room ? close_code : std::uint16_t{0}}];
    }

    const std::map<std::pair<core::Cause, std::uint16_t>, std::uint64_t>& counts() const { return counts_; }

    static constexpr std::size_t kMaxKinds = 64;

private:
    std::map<std::pair<core::Cause, std::uint16_t>, std::uint64_t> counts_;
};

}  // namespace fairlead::relay
