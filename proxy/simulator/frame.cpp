#include "simulator/frame.hpp"

#include <simdjson.h>

#include <optional>
#include <utility>

namespace fairlead::simulator {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::size_t kMaskBytes = 4;
constexpr std::size_t kMaxControlPayload = 125;

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(value >> shift));
}

void append_header(std::string& out, std::uint8_t first, std::uint64_t payload) {
    out.push_back(static_cast<char>(first));
    if (payload < 126) {
        out.push_back(static_cast<char>(payload));
    } else if (payload <= 0xffff) {
        out.push_back(126);
        append_big_endian(out, payload, 2);
    } else {
        out.push_back(127);
        append_big_endian(out, payload, 8);
    }
}

bool is_control(Opcode opcode) {
    return static_cast<std::uint8_t>(opcode) >= 8;
}

std::optional<Opcode> known_opcode(std::uint8_t value) {
    const bool known = value <= 2 || (value >= 8 && value <= 10);
    return known ? std::optional{static_cast<Opcode>(value)} : std::nullopt;
}

bool valid_utf8(std::string_view text) {
    return simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
    append_header(out, static_cast<std::uint8_t>(kFinal | static_cast<std::uint8_t>(opcode)), payload.size());
    out.append(payload);
}

void append_close(std::string& out, std::uint16_t code, std::string_view reason) {
    std::string payload;
    append_big_endian(payload, code, 2);
    payload.append(reason.substr(0, kMaxControlPayload - 2));
    append_frame(out, Opcode::Close, payload);
}

void append_bad_frame(std::string& out, BadFrame kind) {
    constexpr std::string_view kText = R"({"e":"bad"})";
    switch (kind) {
        case BadFrame::ReservedBit:
            append_header(out, 0xc1, kText.size());
            out.append(kText);
            return;
        case BadFrame::BadOpcode:
            append_header(out, 0x83, kText.size());
            out.append(kText);
            return;
        case BadFrame::BadUtf8:
            append_frame(out, Opcode::Text, "{\"e\":\"\xff\xfe\"}");
            return;
        case BadFrame::Oversize:
            append_header(out, 0x81, std::uint64_t{1} << 40);
            out.append(kText);
            return;
        case BadFrame::Unfinished:
            append_header(out, 0x01, kText.size());
            out.append(kText);
            append_frame(out, Opcode::Text, kText);
            return;
    }
}

std::string_view to_string(BadFrame kind) {
    switch (kind) {
        case BadFrame::ReservedBit:
            return "a frame with a reserved bit";
        case BadFrame::BadOpcode:
            return "a frame with an unknown opcode";
        case BadFrame::BadUtf8:
            return "a text that is not UTF-8";
        case BadFrame::Oversize:
            return "a frame that announces 1 TiB";
        case BadFrame::Unfinished:
            return "a message that is never finished";
    }
    return "a bad frame";
}

FrameDecoder::Result FrameDecoder::next() {
    while (true) {
        const std::variant<NeedMore, Header, Violation> read = read_header();
        if (const auto* violation = std::get_if<Violation>(&read)) return *violation;
        const auto* header = std::get_if<Header>(&read);
        if (header == nullptr || pending_.size() < header->size + header->payload) return NeedMore{};

        std::string payload = take_payload(*header);
        if (is_control(header->opcode)) return Message{header->opcode, std::move(payload)};
        if (header->opcode != Opcode::Continuation) fragments_opcode_ = header->opcode;
        fragments_.append(payload);
        if (header->final) return take_message();
    }
}

FrameDecoder::Result FrameDecoder::take_message() {
    Message message{std::exchange(fragments_opcode_, Opcode::Continuation), std::exchange(fragments_, {})};
    if (message.opcode == Opcode::Text && !valid_utf8(message.payload)) return Violation{1007, "invalid UTF-8"};
    return message;
}

std::variant<FrameDecoder::NeedMore, FrameDecoder::Header, FrameDecoder::Violation> FrameDecoder::read_header() const {
    if (pending_.size() < 2) return NeedMore{};
    const auto first = static_cast<std::uint8_t>(pending_[0]);
    const auto second = static_cast<std::uint8_t>(pending_[1]);
    if ((first & 0x70) != 0) return Violation{1002, "reserved bit"};
    const std::optional<Opcode> opcode = known_opcode(first & 0x0f);
    if (!opcode) return Violation{1002, "unknown opcode"};
    if ((second & kMasked) == 0) return Violation{1002, "frame without a mask"};

    Header header{(first & kFinal) != 0, *opcode, 2, second & 0x7fU};
    const bool extended = header.payload >= 126;
    if (is_control(header.opcode) && (!header.final || extended)) return Violation{1002, "bad control frame"};
    const bool continues = fragments_opcode_ != Opcode::Continuation;
    if (!is_control(header.opcode) && continues != (header.opcode == Opcode::Continuation)) {
        return Violation{1002, "fragments out of order"};
    }
    if (extended) {
        const std::size_t bytes = header.payload == 126 ? 2 : 8;
        if (pending_.size() < 2 + bytes) return NeedMore{};
        header.payload = 0;
        for (std::size_t i = 0; i < bytes; ++i) {
            header.payload = header.payload << 8 | static_cast<std::uint8_t>(pending_[2 + i]);
        }
        header.size += bytes;
    }
    header.size += kMaskBytes;
    if (header.payload > kMaxMessageBytes - fragments_.size()) return Violation{1009, "message too big"};
    return header;
}

std::string FrameDecoder::take_payload(const Header& header) {
    const std::size_t mask = header.size - kMaskBytes;
    std::string payload = pending_.substr(header.size, header.payload);
    for (std::size_t i = 0; i < payload.size(); ++i) {
        payload[i] = static_cast<char>(payload[i] ^ pending_[mask + i % kMaskBytes]);
    }
    pending_.erase(0, header.size + header.payload);
    return payload;
}

}  // namespace fairlead::simulator
