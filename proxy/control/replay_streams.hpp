// The replays and snapshots that are under way, each to one client that reads as fast as it likes. Live traffic goes
// first: a turn of the loop sends a few messages only. A client whose queue is full is left alone for a moment; one
// that has gone, or has not made room in its queue for a minute, is given up.
#pragma once

#include "control/replay_source.hpp"
#include "seam/clock.hpp"
#include "seam/reply_stream.hpp"
#include "seam/timers.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::control {

// Relay thread only. Clock and timers outlive it.
class ReplayStreams {
public:
    // Who asked, and how a repetition of the request is recognised.
    struct Asker {
        std::string peer;
        std::uint64_t request_id = 0;
        std::size_t body_hash = 0;
        std::unique_ptr<seam::ReplyStream> out{};
    };

    ReplayStreams(const seam::Clock& clock, seam::Timers& timers);

    enum class Seen { New, Repeated, OtherRequest };
    // Repeated: its stream is under way, and the client has been or will be sent the same Reply (once more).
    // OtherRequest: the id belongs to a stream of this client that is under way.
    Seen look(const Asker& asker);
    bool has_room(const std::string& peer) const;
    // Sends `reply` now, if the client has room for it, and the messages from advance(). There must be room.
    void begin(Asker asker, std::string reply, std::unique_ptr<ReplaySource> source);

    // To be called once in each turn of the loop. Returns has_runnable().
    bool advance();
    // There is more to do at once: the loop must not wait.
    bool has_runnable() const;
    // Tells every client that the rest will not come, as far as there is room, and ends their streams.
    void shut_down();

    std::size_t active() const { return streams_.size(); }
    std::uint64_t abandoned() const { return abandoned_; }
    std::uint64_t messages() const { return messages_; }  // that were sent again

    static constexpr std::size_t kMaxStreams = 256;
    static constexpr std::size_t kMaxOfPeer = 64;
    static constexpr std::size_t kMessagesPerTurn = 32;
    static constexpr core::Duration kRetry = std::chrono::milliseconds{5};  // a client whose queue was full
    static constexpr core::Duration kPatience = std::chrono::seconds{60};   // with one that makes no room

private:
    struct Stream {
        Asker asker;
        std::string reply;
        bool replied = false;
        std::unique_ptr<ReplaySource> source;
        bool parked = false;
        std::optional<core::SteadyTime> full_since{};  // nothing could be sent since then
    };

    // False = it has come to its end.
    bool step(Stream& stream);
    void park(Stream& stream);
    void unpark();

    const seam::Clock& clock_;
    std::unique_ptr<seam::Timer> retry_;
    bool retry_armed_ = false;
    std::vector<std::unique_ptr<Stream>> streams_;
    std::size_t turn_ = 0;  // whose turn it is
    std::uint64_t abandoned_ = 0;
    std::uint64_t messages_ = 0;
};

}  // namespace fairlead::control
