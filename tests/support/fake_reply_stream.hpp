// A client of the control socket whose queue the test fills and empties.
#pragma once

#include "recorders.hpp"
#include "seam/reply_stream.hpp"

#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fairlead::support {

class FakeReplyStream final : public seam::ReplyStream {
public:
    // What the client sees and how it behaves, kept when the stream has gone.
    struct Client {
        std::vector<std::string> replies;
        std::vector<Recorded> messages;
        std::size_t room = std::numeric_limits<std::size_t>::max();  // of its queue
        bool gone = false;
        std::size_t attempts = 0;
    };

    FakeReplyStream(std::shared_ptr<Client> client, std::string connection)
        : client_(std::move(client)), connection_(std::move(connection)) {}

    std::string_view connection() const override { return connection_; }
    seam::ReplyResult reply(std::string_view body) override {
        const auto result = take_room();
        if (result == seam::ReplyResult::Sent) client_->replies.emplace_back(body);
        return result;
    }
    seam::ReplyResult message(std::string_view head, std::string_view payload) override {
        const auto result = take_room();
        if (result == seam::ReplyResult::Sent) client_->messages.push_back(RecordingSink::take_apart(head, payload));
        return result;
    }
    seam::ReplyResult message(std::string_view head, const seam::KeptFrame& payload) override {
        return message(head, payload.view());
    }

private:
    seam::ReplyResult take_room() {
        ++client_->attempts;
        if (client_->gone) return seam::ReplyResult::Gone;
        if (client_->room == 0) return seam::ReplyResult::Full;
        --client_->room;
        return seam::ReplyResult::Sent;
    }

    const std::shared_ptr<Client> client_;
    const std::string connection_;
};

}  // namespace fairlead::support
