// The gaps that were told, for those who ask later what was lost, where and why. A bounded list.
#pragma once

#include "fairlead/v1/control.pb.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace fairlead::publish {

// Relay thread only.
class GapList {
public:
    // The oldest makes room.
    void add(const std::string& topic, std::uint64_t epoch, std::uint64_t sequence, std::uint32_t session,
             const v1::Gap& gap);

    struct Query {
        std::string_view connection{};  // empty = all
        std::string_view prefix{};      // of topics; empty = all
        std::uint64_t since_ns = 0;     // those that ended after this; ns since the Unix epoch
    };
    // Those that match, the oldest first, up to kMaxListedBytes: then the newest of them. Returns how many match.
    std::size_t select(const Query& query, v1::Gaps& gaps) const;

    std::uint64_t told() const { return told_; }  // since start
    std::size_t size() const { return gaps_.size(); }

    static constexpr std::size_t kMaxGaps = 10'000;
    static constexpr std::size_t kMaxListedBytes = std::size_t{1} << 20;

private:
    std::deque<v1::GapRecord> gaps_;  // oldest first
    std::uint64_t told_ = 0;
};

}  // namespace fairlead::publish
