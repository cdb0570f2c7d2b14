#include "simulator/client.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::simulator {

Client::Handed Client::publish(std::size_t stream, std::string_view frame, core::SteadyTime now) {
    Handed handed;
    const auto found = tampered_.find(stream);
    if (found == tampered_.end()) {
        hand(frame, now, handed);
        return handed;
    }
    Tampered& tampered = found->second;
    if (tampered.kind == Tamper::Swap && tampered.swapped.empty()) {
        tampered.swapped = frame;
        return handed;
    }
    if (tampered.kind != Tamper::Skip) hand(frame, now, handed);
    if (tampered.kind == Tamper::Repeat) hand(frame, now, handed);
    if (tampered.kind == Tamper::Swap) hand(tampered.swapped, now, handed);
    tampered_.erase(found);
    return handed;
}

void Client::hand(std::string_view frame, core::SteadyTime now, Handed& handed) {
    if (delay_ <= core::Duration::zero() && delayed_.empty()) return give(frame, handed);
    if (delayed_bytes_ + frame.size() > kMaxDelayedBytes) {
        ++handed.dropped;
        return;
    }
    // A shorter delay does not let a message overtake those before it.
    const core::SteadyTime due = delayed_.empty() ? now + delay_ : std::max(now + delay_, delayed_.back().due);
    delayed_.push_back({due, std::string(frame)});
    delayed_bytes_ += frame.size();
}

Client::Handed Client::release(core::SteadyTime now) {
    Handed handed;
    while (!delayed_.empty() && delayed_.front().due <= now) {
        const Delayed delayed = std::move(delayed_.front());
        delayed_.pop_front();
        delayed_bytes_ -= delayed.frame.size();
        give(delayed.frame, handed);
    }
    return handed;
}

void Client::give(std::string_view frame, Handed& handed) {
    if (silent || !connection.takes_data()) return;
    ++(connection.publish(frame) ? handed.sent : handed.dropped);
}

std::optional<core::SteadyTime> Client::next_release() const {
    if (delayed_.empty()) return std::nullopt;
    return delayed_.front().due;
}

}  // namespace fairlead::simulator
