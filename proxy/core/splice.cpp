#include "core/splice.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <functional>
#include <iterator>
#include <utility>

namespace fairlead::core {

namespace {

constexpr SpliceMemory::Legs kAllLegs = 0xffff;

SpliceMemory::Legs bit(unsigned leg) {
    return static_cast<SpliceMemory::Legs>(1U << leg);
}

bool contains(SpliceMemory::Legs legs, unsigned leg) {
    return (legs & bit(leg)) != 0;
}

SpliceMemory::Legs together(SpliceMemory::Legs one, SpliceMemory::Legs other) {
    return static_cast<SpliceMemory::Legs>(one | other);
}

SpliceMemory::Legs without(SpliceMemory::Legs one, SpliceMemory::Legs other) {
    return static_cast<SpliceMemory::Legs>(one & ~other);
}

HeldMessage held_copy(const SpliceMessage& message) {
    return {.leg = message.leg,
            .key = message.key,
            .bytes = std::string(message.bytes),
            .binary = message.binary,
            .received = message.received,
            .since = message.now,
            .session = message.session,
            .venue_sequence = message.venue_sequence};
}

}  // namespace

void SpliceLegs::begin(unsigned leg) {
    assert(leg < kMaxLegs && !legs_[leg].running);
    Leg& one = legs_[leg];
    one = {.running = true, .open = false, .settled = false, .generation = one.generation + 1, .since = ++serial_};
    running_ = together(running_, bit(leg));
}

void SpliceLegs::open(unsigned leg) {
    assert(leg < kMaxLegs && legs_[leg].running);
    legs_[leg].settled = open_legs() == 0;
    legs_[leg].open = true;
}

void SpliceLegs::settle(unsigned leg) {
    assert(leg < kMaxLegs && legs_[leg].open);
    legs_[leg].settled = true;
}

void SpliceLegs::end(unsigned leg) {
    assert(leg < kMaxLegs);
    if (!legs_[leg].running) return;
    legs_[leg].running = false;
    legs_[leg].open = false;
    legs_[leg].settled = false;
    running_ = without(running_, bit(leg));
    if (std::any_of(legs_.begin(), legs_.end(), [](const Leg& one) { return one.settled; })) return;
    for (Leg& one : legs_)
        one.settled = one.open;
}

bool SpliceLegs::is_open(unsigned leg) const {
    assert(leg < kMaxLegs);
    return legs_[leg].open;
}

bool SpliceLegs::is_settled(unsigned leg) const {
    assert(leg < kMaxLegs);
    return legs_[leg].settled;
}

unsigned SpliceLegs::open_legs() const {
    return static_cast<unsigned>(std::count_if(legs_.begin(), legs_.end(), [](const Leg& one) { return one.open; }));
}

Splice::Splice(const SpliceSettings& settings, SpliceLegs& legs)
    : settings_(settings), legs_(&legs), memory_(settings.max_remembered) {}

SpliceResult Splice::offer(const SpliceMessage& message) {
    assert(legs_->is_open(message.leg));
    SpliceResult result;
    forget_old(message.now);
    enter(message, result.before);
    if (!is_aligned(message.leg)) {
        offer_joining(message, result);
        return result;
    }
    if (!held_.empty()) let_go(take_held(bit(message.leg)), message.now, result.before);
    offer_aligned(message, result);
    return result;
}

// The leg may have begun anew since it brought something here: what its predecessor left waiting goes first.
void Splice::enter(const SpliceMessage& message, std::vector<HeldMessage>& leaving) {
    const unsigned leg = message.leg;
    if (leg >= places_.size()) places_.resize(leg + 1);
    Place& place = places_[leg];
    if (!is_current(leg)) {
        if (!held_.empty()) let_go(take_held(bit(leg)), message.now, leaving);
        place.generation = legs_->legs_[leg].generation;
        place.aligned = false;
        place.since = settings_.endpoints_apart ? 0 : legs_->legs_[leg].since;
        if (settings_.endpoints_apart) memory_.forget_bringer(bit(leg));
    }
    place.brought = legs_->serial_;
}

bool Splice::is_current(unsigned leg) const {
    return places_[leg].generation == legs_->legs_[leg].generation;
}

// What a leg has brought by which it is remembered; nothing if it has begun anew since.
Splice::Legs Splice::mark_of(unsigned leg) const {
    return is_current(leg) ? bit(leg) : Legs{0};
}

void Splice::forget_old(SteadyTime now) {
    if (memory_.size() == 0) return;
    memory_.forget_before(now - settings_.window);
    if (memory_.size() == 0 && std::popcount(legs_->running_) < 2) memory_.shrink();
}

void Splice::offer_aligned(const SpliceMessage& message, SpliceResult& result) {
    SpliceMemory::Entry* first = memory_.find(message.key, bit(message.leg), places_[message.leg].since);
    if (first != nullptr) {
        first->brought_by = together(first->brought_by, bit(message.leg));
        result.verdict = SpliceVerdict::Duplicate;
        result.delay = message.now - first->left;
        result.remembered_for = reach(message.now);
        return;
    }
    result.verdict = SpliceVerdict::Leaves;
    if (!held_.empty() && message.venue_sequence != 0) let_go_lower(message, result.before);
    const Legs ahead = held_.empty() ? Legs{0} : ahead_by(message.key);
    if (ahead == 0) return remember(message.key, bit(message.leg), message.now);
    align_ahead(message, ahead, result);
}

Duration Splice::reach(SteadyTime now) const {
    return memory_.is_full() ? std::min(settings_.window, now - memory_.oldest()) : settings_.window;
}

void Splice::let_go_lower(const SpliceMessage& message, std::vector<HeldMessage>& leaving) {
    const auto is_lower = [&message](const HeldMessage& held) {
        return held.venue_sequence != 0 && held.venue_sequence < message.venue_sequence;
    };
    const auto lower = std::stable_partition(held_.begin(), held_.end(), std::not_fn(is_lower));
    if (lower == held_.end()) return;
    std::vector<HeldMessage> taken(std::make_move_iterator(lower), std::make_move_iterator(held_.end()));
    held_.erase(lower, held_.end());
    for (const HeldMessage& held : taken)
        held_bytes_ -= held.bytes.size();
    std::ranges::stable_sort(taken, {}, &HeldMessage::venue_sequence);
    let_go(std::move(taken), message.now, leaving);
}

// The legs of which exactly one message of this key waits, if none of it is remembered.
Splice::Legs Splice::ahead_by(std::uint64_t key) const {
    if (memory_.count(key) > 0) return 0;
    Legs once = 0;
    Legs again = 0;
    for (const HeldMessage& held : held_) {
        if (held.key != key) continue;
        again = together(again, static_cast<Legs>(once & bit(held.leg)));
        once = together(once, bit(held.leg));
    }
    return without(once, again);
}

void Splice::align_ahead(const SpliceMessage& message, Legs ahead, SpliceResult& result) {
    std::vector<HeldMessage> earlier;
    std::vector<HeldMessage> later;
    Legs reached = 0;
    Legs marks = bit(message.leg);
    for (HeldMessage& held : take_held(ahead)) {
        if (held.key == message.key) {
            reached = together(reached, bit(held.leg));
            marks = together(marks, mark_of(held.leg));
        } else if (contains(reached, held.leg)) {
            later.push_back(std::move(held));
        } else {
            earlier.push_back(std::move(held));
        }
    }
    let_go(std::move(earlier), message.now, result.before);
    remember(message.key, marks, message.now);
    for (unsigned leg = 0; leg < places_.size(); ++leg) {
        if (!contains(ahead, leg)) continue;
        places_[leg].aligned = true;
        places_[leg].since = legs_->serial_;
    }
    let_go(std::move(later), message.now, result.after);
}

void Splice::offer_joining(const SpliceMessage& message, SpliceResult& result) {
    Place& place = places_[message.leg];
    SpliceMemory::Entry* first = memory_.find(message.key, bit(message.leg), place.since);
    if (first != nullptr && proves_behind(message, *first)) {
        first->brought_by = together(first->brought_by, bit(message.leg));
        result.verdict = SpliceVerdict::Duplicate;
        result.delay = message.now - first->left;
        result.remembered_for = reach(message.now);
        const std::uint64_t proof = first->serial;
        let_go(take_held(bit(message.leg)), message.now, result.before);
        place.aligned = true;
        place.since = proof + 1;
        return;
    }
    if (held_bytes_ + message.bytes.size() <= settings_.max_held_bytes) {
        hold(message);
        result.verdict = SpliceVerdict::Held;
        return;
    }
    place.aligned = true;
    for (const HeldMessage& held : held_)
        places_[held.leg].aligned = true;
    let_go(take_held(kAllLegs), message.now, result.before);
    offer_aligned(message, result);
}

// An old one of the same content is rather a message that the venue repeats now and then, such as a heartbeat.
bool Splice::proves_behind(const SpliceMessage& message, const SpliceMemory::Entry& first) const {
    return message.now - first.left <= settings_.hold && memory_.count(message.key) == 1 &&
           !is_held(message.leg, message.key);
}

void Splice::hold(const SpliceMessage& message) {
    held_bytes_ += message.bytes.size();
    held_.push_back(held_copy(message));
}

bool Splice::is_held(unsigned leg, std::uint64_t key) const {
    return std::any_of(held_.begin(), held_.end(),
                       [leg, key](const HeldMessage& held) { return held.leg == leg && held.key == key; });
}

std::vector<HeldMessage> Splice::take_held(Legs legs) {
    const auto taken = std::stable_partition(held_.begin(), held_.end(),
                                             [legs](const HeldMessage& held) { return !contains(legs, held.leg); });
    std::vector<HeldMessage> result(std::make_move_iterator(taken), std::make_move_iterator(held_.end()));
    held_.erase(taken, held_.end());
    for (const HeldMessage& held : result)
        held_bytes_ -= held.bytes.size();
    if (held_.empty()) held_ = {};
    return result;
}

void Splice::let_go(std::vector<HeldMessage> held, SteadyTime now, std::vector<HeldMessage>& leaving) {
    for (HeldMessage& one : held) {
        SpliceMemory::Entry* first = memory_.find(one.key, bit(one.leg), places_[one.leg].since);
        if (first != nullptr) {
            first->brought_by = together(first->brought_by, mark_of(one.leg));
            continue;
        }
        remember(one.key, mark_of(one.leg), now);
        leaving.push_back(std::move(one));
    }
}

void Splice::remember(std::uint64_t key, Legs legs, SteadyTime now) {
    const std::uint64_t serial = legs_->serial_++;
    const bool may_come_again = settings_.endpoints_apart || without(legs_->running_, legs) != 0;
    if (may_come_again) memory_.add({.key = key, .serial = serial, .left = now, .brought_by = legs});
}

std::vector<HeldMessage> Splice::release(SteadyTime now) {
    forget_old(now);
    std::vector<HeldMessage> leaving;
    const Legs due = due_at(now);
    if (due == 0) return leaving;
    let_go(take_held(due), now, leaving);
    for (unsigned leg = 0; leg < places_.size(); ++leg) {
        if (contains(due, leg)) places_[leg].aligned = true;
    }
    return leaving;
}

// What a leg that is gone left waiting may still be brought by another one in its place; it waits like the rest, but
// for no other leg's sake.
Splice::Legs Splice::due_at(SteadyTime now) const {
    const bool is_alone = legs_->open_legs() == 0;
    Legs due = 0;
    Legs gone = 0;
    for (const HeldMessage& held : held_) {
        const bool is_open = legs_->is_open(held.leg) && is_current(held.leg);
        const bool is_settled = is_open && legs_->is_settled(held.leg);
        if (!is_open) gone = together(gone, bit(held.leg));
        if (is_alone || is_settled || now - held.since >= settings_.hold) due = together(due, bit(held.leg));
    }
    return due == 0 ? due : together(due, gone);
}

std::optional<SteadyTime> Splice::next_release() const {
    if (held_.empty()) return std::nullopt;
    return held_.front().since + settings_.hold;
}

bool Splice::is_aligned(unsigned leg) const {
    if (legs_->is_settled(leg)) return true;
    if (leg >= places_.size() || !legs_->is_open(leg)) return false;
    return places_[leg].aligned && is_current(leg);
}

bool Splice::has_flowed_since(unsigned leg) const {
    const std::uint64_t since = legs_->legs_[leg].since;
    for (unsigned other = 0; other < places_.size(); ++other) {
        if (other != leg && places_[other].brought >= since) return true;
    }
    return false;
}

bool Splice::has_brought(unsigned leg) const {
    return leg < places_.size() && is_current(leg) && places_[leg].brought >= legs_->legs_[leg].since;
}

bool Splice::is_idle(SteadyTime now) const {
    if (!held_.empty()) return false;
    return memory_.size() == 0 || memory_.newest() < now - settings_.window;
}

}  // namespace fairlead::core
