// One client's connection as a rule: bytes in, bytes out, and what they meant. It holds no socket and reads no clock;
// the engine moves the bytes.
#pragma once

#include "core/time.hpp"
#include "simulator/conversation.hpp"
#include "simulator/frame.hpp"
#include "simulator/outbox.hpp"
#include "simulator/request.hpp"
#include "simulator/upgrade.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::simulator {

//   Upgrading   waits for the HTTP request. Left by it, or after kUpgradeTimeout.
//   Open        messages flow. Left by a close frame of either side, or by a violation.
//   Closing     the venue has sent a close frame and waits for the client's. Left by it, or after kCloseTimeout.
//   Finished    the socket is to be closed as soon as the outbox is empty, at the latest after kCloseTimeout.
enum class Phase { Upgrading, Open, Closing, Finished };

// What the bytes of one receive() were.
struct Received {
    bool opened = false;
    int refused_status = 0;  // of a refused upgrade; 0 = none
    bool subscriptions_changed = false;
    std::vector<Request> requests;
    unsigned pings = 0;
    unsigned pongs = 0;
    std::optional<std::uint16_t> close_code;  // of a close frame from the client; 1005 = without a code
};

class Connection {
public:
    static constexpr core::Duration kUpgradeTimeout = std::chrono::seconds{10};
    static constexpr core::Duration kCloseTimeout = std::chrono::seconds{2};

    struct Settings {
        core::Duration ping_interval{0};  // 0 = no pings
        core::Duration lifetime{0};       // 0 = without end
        std::size_t max_streams = 1024;   // subscriptions beyond are refused; not in a dialect, which has its own limit
        const Dialect* dialect = nullptr;  // null = Binance's protocol as README.md has it. Outlives the connection
        const TopicFaults* topic_faults = nullptr;  // null = none; outlives the connection; needed with a dialect
    };

    Connection(const Settings& settings, core::SteadyTime now);

    Received receive(std::string_view bytes, const std::optional<Refusal>& refusal, core::SteadyTime now);
    // Timers that have passed. True = a ping was queued.
    bool tick(core::SteadyTime now, std::int64_t wall_ms);

    // Open only, otherwise without effect.
    void close(std::uint16_t code, std::string_view reason, core::SteadyTime now);
    void send_bad_frame(BadFrame kind);
    // Whether messages may follow now.
    bool takes_data() const { return phase_ == Phase::Open && !inside_endless_frame_; }
    // A text between the messages of the streams. Open only.
    void send_text(std::string_view text);
    // A whole text frame, if takes_data(). False = it was dropped because the client reads too slowly.
    bool publish(std::string_view frame) { return outbox_.add(frame); }

    // The socket is to be closed now.
    bool over(core::SteadyTime now) const;
    bool combined() const { return combined_; }
    const std::string& path() const { return path_; }
    const std::set<std::string>& subscriptions() const { return subscriptions_; }
    Outbox& outbox() { return outbox_; }

private:
    void receive_head(const std::optional<Refusal>& refusal, core::SteadyTime now, Received& received);
    void receive_frames(core::SteadyTime now, Received& received);
    void receive_message(const FrameDecoder::Message& message, core::SteadyTime now, Received& received);
    void receive_text(std::string_view text, core::SteadyTime now, Received& received);
    void receive_in_dialect(std::string_view text, core::SteadyTime now, Received& received);
    void receive_control(core::SteadyTime now);
    std::string carry_out(const Request& request, Received& received);
    void send(Opcode opcode, std::string_view payload);
    void finish(core::SteadyTime now);

    Settings settings_;
    Phase phase_ = Phase::Upgrading;
    core::SteadyTime deadline_;  // of Upgrading, Closing and Finished
    std::optional<core::SteadyTime> next_ping_;
    std::optional<core::SteadyTime> end_of_life_;
    bool inside_endless_frame_ = false;  // after BadFrame::Oversize: whatever follows would be its payload
    bool combined_ = false;
    std::string path_;
    std::string head_;
    std::set<std::string> subscriptions_;
    std::optional<Conversation> conversation_;  // with a dialect
    FrameDecoder decoder_;
    Outbox outbox_;
};

}  // namespace fairlead::simulator
