#include "simulator/outbox.hpp"

namespace fairlead::simulator {

bool Outbox::add(std::string_view frame, std::size_t limit) {
    if (bytes_.size() - begin_ + frame.size() > limit) return false;
    bytes_.append(frame);
    return true;
}

void Outbox::consume(std::size_t count) {
    begin_ += count;
    if (begin_ == bytes_.size()) {
        bytes_.clear();
        begin_ = 0;
    } else if (begin_ > bytes_.size() / 2) {
        bytes_.erase(0, begin_);
        begin_ = 0;
    }
}

}  // namespace fairlead::simulator
