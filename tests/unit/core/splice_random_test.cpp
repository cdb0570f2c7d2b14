// A venue's stream over sockets that lag, die and come back at random: whatever happens, what leaves is the stream, as
// long as one leg that has its place carries it.
#include "core/splice.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace fairlead::core;
using namespace std::chrono_literals;

constexpr SteadyTime kBegin{1000s};
constexpr Duration kLargestLag = 400ms;        // below `hold`: legs prove their places before it passes
constexpr Duration kHeartbeatPeriod = 1500ms;  // above `hold`: a heartbeat is not taken for the one before

constexpr Duration kRest = 1s;  // `hold`: what a dead leg left waiting has found its place when it comes back

struct Sent {
    SteadyTime at{};
    std::uint64_t key = 0;
};

class Chance {
public:
    explicit Chance(std::uint64_t seed) : random_(seed) {}
    bool one_in(unsigned count) { return random_() % count == 0; }
    unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }
    Duration up_to(Duration longest) { return Duration{static_cast<Duration::rep>(random_() % longest.count())}; }

private:
    std::mt19937_64 random_;
};

constexpr std::uint64_t kHeartbeatKey = 7;
constexpr std::uint64_t kFirstOfRepeated = 1'000'000;

bool is_repeated(std::uint64_t key) {
    return key == kHeartbeatKey || key >= kFirstOfRepeated;
}

// Numbered messages; on request also a heartbeat, and contents that come several times in a row.
std::vector<Sent> make_stream(Chance& chance, bool repeats) {
    std::vector<Sent> stream;
    SteadyTime now = kBegin;
    SteadyTime heartbeat = kBegin + chance.up_to(kHeartbeatPeriod);
    for (unsigned i = 0; i < 150; ++i) {
        now += 1ms + chance.up_to(60ms);
        stream.push_back({.at = now, .key = 1000 + i});
        if (!repeats) continue;
        if (chance.one_in(8))
            stream.insert(stream.end(), 2 + chance.below(3), {.at = now, .key = kFirstOfRepeated + i});
        if (now < heartbeat) continue;
        stream.push_back({.at = now, .key = kHeartbeatKey});
        heartbeat = now + kHeartbeatPeriod;
    }
    return stream;
}

// One socket: what the venue sends after the subscription arrives in order, some time later.
struct Socket {
    bool running = false;
    bool open = false;
    SteadyTime opens{};
    SteadyTime subscribed{};
    Duration lag{};
    std::size_t next = 0;  // in the stream
    SteadyTime last_arrival{};
    SteadyTime died{};
};

class World {
public:
    World(std::uint64_t seed, unsigned legs, bool repeats)
        : chance_(seed), stream_(make_stream(chance_, repeats)), sockets_(legs), splice_({}, legs_) {}

    void run() {
        dial(0, kBegin - 1s);
        sockets_[0].opens = sockets_[0].subscribed = kBegin - 1ms;
        now_ = kBegin - 1s;
        while (const auto next = next_event()) {
            now_ = std::max(now_, *next);
            for (unsigned leg = 0; leg < sockets_.size(); ++leg)
                step(leg);
            after_step();
            maybe_change();
        }
        collect(splice_.release(now_ + 1min));
    }

    const std::vector<Sent>& stream() const { return stream_; }
    const std::vector<std::uint64_t>& left() const { return left_; }
    unsigned deaths = 0;
    unsigned behind = 0;
    unsigned ahead = 0;
    unsigned released = 0;

private:
    void dial(unsigned leg, SteadyTime now) {
        legs_.begin(leg);
        const Duration connecting = 1ms + chance_.up_to(300ms);
        const Duration half = chance_.up_to(connecting);
        sockets_[leg] = {.running = true,
                         .open = false,
                         .opens = now + connecting,
                         .subscribed = now + half,
                         .lag = chance_.up_to(kLargestLag),
                         .next = 0,
                         .last_arrival = {},
                         .died = {}};
        while (sockets_[leg].next < stream_.size() && stream_[sockets_[leg].next].at < sockets_[leg].subscribed)
            ++sockets_[leg].next;
    }

    std::optional<SteadyTime> arrival(const Socket& socket) const {
        if (socket.next >= stream_.size()) return std::nullopt;
        return std::max({socket.last_arrival, socket.opens, stream_[socket.next].at + socket.lag});
    }

    std::optional<SteadyTime> next_event() const {
        std::optional<SteadyTime> soonest = splice_.next_release();
        const auto take = [&soonest](SteadyTime time) {
            if (!soonest || time < *soonest) soonest = time;
        };
        for (const Socket& socket : sockets_) {
            if (!socket.running) continue;
            if (!socket.open) take(socket.opens);
            if (const auto time = arrival(socket)) take(*time);
        }
        return soonest;
    }

    void step(unsigned leg) {
        Socket& socket = sockets_[leg];
        if (!socket.running) return;
        if (!socket.open && socket.opens <= now_) {
            socket.open = true;
            legs_.open(leg);
        }
        // A burst may be cut between two messages.
        for (unsigned most = 1 + chance_.below(3); most > 0; --most) {
            const auto time = arrival(socket);
            if (!socket.open || !time || *time > now_) return;
            socket.last_arrival = *time;
            deliver(leg, stream_[socket.next++].key);
        }
    }

    void deliver(unsigned leg, std::uint64_t key) {
        const bool was_aligned = splice_.is_aligned(leg);
        const std::string bytes = std::to_string(key);
        SpliceResult result = splice_.offer({.leg = leg, .key = key, .bytes = bytes, .now = now_});
        if (!was_aligned && result.verdict == SpliceVerdict::Duplicate) ++behind;
        if (!result.after.empty()) ++ahead;
        collect(result.before);
        if (result.verdict == SpliceVerdict::Leaves) left_.push_back(key);
        collect(result.after);
    }

    void collect(const std::vector<HeldMessage>& messages) {
        for (const HeldMessage& message : messages) {
            REQUIRE(message.bytes == std::to_string(message.key));
            left_.push_back(message.key);
        }
    }

    void after_step() {
        for (unsigned leg = 0; leg < sockets_.size(); ++leg) {
            if (sockets_[leg].open && !legs_.is_settled(leg) && splice_.is_aligned(leg)) legs_.settle(leg);
        }
        const std::vector<HeldMessage> due = splice_.release(now_);
        released += due.size();
        collect(due);
    }

    // A leg dies only while another one that has its place is there.
    void maybe_change() {
        const unsigned leg = chance_.below(static_cast<unsigned>(sockets_.size()));
        if (!sockets_[leg].running) {
            if (chance_.one_in(10) && now_ - sockets_[leg].died >= kRest) dial(leg, now_);
            return;
        }
        if (!chance_.one_in(30)) return;
        for (unsigned other = 0; other < sockets_.size(); ++other) {
            if (other == leg || !legs_.is_settled(other)) continue;
            sockets_[leg] = {};
            sockets_[leg].died = now_;
            legs_.end(leg);
            collect(splice_.release(now_));
            ++deaths;
            return;
        }
    }

    Chance chance_;
    std::vector<Sent> stream_;
    std::vector<Socket> sockets_;
    SpliceLegs legs_;
    Splice splice_;
    SteadyTime now_{};
    std::vector<std::uint64_t> left_;
};

std::vector<std::uint64_t> keys_of(const std::vector<Sent>& stream) {
    std::vector<std::uint64_t> keys;
    std::transform(stream.begin(), stream.end(), std::back_inserter(keys), [](const Sent& sent) { return sent.key; });
    return keys;
}

std::vector<std::uint64_t> numbered(std::vector<std::uint64_t> keys) {
    keys.erase(std::remove_if(keys.begin(), keys.end(), is_repeated), keys.end());
    return keys;
}

std::map<std::uint64_t, unsigned> counts(const std::vector<std::uint64_t>& keys) {
    std::map<std::uint64_t, unsigned> result;
    for (const std::uint64_t key : keys)
        ++result[key];
    return result;
}

TEST_CASE("what leaves is the venue's stream, once and in order, whatever the legs do") {
    unsigned deaths = 0;
    unsigned behind = 0;
    unsigned ahead = 0;
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        CAPTURE(seed);
        World world(seed, 2 + seed % 3, false);
        world.run();
        REQUIRE(world.left() == keys_of(world.stream()));
        REQUIRE(world.released == 0);
        deaths += world.deaths;
        behind += world.behind;
        ahead += world.ahead;
    }
    CHECK(deaths > 1000);
    CHECK(behind > 1000);
    CHECK(ahead > 1000);
}

TEST_CASE("contents that the venue repeats leave as often as it sent them, the others in order") {
    for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
        CAPTURE(seed);
        World world(seed, 2 + seed % 3, true);
        world.run();
        REQUIRE(counts(world.left()) == counts(keys_of(world.stream())));
        REQUIRE(numbered(world.left()) == numbered(keys_of(world.stream())));
    }
}

}  // namespace
