#include "core/splice_memory.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

namespace fairlead::core {

namespace {

constexpr std::size_t kFirstSlots = 64;
constexpr std::size_t kMostEntries = std::size_t{1} << 30;  // half of the positions: older and newer stay apart

}  // namespace

SpliceMemory::SpliceMemory(std::size_t limit)
    : limit_(static_cast<Position>(std::clamp<std::size_t>(limit, 1, kMostEntries))) {}

// Keys may be numbers that follow each other, or differ in their upper bits only.
std::size_t SpliceMemory::bucket_of(std::uint64_t key) const {
    constexpr std::uint64_t kGoldenRatio = 0x9E37'79B9'7F4A'7C15;
    return static_cast<std::size_t>((key * kGoldenRatio) >> 32) & (slots_.size() - 1);
}

SpliceMemory::Entry* SpliceMemory::find(std::uint64_t key, Legs legs, std::uint64_t since) {
    if (size_ == 0) return nullptr;
    Entry* oldest = nullptr;
    for (Position i = slots_[bucket_of(key)].latest; holds(i); i = at(i).older) {
        Entry& entry = at(i).entry;
        if (entry.serial < since) break;
        if (entry.key != key) continue;
        if ((entry.brought_by & legs) != 0) break;
        oldest = &entry;
    }
    return oldest;
}

unsigned SpliceMemory::count(std::uint64_t key) const {
    if (size_ == 0) return 0;
    unsigned found = 0;
    for (Position i = slots_[bucket_of(key)].latest; holds(i) && found < 2; i = at(i).older) {
        if (at(i).entry.key == key) ++found;
    }
    return found;
}

void SpliceMemory::add(const Entry& entry) {
    if (size_ == limit_) drop_oldest();
    if (size_ == slots_.size()) grow();
    append(entry);
}

void SpliceMemory::forget_bringer(Legs legs) {
    for (Position i = 0; i < size_; ++i) {
        Legs& brought_by = at(first_ + i).entry.brought_by;
        brought_by = static_cast<Legs>(brought_by & ~legs);
    }
}

void SpliceMemory::append(const Entry& entry) {
    if (Position(first_ + size_) == kNowhere) {  // once in four billion: forget rather than take it for a position
        while (size_ > 0)
            drop_oldest();
        first_ = 0;
    }
    const Position position = first_ + size_;
    Position& latest = slots_[bucket_of(entry.key)].latest;
    Slot& slot = at(position);
    slot.entry = entry;
    slot.older = std::exchange(latest, position);
    ++size_;
}

void SpliceMemory::drop_oldest() {
    Position& latest = slots_[bucket_of(at(first_).entry.key)].latest;
    if (latest == first_) latest = kNowhere;
    ++first_;
    --size_;
}

void SpliceMemory::grow() {
    const std::size_t most = std::bit_ceil(std::size_t{limit_});
    const std::size_t wanted = std::min(most, std::max(kFirstSlots, slots_.size() * 2));
    std::vector<Slot> before(wanted);
    before.swap(slots_);
    const Position first = std::exchange(first_, 0);
    const Position size = std::exchange(size_, 0);
    for (Position i = 0; i < size; ++i)
        append(before[Position(first + i) & (before.size() - 1)].entry);
}

void SpliceMemory::forget_before(SteadyTime time) {
    while (size_ > 0 && at(first_).entry.left < time)
        drop_oldest();
}

void SpliceMemory::shrink() {
    assert(size_ == 0);
    slots_ = {};
}

SteadyTime SpliceMemory::newest() const {
    assert(size_ > 0);
    return at(first_ + size_ - 1).entry.left;
}

}  // namespace fairlead::core
