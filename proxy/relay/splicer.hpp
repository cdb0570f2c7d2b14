// What leaves of that which several sockets bring: a core::Splice for each topic, and the question whether a socket has
// caught up with the others. Idle, and in nobody's way, while there is one socket only.
#pragma once

#include "core/splice.hpp"
#include "publish/topic.hpp"
#include "publish/topic_group.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

namespace fairlead::relay {

// Relay thread only. The group outlives it.
class Splicer {
public:
    // Where messages go that had to wait.
    using Leave = std::function<void(publish::Topic&, const core::HeldMessage&)>;
    // A topic of which messages may be lost.
    using Owes = std::function<void(publish::Topic&)>;

    Splicer(const core::SpliceSettings& settings, publish::TopicGroup& group, std::uint32_t shard, Leave leave);

    // From here on messages are remembered.
    void begin();
    bool is_active() const { return active_; }
    // Nothing needs it any more: one socket is left, and what others brought is past the window.
    void end();

    // Slots of sockets, as in core::SpliceLegs.
    void attempt(unsigned slot);
    void open(unsigned slot);
    // Calls `owes` for each topic whose continuity is not proved on any socket that is left, before what waits leaves.
    void close(unsigned slot, core::SteadyTime now, const Owes& owes);
    // It is taken to carry everything; what waits for it leaves.
    void settle(unsigned slot, core::SteadyTime now);
    // The same, though it has not caught up: `owes` for each topic that flows elsewhere and was not seen on it.
    void settle_unproved(unsigned slot, core::SteadyTime now, const Owes& owes);
    bool is_open(unsigned slot) const { return legs_.is_open(slot); }
    bool is_settled(unsigned slot) const { return legs_.is_settled(slot); }
    unsigned open_sockets() const { return legs_.open_legs(); }

    core::SpliceResult offer(publish::Topic& topic, const core::SpliceMessage& message);
    // Whether the place of that socket is known on every topic that has flowed since its attempt began; with
    // `active_since_ns`, also on every topic whose last data is younger than that.
    bool has_caught_up(unsigned slot, std::optional<std::uint64_t> active_since_ns) const;
    // Whether that socket has brought something since its attempt began, or nothing has come on the others either.
    bool brings_anything(unsigned slot) const;
    // What has waited long enough leaves.
    void release(core::SteadyTime now);
    // When release() has something to do next.
    std::optional<core::SteadyTime> next_release() const;

private:
    core::Splice& splice_of(publish::Topic& topic);
    bool is_proved(const core::Splice* splice, unsigned slot) const;
    bool carries(const publish::Topic& topic) const;

    const core::SpliceSettings settings_;
    publish::TopicGroup& group_;
    const std::uint32_t shard_;
    const Leave leave_;
    core::SpliceLegs legs_;
    std::array<bool, core::SpliceLegs::kMaxLegs> running_{};
    std::unordered_map<publish::Topic*, std::unique_ptr<core::Splice>> splices_;
    std::size_t waiting_ = 0;  // topics that may have something that waits
    bool active_ = false;
};

}  // namespace fairlead::relay
