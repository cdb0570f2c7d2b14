// Carries out what core::SessionMachine decides: owns the link to the venue and the one timer, and turns what happens
// on them into inputs. Everything that is the same for every venue and needs no protobuf is here; what a message or a
// change means is the owner's.
#pragma once

#include "core/inflation.hpp"
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
    core::Duration round_trip{};    // of the last ping; 0 = none measured
    std::uint64_t venue_pings = 0;  // of the present connection, or the last one
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    core::Inflation inflation{};
};

// Why an attempt cannot be made, or a connection cannot go on.
struct Failure {
    core::Cause cause = core::Cause::Config;
    std::string detail{};
    std::optional<core::Duration> retry_after{};
};
// What the attempt needs is being fetched: Session::prepared() follows.
struct Preparing {};
// The venue's limit of connections is used up: the attempt is made after `wait`, and that is no failure.
struct NotYet {
    std::string detail{};
    core::Duration wait{};
};
using Attempt = std::variant<seam::ConnectRequest, Failure, Preparing, NotYet>;

// Called on the relay thread, never from within a call that the owner makes on the Session except start, stop,
// reconnect and fail.
class SessionOwner {
public:
    virtual ~SessionOwner() = default;
    // An attempt begins now: secrets are resolved anew.
    virtual Attempt begin_attempt() = 0;
    // For a connection that has just opened.
    virtual std::uint32_t next_session() = 0;
    virtual void on_change(const core::action::Announce& change) = 0;
    // The connection is open: send what is to be subscribed.
    virtual void on_restore() = 0;
    // Whether it is data: what answers us, and a venue's sign of life, are none.
    virtual bool on_message(const seam::InboundMessage& message, core::WallTime received) = 0;
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
    // After Preparing: the attempt goes on, or has failed. Without effect when it is over.
    void prepared(Attempt attempt);
    // The connection is of no use: it is closed, and opened anew like one that was lost. Of an open one.
    void fail(const Failure& failure);

    // Changed settings apply to deadlines armed from now on.
    void configure(const core::SessionSettings& settings) { machine_.configure(settings); }

    seam::SendResult send(std::string_view payload, bool binary);

    // Messages that wait for the socket.
    std::size_t queued_messages() const { return link_ ? link_->queued_messages() : 0; }

    core::ConnectionState state() const { return machine_.state(); }
    unsigned consecutive_failures() const { return machine_.consecutive_failures(); }
    std::optional<core::SteadyTime> next_deadline() const { return machine_.next_deadline(); }
    const SessionFacts& facts() const { return facts_; }

private:
    void on_open(const seam::OpenInfo& info) override;
    void on_read_begin() override;
    void on_read_end() override;
    void on_message(const seam::InboundMessage& message) override;
    void on_inflated(const core::Inflation& inflation) override { facts_.inflation += inflation; }
    void on_pong(std::string_view payload) override;
    void on_ping() override;
    void on_drained() override;
    void on_end(const seam::EndInfo& info) override;

    void feed(core::SessionInput input);
    void run();
    void carry_out(Attempt attempt);
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
    // Of the read whose messages are being handed on, and what had left before it.
    core::WallTime read_wall_{};
    core::SteadyTime read_at_{};
    std::uint64_t left_before_ = 0;
    std::string ping_payload_;
    core::SteadyTime ping_sent_{};
    std::uint64_t pings_ = 0;
};

}  // namespace fairlead::relay
