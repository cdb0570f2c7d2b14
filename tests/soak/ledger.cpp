#include "ledger.hpp"

#include "sidecar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace fairlead::soak {

void Recent::note(std::string text) {
    lines_.push_back(std::move(text));
    if (lines_.size() > kKept) lines_.pop_front();
}

std::string Recent::text() const {
    std::string all;
    for (const std::string& line : lines_)
        all += "      " + line + "\n";
    return all;
}

Ledger::Problem Ledger::on_message(const client::Message& message) {
    Problem problem;
    if (known_ && !new_epoch_ && message.epoch != epoch_)
        problem = fmt::format("epoch {} follows {} unannounced", message.epoch, epoch_);
    else if (known_ && message.sequence != next_)
        problem = fmt::format("#{} came where #{} was expected", message.sequence, next_);
    known_ = true;
    new_epoch_ = false;
    epoch_ = message.epoch;
    next_ = message.sequence + 1;
    return problem;
}

Ledger::Problem Ledger::on_numbered_event() {
    ++next_;
    return std::nullopt;
}

Ledger::Problem Ledger::on_gap(const client::Gap& gap) {
    switch (gap.cause) {
        case client::GapCause::Upstream:
        case client::GapCause::Relay:
            return on_numbered_event();
        case client::GapCause::Epoch:
            known_ = true;
            new_epoch_ = true;
            next_ = gap.last_sequence + 1;
            return std::nullopt;
        case client::GapCause::Consumer:
            break;
        case client::GapCause::Unknown:
            return "a gap of a cause without a name";
    }
    if (gap.outcome == client::Outcome::Recovered) {
        if (known_ && gap.last_sequence >= next_)
            return fmt::format("#{} to #{} are told as recovered, but #{} was the next to come", gap.first_sequence,
                               gap.last_sequence, next_);
        return std::nullopt;
    }
    Problem problem;
    if (gap.first_sequence == 0 || gap.last_sequence < gap.first_sequence)
        problem = fmt::format("a loss without numbers: {} to {}", gap.first_sequence, gap.last_sequence);
    else if (known_ && gap.first_sequence != next_)
        problem = fmt::format("#{} to #{} are told as lost where #{} was expected", gap.first_sequence,
                              gap.last_sequence, next_);
    known_ = true;
    next_ = gap.last_sequence + 1;
    return problem;
}

void Ledger::on_heartbeat(std::uint64_t epoch, std::uint64_t next_sequence) {
    heard_ = Heard{epoch, next_sequence};
    if (known_ && !new_epoch_) return;
    // It is the baseline of a newcomer, or of an epoch of which nothing has come yet.
    if (!known_ || next_ == next_sequence) epoch_ = epoch;
    if (!known_) next_ = next_sequence;
    known_ = true;
    new_epoch_ = false;
}

std::string Ledger::describe() const {
    const std::string heard = heard_ ? fmt::format("epoch {} #{}", heard_->epoch, heard_->next) : "nothing";
    return fmt::format("comes next: epoch {} #{}; the last heartbeat told {}", epoch_, next_, heard);
}

Claim VenueLedger::claim(Oddity oddity, std::uint64_t number, std::uint64_t at_ns) const {
    return {.oddity = oddity,
            .connection = connection_,
            .has_legs = connection_ == kRedundant,
            .from_ns = last_ns_,
            .to_ns = at_ns,
            .text = fmt::format("{}: {} after {}", topic_, number, last_)};
}

Ledger::Problem VenueLedger::on_number(std::uint64_t number, std::uint64_t at_ns, std::vector<Claim>& claims) {
    Ledger::Problem problem;
    std::uint64_t next_last = number;
    const auto began_anew = [&](const Told& told) { return told.after == number && told.before >= number; };
    // Of two venues one may be behind, and a new process does not know what its predecessor has sent.
    const bool may_be_behind = connection_ == kRedundant;
    if (last_ == 0 || (blurred_ && (number > last_ || may_be_behind))) {
        // Nothing to compare with.
    } else if (blurred_) {
        claims.push_back(claim(Oddity::BeganAnew, number, at_ns));
    } else if (std::ranges::any_of(told_, began_anew)) {
        claims.push_back(claim(Oddity::BeganAnew, number, at_ns));
    } else if (number == last_) {
        claims.push_back(claim(Oddity::Repeat, number, at_ns));
    } else if (number < last_) {
        claims.push_back(claim(Oddity::OutOfOrder, number, at_ns));
        next_last = last_;
    } else {
        problem = on_hole(number, at_ns, claims);
    }
    last_ = next_last;
    last_ns_ = at_ns;
    blurred_ = false;
    told_.clear();
    return problem;
}

Ledger::Problem VenueLedger::on_hole(std::uint64_t number, std::uint64_t at_ns, std::vector<Claim>& claims) {
    const std::uint64_t missing = number - last_ - 1;
    std::string gaps;
    for (const Told& told : told_)
        gaps += fmt::format(" {}..{} count {} {}", told.before, told.after, told.count, v1::Cause_Name(told.reason));
    const auto proves = [&](const Told& told) {
        return told.before == last_ && told.after == number && told.count == missing;
    };
    if (missing == 0) {
        if (std::ranges::all_of(told_, [](const Told& told) { return told.count == 0; })) return std::nullopt;
        return fmt::format("nothing is missing between {} and {}, but these gaps were told:{}", last_, number, gaps);
    }
    if (told_.size() != 1 || !proves(told_.front()))
        return fmt::format("{} are missing between {} and {}; told:{}", missing, last_, number,
                           gaps.empty() ? " nothing" : gaps);
    Claim hole = claim(Oddity::Hole, number, at_ns);
    hole.from_ns = std::min(hole.from_ns, told_.front().from_ns);
    hole.reason = told_.front().reason;
    hole.text += fmt::format(", told with {}", v1::Cause_Name(hole.reason));
    claims.push_back(std::move(hole));
    return std::nullopt;
}

void VenueLedger::on_gap(const client::Gap& gap) {
    if (gap.cause == client::GapCause::Upstream)
        told_.push_back({.before = gap.venue_sequence_before,
                         .after = gap.venue_sequence_after,
                         .count = gap.count,
                         .from_ns = gap.from_ns,
                         .reason = gap.reason});
    else if (gap.outcome == client::Outcome::Lost)
        blurred_ = true;
}

std::uint64_t venue_number(std::string_view payload) {
    for (const std::string_view key : {R"("t":)", R"("u":)"}) {
        const std::size_t at = payload.find(key);
        if (at == std::string_view::npos) continue;
        std::uint64_t number = 0;
        const char* begin = payload.data() + at + key.size();
        if (std::from_chars(begin, payload.data() + payload.size(), number).ec == std::errc{}) return number;
    }
    return 0;
}

}  // namespace fairlead::soak
