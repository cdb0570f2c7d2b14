// Carries out what core::SessionMachine decides: owns the link to the venue and the one timer, and turns what happens
// on them into inputs. Everything that is the same for every venue and needs no protobuf is here; what a message or a
// change means is the owner's.
#pragma once

#include "core/session_machine.hpp"
#include "relay/services.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fairlead::relay {

// Numbers about the upstream connection, for status and metrics.
struct SessionFacts {
    std::uint32_t number = 0;  // of the present connection, or the last one, among all of the owner; 0 = none yet
    std::uint64_t opens = 0;
    std::uint64_t attempts = 0;
    std::uint64_t failed_attempts = 0;
    seam::OpenInfo open;                        // of the present connection, or the last one
    seam::EndInfo end;                          // of the last end
    std::optional<core::SteadyTime> opened_at;  // of the present connection
    std::optional<core::SteadyTime> last_data;  // of the present connection
    core::WallTime last_opened{};
    core::WallTime last_heard{};  // message, pong or upgrade
    core::WallTime last_message{};
    core::Duration round_trip{};  // of the last ping; 0 = none measured
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
};

// Called on the relay thread, never from within a call that the owner makes on the Session except start, stop and
// reconnect.
class SessionOwner {
public:
    virtual ~SessionOwner() = default;
    // For an attempt that begins now: secrets are resolved anew. A text = why there can be none.
    virtual std::variant<seam::ConnectRequest, std::string> connect_request() = 0;
    // For a connection that has just opened.
    virtual std::uint32_t next_session() = 0;
    virtual void on_change(const core::action::Announce& change) = 0;
    // The connection is open: send what is to be subscribed.
    virtual void on_restore() = 0;
    virtual void on_message(const seam::InboundMessage& message, core::WallTime received) = 0;
    // Everything that send() took has been handed to the socket.
    virtual void on_drained() = 0;
};

class Session final : private seam::LinkHandler {
public:
    Session(SessionOwner& owner, const Services& services, const core::SessionSettings& settings);
    ~Session() override;

    void start() { feed(core::input::Start{}); }
    void stop(core::Cause cause, std::string detail) { feed(core::input::Stop{cause, std::move(detail)}); }
    void reconnect(std::string detail) { feed(core::input::Reconnect{std::move(detail)}); }

    // Changed settings apply to deadlines armed from now on.
    void configure(const core::SessionSettings& settings) { machine_.configure(settings); }

    seam::SendResult send(std::string_view payload, bool binary);

    core::ConnectionState state() const { return machine_.state(); }
    unsigned consecutive_failures() const { return machine_.consecutive_failures(); }
    std::optional<core::SteadyTime> next_deadline() const { return machine_.next_deadline(); }
    const SessionFacts& facts() const { return facts_; }

private:
    void on_open(const seam::OpenInfo& info) override;
    void on_message(const seam::InboundMessage& message) override;
    void on_pong(std::string_view payload) override;
    void on_drained() override;
    void on_end(const seam::EndInfo& info) override;

    void feed(core::SessionInput input);
    void perform(const core::action::Open& open);
    void perform(const core::action::Close& close);
    void perform(const core::action::Ping& ping);
    void perform(const core::action::Restore& restore);
    void perform(const core::action::Announce& change);

    SessionOwner& owner_;
    const Services& services_;
    core::SessionMachine machine_;
    std::unique_ptr<seam::Timer> timer_;
    std::unique_ptr<seam::Link> link_;
    std::deque<core::SessionInput> inputs_;  // an input that comes while another is carried out waits its turn
    bool feeding_ = false;
    SessionFacts facts_;
    std::string ping_payload_;
    core::SteadyTime ping_sent_{};
    std::uint64_t pings_ = 0;
};

}  // namespace fairlead::relay
