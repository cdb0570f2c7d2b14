#include "core/topic_liveness.hpp"

#include "core/duration_text.hpp"

#include <algorithm>

namespace fairlead::core {

namespace {

constexpr int kDecay = 8;  // a new interval counts as one in so many
constexpr Duration kLongestTypical = std::chrono::hours{24};

}  // namespace

std::vector<LivenessChange> TopicLiveness::look(std::span<const TopicSign> topics, SteadyTime now) {
    std::vector<LivenessChange> changes;
    if (settings_.stale_after <= Duration::zero()) return changes;
    ++round_;
    Groups groups;
    Siblings all;
    for (const TopicSign& sign : topics) {
        note(sign);
        if (!sign.accepted || !sign.last_data) continue;
        const std::size_t lively = is_lively(sign, now) ? 1 : 0;
        Siblings& group = groups[sign.group];
        ++group.flowed;
        group.lively += lively;
        ++all.flowed;
        all.lively += lively;
    }
    forget_absent();
    for (const TopicSign& sign : topics) {
        Topic& topic = topics_.find(sign.name)->second;
        if (auto change = judge(sign, topic, others_live(sign, groups, all, now), now))
            changes.push_back(std::move(*change));
    }
    return changes;
}

// Without a count of messages, all that is known of several within one look is the time of the last.
TopicLiveness::Topic& TopicLiveness::note(const TopicSign& sign) {
    auto found = topics_.find(sign.name);
    if (found == topics_.end()) found = topics_.emplace(std::string(sign.name), Topic{}).first;
    Topic& topic = found->second;
    topic.round = round_;
    if (!sign.last_data || (topic.last_data && *sign.last_data <= *topic.last_data)) return topic;
    if (topic.last_data) {
        const bool is_counted = sign.messages > topic.messages && topic.messages > 0;
        const auto count = is_counted ? sign.messages - topic.messages : 1;
        const Duration interval = (*sign.last_data - *topic.last_data) / static_cast<Duration::rep>(count);
        const Duration mean =
            topic.typical == Duration::zero() ? interval : topic.typical + (interval - topic.typical) / kDecay;
        topic.typical = std::min(mean, kLongestTypical);
    }
    topic.last_data = sign.last_data;
    topic.messages = sign.messages;
    topic.rotations = 0;
    topic.next_repair = SteadyTime{};
    return topic;
}

void TopicLiveness::forget_absent() {
    for (auto entry = topics_.begin(); entry != topics_.end();) {
        if (entry->second.round == round_) {
            ++entry;
            continue;
        }
        if (entry->second.stale) --stale_;
        entry = topics_.erase(entry);
    }
}

// Half, because the topics of a market that goes quiet do not fall silent at the same moment: whoever was first is not
// to be judged by those who followed.
bool TopicLiveness::is_lively(const TopicSign& sign, SteadyTime now) const {
    return sign.last_data && now - *sign.last_data < settings_.stale_after / 2;
}

Duration TopicLiveness::patience_of(const Topic& topic) const {
    return std::max(settings_.stale_after, topic.typical * kTypicalFactor);
}

// Half of those that ever flowed, without the topic itself: its own silence is no witness, nor is its own noise.
bool TopicLiveness::others_live(const TopicSign& sign, const Groups& groups, const Siblings& all,
                                SteadyTime now) const {
    const bool has_flowed = sign.accepted && sign.last_data;
    const auto without_itself = [&](Siblings siblings) {
        if (has_flowed) --siblings.flowed;
        if (has_flowed && is_lively(sign, now)) --siblings.lively;
        return siblings;
    };
    const auto group = groups.find(sign.group);
    Siblings others = group == groups.end() ? Siblings{} : without_itself(group->second);
    if (others.flowed == 0) others = without_itself(all);
    return others.lively > 0 && others.lively * 2 >= others.flowed;
}

std::optional<LivenessChange> TopicLiveness::judge(const TopicSign& sign, Topic& topic, bool others_live,
                                                   SteadyTime now) {
    if (!sign.accepted) return std::nullopt;
    const Duration patience = patience_of(topic);
    const Duration silence = now - std::max(*sign.accepted, sign.last_data.value_or(*sign.accepted));
    const bool is_silent = silence >= (sign.last_data ? patience : patience * kNeverFlowedFactor);
    if (topic.stale && sign.last_data && !is_silent) {
        topic.stale = false;
        --stale_;
        return LivenessChange{.name = std::string(sign.name), .stale = false};
    }
    const bool is_due = now >= topic.next_repair;
    if (!is_silent || !others_live || (topic.stale && !is_due)) return std::nullopt;
    const bool is_edge = !topic.stale;
    if (is_edge) ++stale_;
    topic.stale = true;
    const RepairStep step = is_due ? repair(topic, now) : RepairStep::Tell;
    if (!is_edge && step == RepairStep::Tell) return std::nullopt;
    const std::string time = duration_text(silence);
    const std::string detail = sign.last_data ? "silent for " + time + ", others are not"
                                              : "no data within " + time + " of being accepted, others have some";
    return LivenessChange{.name = std::string(sign.name), .stale = true, .detail = detail, .repair = step};
}

// What has not helped within the time that it takes to see that it has not asks for the next step.
RepairStep TopicLiveness::repair(Topic& topic, SteadyTime now) {
    const Duration interval = repair_interval(topic);
    RepairSettings settings = settings_.repair;
    settings.again_within = std::max(settings.again_within, interval * 2);
    topic.next_repair = now + interval;
    const RepairStep step = topic.repair.on_gap(settings, now);
    if (step != RepairStep::Rotate) return step;
    // One rotation is for all topics.
    if (rotated_ && now - *rotated_ < settings.rotate_interval) return RepairStep::Tell;
    rotated_ = now;
    note_rotation(now);
    return step;
}

// The time that it takes to see that a repair has not helped, doubled with each new socket that did not help either: a
// topic may never have data, and its siblings must not pay for that.
Duration TopicLiveness::repair_interval(const Topic& topic) const {
    Duration interval = patience_of(topic) * kNeverFlowedFactor;
    const Duration longest = std::max(kRarestRepair, interval);
    for (unsigned i = 0; i < topic.rotations && interval < longest; ++i)
        interval *= 2;
    return std::min(interval, longest);
}

void TopicLiveness::note_rotation(SteadyTime now) {
    for (auto& [name, topic] : topics_) {
        if (!topic.stale) continue;
        ++topic.rotations;
        topic.repair.note_rotation(now);
        topic.next_repair = now + repair_interval(topic);
    }
}

bool TopicLiveness::is_stale(std::string_view name) const {
    const auto found = topics_.find(name);
    return found != topics_.end() && found->second.stale;
}

std::optional<Duration> TopicLiveness::patience(std::string_view name) const {
    const auto found = topics_.find(name);
    if (found == topics_.end() || settings_.stale_after <= Duration::zero()) return std::nullopt;
    return patience_of(found->second);
}

void TopicLiveness::begin_session() {
    stale_ = 0;
    for (auto& [name, topic] : topics_) {
        topic.stale = false;
        topic.last_data.reset();
        topic.messages = 0;
    }
}

}  // namespace fairlead::core
