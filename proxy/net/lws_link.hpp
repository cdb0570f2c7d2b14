// A link on libwebsockets: looks the name up, tries every address, keeps what is to be sent. The socket itself, and the
// protocol on it, is a Dial's.
#pragma once

#include "core/url.hpp"
#include "net/dial.hpp"
#include "net/outbox.hpp"
#include "net/resolver.hpp"
#include "seam/timers.hpp"
#include "seam/transport.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::net {

class LwsTransport;

class LwsLink final : public seam::Link {
public:
    LwsLink(LwsTransport& transport, seam::ConnectRequest request, seam::LinkHandler& handler);
    ~LwsLink() override;

    seam::SendResult send(std::string_view payload, bool binary) override;
    void ping(std::string_view payload) override;
    std::size_t queued_messages() const override { return outbox_.size(); }
    void close(std::uint16_t code, std::string_view reason) override;

    // From the Dial. Each may destroy this link.
    void on_open(const seam::OpenInfo& info);
    void on_read_begin() { handler_->on_read_begin(); }
    void on_read_end() { handler_->on_read_end(); }
    void on_message(const seam::InboundMessage& message) { handler_->on_message(message); }
    void on_inflated(const core::Inflation& inflation) { handler_->on_inflated(inflation); }
    void on_pong(std::string_view payload) { handler_->on_pong(payload); }
    void on_ping() { handler_->on_ping(); }
    // The socket has taken everything. False = nobody had to be told.
    bool on_all_sent();
    void on_ended(Dial& dial, bool tcp_up, seam::EndInfo info);

    Outbox& outbox() { return outbox_; }
    const seam::ConnectRequest& request() const { return request_; }

private:
    void begin();
    void on_resolved(const Resolved& resolved);
    void dial_next();
    void on_address_timeout();
    void on_deadline();
    std::string refused_by() const;
    void finish(const seam::EndInfo& info);

    enum class Phase { Resolving, Connecting, Open, Ended };

    LwsTransport& transport_;
    const seam::ConnectRequest request_;
    seam::LinkHandler* handler_;  // null once ended
    core::Url url_;
    std::string proxy_;  // "user:password@address:port", empty = direct
    std::string proxy_address_;
    Phase phase_ = Phase::Resolving;
    std::vector<std::string> addresses_;
    std::size_t next_address_ = 0;
    Dial* dial_ = nullptr;
    std::unique_ptr<seam::Timer> next_turn_;
    std::unique_ptr<seam::Timer> address_timer_;
    std::unique_ptr<seam::Timer> deadline_;
    Outbox outbox_;
    std::shared_ptr<bool> self_;  // whoever answers this link later watches it
};

}  // namespace fairlead::net
