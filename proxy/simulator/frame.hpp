// RFC 6455 frames from the venue's side. The venue has a codec of its own because its purpose is to break the rules on
// demand, and because a library answers pings unseen. Unmasked out, masked in; no extensions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace fairlead::simulator {

enum class Opcode : std::uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

// Frames against the rules, which a client must answer by failing the connection.
enum class BadFrame {
    ReservedBit,  // RSV1 without an extension
    BadOpcode,    // opcode 3
    BadUtf8,      // a text that is not UTF-8
    Oversize,     // a header that announces 1 TiB, and the first bytes of it; nothing can follow on that connection
    Unfinished,   // the first part of a message, and then a new message instead of the rest
};

void append_frame(std::string& out, Opcode opcode, std::string_view payload);
// `reason` is cut to the 123 bytes that fit.
void append_close(std::string& out, std::uint16_t code, std::string_view reason);
void append_bad_frame(std::string& out, BadFrame kind);

// "a frame with a reserved bit" and so on, for sentences.
std::string_view to_string(BadFrame kind);

// From a client's bytes to its messages, at most kMaxMessageBytes each. After a Violation it must not be asked again.
class FrameDecoder {
public:
    static constexpr std::size_t kMaxMessageBytes = std::size_t{64} << 10;

    struct NeedMore {};
    struct Message {
        Opcode opcode = Opcode::Text;  // Text, Binary, Close, Ping or Pong; fragments are put together
        std::string payload;
    };
    struct Violation {
        std::uint16_t code = 1002;  // to close with
        std::string_view reason;
    };
    using Result = std::variant<NeedMore, Message, Violation>;

    void feed(std::string_view bytes) { pending_.append(bytes); }
    Result next();

private:
    struct Header {
        bool final = true;
        Opcode opcode = Opcode::Text;
        std::size_t size = 0;  // of the header and the mask
        std::uint64_t payload = 0;
    };

    std::variant<NeedMore, Header, Violation> read_header() const;
    std::string take_payload(const Header& header);
    Result take_message();

    std::string pending_;
    std::string fragments_;
    Opcode fragments_opcode_ = Opcode::Continuation;  // Continuation = no message is under way
};

}  // namespace fairlead::simulator
