// A transport whose venue is the test: it opens, speaks and ends links by hand.
#pragma once

#include "seam/transport.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::support {

class FakeTransport final : public seam::Transport {
public:
    // What the link was told, kept when the link has gone.
    struct Peer {
        seam::ConnectRequest request;
        seam::LinkHandler* handler = nullptr;            // null once ended, closed or destroyed
        std::vector<std::pair<std::string, bool>> sent;  // with: binary
        std::vector<std::string> pings;
        std::optional<std::uint16_t> closed_with;
        bool open = false;
        bool queue_full = false;
        std::size_t queued = 0;  // what the link says of its queue
        std::optional<core::WallTime> certificate_expires;

        void accept(const std::string& endpoint = "127.0.0.1:9") {
            open = true;
            handler->on_open({.endpoint = endpoint, .certificate_expires = certificate_expires});
        }
        void say(std::string_view text, bool binary = false) {
            handler->on_read_begin();
            handler->on_message({.bytes = text, .binary = binary});
            if (handler) handler->on_read_end();
        }
        void pong() { handler->on_pong(pings.back()); }
        void drain() { handler->on_drained(); }
        void end(const seam::EndInfo& info = {}) {
            open = false;
            std::exchange(handler, nullptr)->on_end(info);
        }
    };

    std::unique_ptr<seam::Link> open(const seam::ConnectRequest& request, seam::LinkHandler& handler) override {
        peers_.push_back(std::make_shared<Peer>());
        peers_.back()->request = request;
        peers_.back()->handler = &handler;
        return std::make_unique<FakeLink>(peers_.back());
    }

    Peer& last() { return *peers_.back(); }
    // In the order of the attempts, from 0.
    Peer& at(std::size_t attempt) { return *peers_.at(attempt); }
    std::size_t attempts() const { return peers_.size(); }

private:
    class FakeLink final : public seam::Link {
    public:
        explicit FakeLink(std::shared_ptr<Peer> peer) : peer_(std::move(peer)) {}
        ~FakeLink() override {
            if (peer_->handler) close(1000, "");
        }
        seam::SendResult send(std::string_view payload, bool binary) override {
            if (!peer_->open) return seam::SendResult::NotOpen;
            if (peer_->queue_full) return seam::SendResult::QueueFull;
            peer_->sent.emplace_back(payload, binary);
            return seam::SendResult::Accepted;
        }
        void ping(std::string_view payload) override { peer_->pings.emplace_back(payload); }
        std::size_t queued_messages() const override { return peer_->queued; }
        void close(std::uint16_t code, std::string_view) override {
            peer_->closed_with = code;
            peer_->open = false;
            peer_->handler = nullptr;
        }

    private:
        std::shared_ptr<Peer> peer_;
    };

    std::vector<std::shared_ptr<Peer>> peers_;
};

}  // namespace fairlead::support
