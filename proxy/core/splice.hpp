// Several sockets carry the same messages of one topic, each in the venue's order and at its own pace: one copy of each
// message is to leave, in that order. Used for redundant legs, and while a new socket takes over from an old one.
//
// A message is known by a key: a hash of its bytes, or of the fields that make it the same on every socket. The first
// copy leaves; the copy of another leg is dropped, once for each time that the message left: a message that the venue
// itself repeats on one socket is no copy.
//
// A leg that joins while another one runs may be behind or ahead of it. Behind is harmless: what it brings has left
// already. Ahead is not: what lies between would come late and out of order. So its messages of a topic wait until the
// two are aligned there, which is proved by one message that both have brought and that is the only one of its key in
// what is remembered and in what waits:
//   - the joining leg brings what has left no longer than `hold` ago: it is behind, and aligned;
//   - another leg brings what is waiting: the joining one is ahead; what waits leaves, and it is aligned.
// Where the venue numbers its messages, what waits and has a lower number than one that leaves goes before that one:
// the other leg has missed it. From then on, nothing that left before that message is expected of the leg any more.
// Nothing waits longer than `hold`, nor when no leg is open any more. What a leg that is gone left waiting waits on,
// for another leg to show its place; if its number begins anew, it leaves with the first message that it brings. While
// one leg runs alone, nothing is remembered: whoever begins later cannot bring it.
//
// Not thread-safe: one thread owns the legs and all their splices.
#pragma once

#include "core/splice_memory.hpp"
#include "core/time.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::core {

struct SpliceSettings {
    Duration window = std::chrono::seconds{10};  // for which a message that has left is remembered
    Duration hold = std::chrono::seconds{1};     // for which a message of a joining leg waits at most
    // The sockets lead to different endpoints, or are always several: one that comes anew may bring what left shortly
    // before, because its endpoint lags, or because no other socket was there meanwhile. Then everything is remembered,
    // also while one leg is alone.
    bool endpoints_apart = false;
    std::size_t max_remembered = 262'144;               // messages of one topic; memory is taken as it is needed
    std::size_t max_held_bytes = std::size_t{4} << 20;  // of one topic; above, what waits leaves
};

// Which legs of a connection run, and since when; shared by the splices of its topics.
class SpliceLegs {
public:
    static constexpr unsigned kMaxLegs = 16;

    // All: `leg` below kMaxLegs.
    //
    // An attempt to open begins: from here on the venue may send copies to it. Of a leg that does not run.
    void begin(unsigned leg);
    // It is open, after begin(). Settled at once if no other leg is open.
    void open(unsigned leg);
    // It has shown on every topic what it could, or was given up waiting for: no message of it waits any more. Of an
    // open leg. A leg that is aligned everywhere is to be settled soon: end() knows nothing of topics.
    void settle(unsigned leg);
    // It is gone, open or not. If the legs that are left all join, they settle: there is nothing left to join.
    void end(unsigned leg);

    bool is_open(unsigned leg) const;
    bool is_settled(unsigned leg) const;
    unsigned open_legs() const;

private:
    friend class Splice;
    struct Leg {
        bool running = false;
        bool open = false;
        bool settled = false;
        std::uint32_t generation = 0;  // counts begin()
        std::uint64_t since = 0;       // serial of begin()
    };
    std::array<Leg, kMaxLegs> legs_{};
    SpliceMemory::Legs running_ = 0;
    std::uint64_t serial_ = 0;  // of messages that leave, over all topics, and of attempts that begin
};

struct SpliceMessage {
    unsigned leg = 0;
    std::uint64_t key = 0;
    std::string_view bytes{};
    bool binary = false;
    WallTime received{};
    SteadyTime now{};
    std::uint32_t session = 0;         // not looked at
    std::uint64_t venue_sequence = 0;  // 0 = none
};

// A message that had to wait.
struct HeldMessage {
    unsigned leg = 0;
    std::uint64_t key = 0;
    std::string bytes{};
    bool binary = false;
    WallTime received{};
    SteadyTime since{};
    std::uint32_t session = 0;
    std::uint64_t venue_sequence = 0;
};

enum class SpliceVerdict {
    Leaves,     // first copy
    Duplicate,  // has left already
    Held,       // kept until it is clear which
};

struct SpliceResult {
    SpliceVerdict verdict = SpliceVerdict::Leaves;
    std::vector<HeldMessage> before{};  // leave now, before the message
    std::vector<HeldMessage> after{};   // leave now, after it
    Duration delay{};                   // Duplicate: by which this copy came after the other one had left
    Duration remembered_for{};          // Duplicate: how far back the memory reaches: the window, or less if it is full
};

// Of one topic. The legs outlive it.
class Splice {
public:
    Splice(const SpliceSettings& settings, SpliceLegs& legs);

    // Of an open leg. O(1) but for messages of equal keys; allocates only to grow and for what waits.
    SpliceResult offer(const SpliceMessage& message);
    // What need not wait any more: for too long, or there is nothing to wait for. In order; copies of what has left are
    // not in it. To be called after settle() and end(), and at next_release().
    std::vector<HeldMessage> release(SteadyTime now);
    // Empty = nothing waits.
    std::optional<SteadyTime> next_release() const;

    // Whether the place of this leg among the others is known on this topic: proved, settled, or alone.
    bool is_aligned(unsigned leg) const;
    // Whether another leg has brought something on this topic since `leg` began.
    bool has_flowed_since(unsigned leg) const;
    // Whether `leg` itself has brought something on this topic since it began, whatever became of it.
    bool has_brought(unsigned leg) const;
    // How many messages are remembered.
    std::size_t remembered() const { return memory_.size(); }
    bool is_idle(SteadyTime now) const;  // nothing waits, and everything is older than the window

private:
    using Legs = SpliceMemory::Legs;

    // Of one leg on this topic.
    struct Place {
        std::uint32_t generation = 0;  // of the leg, to which the rest belongs
        bool aligned = false;
        std::uint64_t since = 0;    // the first serial of which it may bring a copy
        std::uint64_t brought = 0;  // serial when it last brought something; whatever the generation
    };

    void enter(const SpliceMessage& message, std::vector<HeldMessage>& leaving);
    bool is_current(unsigned leg) const;
    Legs mark_of(unsigned leg) const;
    void forget_old(SteadyTime now);
    void offer_joining(const SpliceMessage& message, SpliceResult& result);
    void offer_aligned(const SpliceMessage& message, SpliceResult& result);
    Legs ahead_by(std::uint64_t key) const;
    Duration reach(SteadyTime now) const;
    void let_go_lower(const SpliceMessage& message, std::vector<HeldMessage>& leaving);
    void align_ahead(const SpliceMessage& message, Legs ahead, SpliceResult& result);
    bool proves_behind(const SpliceMessage& message, const SpliceMemory::Entry& first) const;
    void hold(const SpliceMessage& message);
    bool is_held(unsigned leg, std::uint64_t key) const;
    std::vector<HeldMessage> take_held(Legs legs);
    void let_go(std::vector<HeldMessage> held, SteadyTime now, std::vector<HeldMessage>& leaving);
    Legs due_at(SteadyTime now) const;
    void remember(std::uint64_t key, Legs legs, SteadyTime now);

    SpliceSettings settings_;
    SpliceLegs* legs_;
    SpliceMemory memory_;
    std::vector<Place> places_;      // by leg, as far as legs have brought something
    std::vector<HeldMessage> held_;  // as they came
    std::size_t held_bytes_ = 0;
};

}  // namespace fairlead::core
