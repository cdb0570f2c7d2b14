#include "recovery.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::client {

template <typename AnyLine>
auto Recovery::first_waiting(AnyLine& line) {
    return std::find_if(line.begin(), line.end(), [](const Entry& entry) {
        const auto* hole = std::get_if<Missing>(&entry);
        return hole != nullptr && hole->waits();
    });
}

Decision Recovery::on_live(const Verdict& verdict, std::uint64_t time_ns, const Means& means) {
    if (verdict.sight != Sight::Deliver) return Decision::Drop;
    if (line_.empty() && !verdict.new_epoch && !verdict.hole) {
        last_time_ns_ = time_ns;
        return Decision::Deliver;
    }
    if (verdict.new_epoch) {
        abandon();
        failed_until_ = {};
    }
    const bool fetch = verdict.hole && means.can_replay && means.now >= failed_until_;
    const bool tell_with_epoch = verdict.new_epoch && !fetch;
    if (verdict.new_epoch)
        line_.emplace_back(NewEpoch{.hole = tell_with_epoch ? verdict.hole : std::nullopt, .to_ns = time_ns});
    if (verdict.hole && !tell_with_epoch) {
        const Hole& hole = *verdict.hole;
        line_.emplace_back(
            Missing{.first = hole.first, .last = hole.last, .run_first = hole.first, .to_ns = time_ns, .lost = !fetch});
    }
    look_at_front();
    return Decision::Keep;
}

void Recovery::keep(Kept message, Time now) {
    count_kept(message);
    line_.emplace_back(std::move(message));
    if (phase_ != Phase::Idle && too_much()) fail(now);
}

Decision Recovery::on_replayed(std::uint64_t sequence, std::uint64_t time_ns, Time now) {
    if (phase_ != Phase::Asked) return Decision::Drop;
    progress_ = now;
    limited_.reset();
    const Line::iterator place = first_waiting(line_);
    Missing& hole = std::get<Missing>(*place);
    if (sequence < hole.first || sequence > hole.last) return Decision::Drop;

    const bool in_front = place == line_.begin();
    const bool next = sequence == hole.first;
    if (!next) {
        // The sidecar holds no more of what lies before.
        Missing skipped = hole;
        skipped.last = sequence - 1;
        skipped.to_ns = time_ns;
        skipped.lost = true;
        line_.insert(place, skipped);
        hole.run_first = sequence;
    }
    if (hole.run_first == sequence) hole.run_from_ns = last_time_ns_;
    hole.first = sequence + 1;
    ++counters_.recovered;
    if (hole.first > hole.last) rest();
    if (!in_front || !next) return Decision::Keep;
    last_time_ns_ = time_ns;
    return Decision::Deliver;
}

void Recovery::keep_replayed(Kept message) {
    count_kept(message);
    // Before the rest of its hole, or what is left to tell of it.
    const Line::iterator place = std::find_if(line_.begin(), line_.end(), [](const Entry& entry) {
        const auto* hole = std::get_if<Missing>(&entry);
        return hole != nullptr && !hole->lost;
    });
    line_.emplace(place, std::move(message));
}

void Recovery::on_end(v1::EndCode code, Time now) {
    if (phase_ != Phase::Asked) return;
    if (code == v1::END_CODE_EPOCH_CHANGED) return abandon();
    if (code != v1::END_CODE_OK && code != v1::END_CODE_TRUNCATED) return fail(now);
    std::get<Missing>(*first_waiting(line_)).lost = true;
    rest();
}

void Recovery::on_limited(Time now) {
    if (phase_ != Phase::Asked) return;
    if (!limited_) limited_ = now;
    progress_ = now;
    put_off(now, kLimitedDelay);
}

void Recovery::fail(Time now) {
    abandon();
    failed_until_ = now + kRetryAfter;
    ++counters_.replays_failed;
}

void Recovery::on_time(Time now) {
    if (phase_ == Phase::Idle || !progress_) return;
    if (now - *progress_ >= 2 * limits_.timeout || (limited_ && now - *limited_ >= kRetryAfter)) return fail(now);
    if (phase_ == Phase::Asked && now - std::max(asked_at_, *progress_) >= limits_.timeout) put_off(now, {});
}

std::optional<Recovery::Time> Recovery::deadline() const {
    if (phase_ == Phase::Idle || !progress_) return std::nullopt;
    const Time given_up = *progress_ + 2 * limits_.timeout;
    if (phase_ == Phase::Wanted) return std::min(given_up, not_before_);
    return std::min(given_up, std::max(asked_at_, *progress_) + limits_.timeout);
}

std::optional<Hole> Recovery::wanted(Time now) const {
    if (phase_ != Phase::Wanted || now < not_before_) return std::nullopt;
    const auto& hole = std::get<Missing>(*first_waiting(line_));
    return Hole{hole.first, hole.last};
}

void Recovery::asked(Time now) {
    phase_ = Phase::Asked;
    asked_at_ = now;
    if (!progress_) progress_ = now;
    ++counters_.replays;
}

void Recovery::not_sent(Time now) {
    if (!progress_) progress_ = now;
    put_off(now, kUnsentDelay);
}

std::optional<Action> Recovery::next() {
    while (!line_.empty()) {
        Entry& front = line_.front();
        if (auto* kept = std::get_if<Kept>(&front)) {
            Kept message = std::move(*kept);
            line_.pop_front();
            last_time_ns_ = message.time_ns;
            const std::size_t bytes = message.head.size() + message.payload.size();
            --messages_;
            bytes_ -= bytes;
            --counters_.buffered;
            counters_.buffered_bytes -= bytes;
            return message;
        }
        if (const auto* epoch = std::get_if<NewEpoch>(&front)) {
            const Told told{.new_epoch = true, .hole = epoch->hole, .from_ns = last_time_ns_, .to_ns = epoch->to_ns};
            line_.pop_front();
            return told;
        }
        auto& hole = std::get<Missing>(front);
        if (hole.waits()) {
            look_at_front();
            return std::nullopt;
        }
        if (std::optional<Told> told = tell(hole)) return *told;
        line_.pop_front();
    }
    return std::nullopt;
}

// First what of it was fetched, then the rest; empty when all of it has been told.
std::optional<Told> Recovery::tell(Missing& hole) {
    if (hole.run_first < hole.first) {
        const Hole run{hole.run_first, hole.first - 1};
        hole.run_first = hole.first;
        return Told{.hole = run,
                    .outcome = Outcome::Recovered,
                    .from_ns = hole.run_from_ns,
                    .to_ns = hole.first > hole.last ? hole.to_ns : last_time_ns_};
    }
    if (hole.first > hole.last) return std::nullopt;
    const Hole rest{hole.first, hole.last};
    hole.first = hole.run_first = hole.last + 1;
    return Told{.hole = rest, .from_ns = last_time_ns_, .to_ns = hole.to_ns};
}

void Recovery::abandon() {
    for (Entry& entry : line_) {
        if (auto* hole = std::get_if<Missing>(&entry); hole != nullptr && hole->waits()) hole->lost = true;
    }
    rest();
}

void Recovery::rest() {
    phase_ = Phase::Idle;
    progress_.reset();
    limited_.reset();
}

// A hole that has come to the front is to be fetched.
void Recovery::look_at_front() {
    if (phase_ != Phase::Idle || line_.empty()) return;
    const auto* hole = std::get_if<Missing>(&line_.front());
    if (hole == nullptr || !hole->waits()) return;
    phase_ = Phase::Wanted;
    not_before_ = {};
}

void Recovery::put_off(Time now, std::chrono::milliseconds delay) {
    phase_ = Phase::Wanted;
    not_before_ = now + delay;
}

bool Recovery::too_much() const {
    return messages_ > limits_.messages_per_topic || bytes_ > limits_.bytes_per_topic ||
           counters_.buffered > limits_.messages || counters_.buffered_bytes > limits_.bytes;
}

void Recovery::count_kept(const Kept& message) {
    const std::size_t bytes = message.head.size() + message.payload.size();
    ++messages_;
    bytes_ += bytes;
    counters_.buffered_bytes += bytes;
    counters_.buffered_peak = std::max(counters_.buffered_peak, ++counters_.buffered);
}

}  // namespace fairlead::client
