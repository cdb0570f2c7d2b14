// The messages of one topic that have left not long ago, and which legs have brought them. A ring in the order of
// leaving that doubles as it is needed, with a hash index in the same storage: looking a key up allocates nothing.
//
// Of the messages of one key, a leg has always brought the older ones: find() relies on it.
#pragma once

#include "core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fairlead::core {

class SpliceMemory {
public:
    using Legs = std::uint16_t;  // one bit for each

    struct Entry {
        std::uint64_t key = 0;
        std::uint64_t serial = 0;  // grows from entry to entry
        SteadyTime left{};
        Legs brought_by = 0;
    };

    // `limit`: above, the oldest is forgotten; at least 1.
    explicit SpliceMemory(std::size_t limit);

    // The oldest of this key that none of `legs` has brought, of `since` or later. Null = none. Valid until add().
    Entry* find(std::uint64_t key, Legs legs, std::uint64_t since);
    // How many of this key there are; counted up to 2.
    unsigned count(std::uint64_t key) const;
    void add(const Entry& entry);
    // That these have brought anything.
    void forget_bringer(Legs legs);
    void forget_before(SteadyTime time);
    // Gives the storage back; only of an empty one.
    void shrink();

    std::size_t size() const { return size_; }
    bool is_full() const { return size_ == limit_; }
    // When the newest and the oldest left. Only if there is one.
    SteadyTime newest() const;
    SteadyTime oldest() const { return at(first_).entry.left; }

private:
    using Position = std::uint32_t;  // counts entries; wraps around
    static constexpr Position kNowhere = 0xffff'ffff;

    struct Slot {
        Entry entry{};
        Position older = kNowhere;   // the one before, of those that share its bucket
        Position latest = kNowhere;  // not of the entry, but of the bucket with the number of this slot
    };

    bool holds(Position position) const { return position != kNowhere && Position(position - first_) < size_; }
    Slot& at(Position position) { return slots_[position & (slots_.size() - 1)]; }
    const Slot& at(Position position) const { return slots_[position & (slots_.size() - 1)]; }
    std::size_t bucket_of(std::uint64_t key) const;
    void append(const Entry& entry);
    void drop_oldest();
    void grow();

    std::vector<Slot> slots_;  // a power of 2, or none
    Position first_ = 0;
    Position size_ = 0;
    Position limit_;
};

}  // namespace fairlead::core
