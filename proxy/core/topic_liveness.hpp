// Which topics of an open connection are dead while others live: a venue that quietly drops a subscription, or never
// took it up, sends no error, only nothing. A quiet market is not a fault: a topic is judged against its siblings (the
// topics of its group; of the whole connection, if none of its group ever flowed). Half of those that ever flowed must
// have had data within half of stale_after; when all are silent, nobody is judged.
//
// Told no message: it is called once in a while with the time of every topic's last data.
//
// Not thread-safe. `now` must not go backwards.
#pragma once

#include "core/repair.hpp"
#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fairlead::core {

struct LivenessSettings {
    Duration stale_after{0};  // silence that is too long; 0 = nothing is judged
    RepairSettings repair;    // `highest` is the furthest that a silent topic leads to
};

struct TopicSign {
    std::string_view name{};
    std::string_view group{};
    std::optional<SteadyTime> accepted{};  // by the venue, or sent where it does not answer; empty = not subscribed now
    std::optional<SteadyTime> last_data{};  // since then; empty = none
    std::uint64_t messages = 0;             // so far, for the interval between them; 0 = not counted
};

struct LivenessChange {
    std::string name;
    bool stale = false;  // false = alive again
    std::string detail{};
    RepairStep repair = RepairStep::Tell;  // of a stale one: what to do now
};

class TopicLiveness {
public:
    explicit TopicLiveness(const LivenessSettings& settings) : settings_(settings) {}

    // All topics of one socket at once: what is not among them is forgotten. The result is edges (stale, alive), and
    // stale topics again whose next repair is due. Rotate is asked for once for the whole socket, not for each topic.
    // O(topics).
    std::vector<LivenessChange> look(std::span<const TopicSign> topics, SteadyTime now);

    bool is_stale(std::string_view name) const;
    std::size_t stale() const { return stale_; }
    // How long the topic may be silent; empty = unknown, or nothing is judged.
    std::optional<Duration> patience(std::string_view name) const;
    // A new socket: nothing is stale, habits stay.
    void begin_session();
    void configure(const LivenessSettings& settings) { settings_ = settings; }

    static constexpr int kTypicalFactor = 10;     // its typical intervals, if that is more than stale_after
    static constexpr int kNeverFlowedFactor = 2;  // times that, since it was accepted
    // Between two repairs that do not help, at most, if it does not take longer to see that.
    static constexpr Duration kRarestRepair = std::chrono::hours{1};

private:
    struct Topic {
        std::optional<SteadyTime> last_data;
        std::uint64_t messages = 0;
        Duration typical{0};  // a decayed mean of the intervals between messages; 0 = none seen
        bool stale = false;
        SteadyTime next_repair{};  // at the earliest, until it has data
        unsigned rotations = 0;    // that have not brought it any data
        Repair repair;
        std::uint64_t round = 0;  // the last look that had it
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    // How many have data since they were accepted, and how many of those lately.
    struct Siblings {
        std::size_t flowed = 0;
        std::size_t lively = 0;
    };
    using Groups = std::map<std::string_view, Siblings>;

    Topic& note(const TopicSign& sign);
    void forget_absent();
    bool is_lively(const TopicSign& sign, SteadyTime now) const;
    Duration patience_of(const Topic& topic) const;
    bool others_live(const TopicSign& sign, const Groups& groups, const Siblings& all, SteadyTime now) const;
    std::optional<LivenessChange> judge(const TopicSign& sign, Topic& topic, bool others_live, SteadyTime now);
    RepairStep repair(Topic& topic, SteadyTime now);
    Duration repair_interval(const Topic& topic) const;
    void note_rotation(SteadyTime now);

    LivenessSettings settings_;
    std::unordered_map<std::string, Topic, Hash, std::equal_to<>> topics_;
    std::optional<SteadyTime> rotated_;
    std::uint64_t round_ = 0;
    std::size_t stale_ = 0;
};

}  // namespace fairlead::core
