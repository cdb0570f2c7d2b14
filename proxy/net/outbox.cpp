#include "net/outbox.hpp"

#include <libwebsockets.h>

#include <utility>

namespace fairlead::net {
namespace {

constexpr std::size_t kMaxControlBytes = 125;

std::string with_room(std::string_view payload) {
    std::string buffer;
    buffer.reserve(frame_room() + payload.size());
    buffer.append(frame_room(), '\0').append(payload);
    return buffer;
}

}  // namespace

std::size_t frame_room() {
    return LWS_PRE;
}

std::string_view OutboundFrame::payload() const {
    return std::string_view(buffer).substr(frame_room());
}

bool Outbox::push(std::string_view payload, bool binary) {
    if (frames_.size() >= seam::Link::kMaxQueuedMessages || bytes_ + payload.size() > seam::Link::kMaxQueuedBytes)
        return false;
    frames_.push_back({binary ? OutboundFrame::Kind::Binary : OutboundFrame::Kind::Text, with_room(payload)});
    bytes_ += payload.size();
    drained_owed_ = true;
    return true;
}

void Outbox::push_ping(std::string_view payload) {
    payload = payload.substr(0, kMaxControlBytes);
    frames_.push_front({OutboundFrame::Kind::Ping, with_room(payload)});
    bytes_ += payload.size();
}

std::optional<OutboundFrame> Outbox::pop() {
    if (frames_.empty()) return std::nullopt;
    OutboundFrame frame = std::move(frames_.front());
    frames_.pop_front();
    bytes_ -= frame.payload().size();
    return frame;
}

bool Outbox::take_drained() {
    return std::exchange(drained_owed_, false);
}

}  // namespace fairlead::net
