// What a connection has still to send: whole frames in one buffer, bounded. A client that reads too slowly loses the
// messages that do not fit, and they are counted; control frames and replies have a reserve of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::simulator {

class Outbox {
public:
    static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;
    static constexpr std::size_t kReserveBytes = std::size_t{64} << 10;

    // False = full: the frame was dropped.
    bool add(std::string_view frame) { return add(frame, kMaxBytes); }
    // For what the protocol needs: may use the reserve as well.
    bool add_control(std::string_view frame) { return add(frame, kMaxBytes + kReserveBytes); }

    bool empty() const { return begin_ == bytes_.size(); }
    // Lasts until the next change.
    std::string_view front() const { return std::string_view(bytes_).substr(begin_); }
    // The first `count` bytes of front() have left.
    void consume(std::size_t count);

private:
    bool add(std::string_view frame, std::size_t limit);

    std::string bytes_;
    std::size_t begin_ = 0;
};

}  // namespace fairlead::simulator
