// From the bytes of a venue to messages, control frames and the one end: RFC 6455 sections 5 to 8 as a client must see
// them, with permessage-deflate where it was agreed.
//
// Bytes are parsed where they lie. A message that lies whole in what was fed is handed out as a view of it; only one
// that came in fragments, or that the end of a read cut in two, is put together. What is told, and in which order,
// depends on the bytes alone and not on where the reads cut them.
#pragma once

#include "core/inflation.hpp"
#include "websocket/extension.hpp"
#include "websocket/frame.hpp"
#include "websocket/inflater.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::websocket {

// `bytes` last until the next call of next() or feed().
struct Event {
    enum class Kind {
        None,       // everything that was fed has been taken
        Message,    // bytes: the whole message
        Ping,       // bytes: the payload, to be sent back
        Pong,       // bytes: the payload
        Close,      // bytes: the reason, which is UTF-8 unless `answer` is 1007
        Violation,  // bytes: what the venue did, for people; `code` only if a close frame was it
    };
    Kind kind = Kind::None;
    bool binary = false;
    std::uint16_t code = 0;    // of a close frame as received; 0 = it has none
    std::uint16_t answer = 0;  // Close, Violation: the code of the close frame to send; 0 = one without a code
    std::string_view bytes{};
    std::string* assembled = nullptr;  // a message that was put together is in it as well, and may be moved from
};

// What an upgrade has settled, and what the owner allows.
struct DecoderSettings {
    std::uint64_t max_message_bytes = 0;  // as sent, and as inflated
    std::optional<Compression> compression{};
    core::SteadyTime (*clock)() = nullptr;  // by which inflating is measured; null = it is not
};

class Decoder {
public:
    explicit Decoder(const DecoderSettings& settings);

    // `bytes` must stay where they are until next() has told None. What was fed before must have been taken, unless the
    // owner has lost interest in it.
    void feed(std::string_view bytes) { input_ = bytes; }
    // Close and Violation are the last: what comes behind them is passed over.
    Event next();

    // Since it was asked last.
    core::Inflation take_inflation() { return std::exchange(inflation_, {}); }
    // Memory that is kept for messages which were put together or inflated.
    std::size_t held_bytes() const { return assembly_.capacity() + (inflater_ ? inflater_->held_bytes() : 0); }

private:
    enum class Phase { Header, Data, Control, Ended };

    bool take_header();
    bool parse_header(const char* bytes, std::size_t size);
    std::string_view check_first(std::uint8_t byte) const;
    std::string_view check_second(std::uint8_t byte) const;
    std::string_view check_length() const;
    bool refuse(std::uint16_t answer, std::string_view what, std::uint16_t code = 0);
    bool begin_frame();
    void begin_assembly();
    bool take_data(Event& event);
    bool take_plain(std::string_view piece, bool is_end, Event& event);
    bool take_compressed(std::string_view piece, bool is_end, Event& event);
    Inflater::Result inflate(std::string_view piece, bool is_end);
    bool take_assembled(std::string_view piece, bool is_end, Event& event);
    bool deliver(std::string_view bytes, std::string* assembled, Event& event);
    bool take_control(Event& event);
    bool tell_control(std::string_view payload, Event& event);
    bool tell_close(std::string_view payload, Event& event);
    std::string_view take(std::size_t most);

    const std::uint64_t max_message_bytes_;
    core::SteadyTime (*const clock_)();
    Phase phase_ = Phase::Header;
    std::string_view input_;

    std::array<char, 10> head_{};  // the beginning of a header that the last read cut
    std::size_t head_size_ = 0;

    bool fin_ = false;  // of the present frame
    bool rsv1_ = false;
    Opcode opcode_ = Opcode::Continuation;
    std::uint64_t remaining_ = 0;

    bool in_message_ = false;  // of the present message, which may have control frames inside
    bool binary_ = false;
    bool compressed_ = false;
    std::uint64_t announced_ = 0;  // payload of its frames so far
    std::string assembly_;
    std::size_t checked_ = 0;  // of assembly_: whole characters
    std::optional<Inflater> inflater_;
    core::Inflation inflation_;

    std::array<char, kMaxControlBytes> control_{};
    std::size_t control_size_ = 0;

    Event violation_;
    std::string violation_text_;
};

}  // namespace fairlead::websocket
