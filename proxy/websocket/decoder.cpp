#include "websocket/decoder.hpp"

#include "core/close_code.hpp"
#include "websocket/utf8.hpp"

#include <algorithm>
#include <utility>

namespace fairlead::websocket {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReserved1 = 0x40;
constexpr std::uint8_t kReserved23 = 0x30;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::size_t kKeptCapacity = std::size_t{1} << 20;  // of the string for assembled messages

std::uint8_t byte_at(const char* bytes, std::size_t index) {
    return static_cast<std::uint8_t>(bytes[index]);
}

bool is_known(std::uint8_t opcode) {
    return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

// Of a whole header, as its second byte announces it.
std::size_t header_bytes(std::uint8_t second) {
    const auto length = second & 0x7f;
    return length == 127 ? 10 : length == 126 ? 4 : 2;
}

std::uint64_t big_endian(const char* bytes, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i)
        value = value << 8 | byte_at(bytes, i);
    return value;
}

// Compression can make a message a little larger, and never by this much. Without a bound a venue could send for ever
// what inflates to nothing.
std::uint64_t most_announced(std::uint64_t max_message_bytes, bool compressed) {
    return compressed ? max_message_bytes + max_message_bytes / 8 + 1024 : max_message_bytes;
}

}  // namespace

Decoder::Decoder(const DecoderSettings& settings)
    : max_message_bytes_(std::min(settings.max_message_bytes, std::uint64_t{1} << 62)), clock_(settings.clock) {
    if (settings.compression) inflater_.emplace(max_message_bytes_, settings.compression->server_forgets);
}

Event Decoder::next() {
    Event event;
    while (phase_ != Phase::Ended) {
        if (phase_ == Phase::Header && !take_header()) break;
        if (phase_ == Phase::Data ? take_data(event) : take_control(event)) return event;
        if (phase_ != Phase::Ended && phase_ != Phase::Header) return event;  // the rest of the frame is still to come
    }
    if (violation_.kind != Event::Kind::None) return std::exchange(violation_, {});
    return event;
}

bool Decoder::refuse(std::uint16_t answer, std::string_view what, std::uint16_t code) {
    phase_ = Phase::Ended;
    violation_text_ = what;
    violation_ = {.kind = Event::Kind::Violation, .code = code, .answer = answer, .bytes = violation_text_};
    return false;
}

std::string_view Decoder::take(std::size_t most) {
    const auto piece = input_.substr(0, most);
    input_.remove_prefix(piece.size());
    return piece;
}

// True = the header of the next frame has been taken and is in order. Its bytes wait in head_ when a read cut them, and
// are judged as they come.
bool Decoder::take_header() {
    if (head_size_ == 0 && input_.size() >= 2 && input_.size() >= header_bytes(byte_at(input_.data(), 1)))
        return parse_header(input_.data(), input_.size()) && begin_frame();
    while (!input_.empty()) {
        head_[head_size_++] = take(1).front();
        if (!parse_header(head_.data(), head_size_)) return false;
        if (head_size_ >= 2 && head_size_ == header_bytes(byte_at(head_.data(), 1))) {
            head_size_ = 0;
            return begin_frame();
        }
    }
    return false;
}

// Judges as much of a header as there is. Takes it from the input if it lies there whole.
bool Decoder::parse_header(const char* bytes, std::size_t size) {
    const auto first = byte_at(bytes, 0);
    if (const auto what = check_first(first); !what.empty()) return refuse(kProtocolError, what);
    fin_ = (first & kFinal) != 0;
    rsv1_ = (first & kReserved1) != 0;
    opcode_ = static_cast<Opcode>(first & 0x0f);
    if (size < 2) return true;
    const auto second = byte_at(bytes, 1);
    if (const auto what = check_second(second); !what.empty()) return refuse(kProtocolError, what);
    const auto whole = header_bytes(second);
    if (size < whole) return true;
    remaining_ = whole == 2 ? second & 0x7f : big_endian(bytes + 2, whole - 2);
    if (bytes == input_.data()) input_.remove_prefix(whole);
    if (whole == 4 ? remaining_ < 126 : whole == 10 && remaining_ <= 0xffff)
        return refuse(kProtocolError, "a length that is not in its shortest form");
    if (remaining_ >> 63) return refuse(kProtocolError, "a length with its highest bit set");
    return true;
}

std::string_view Decoder::check_first(std::uint8_t byte) const {
    if (byte & kReserved23) return "a frame with a reserved bit";
    if (!is_known(byte & 0x0f)) return "a frame with an unknown opcode";
    const auto opcode = static_cast<Opcode>(byte & 0x0f);
    const bool may_be_compressed = inflater_ && !is_control(opcode) && opcode != Opcode::Continuation;
    if ((byte & kReserved1) && !may_be_compressed) return "a frame with a reserved bit";
    if (is_control(opcode)) return byte & kFinal ? "" : "a control frame in fragments";
    if (opcode == Opcode::Continuation) return in_message_ ? "" : "a continuation of nothing";
    return in_message_ ? "a new message inside a fragmented one" : "";
}

std::string_view Decoder::check_second(std::uint8_t byte) const {
    if (byte & kMasked) return "a masked frame";
    if (!is_control(opcode_)) return "";
    if (byte > kMaxControlBytes) return "a control frame above 125 bytes";
    return opcode_ == Opcode::Close && byte == 1 ? "a close frame with half a code" : "";
}

bool Decoder::begin_frame() {
    if (is_control(opcode_)) {
        phase_ = Phase::Control;
        control_size_ = 0;
        return true;
    }
    const bool is_first = opcode_ != Opcode::Continuation;
    if (is_first) {
        binary_ = opcode_ == Opcode::Binary;
        compressed_ = rsv1_;
        announced_ = 0;
    }
    if (remaining_ > most_announced(max_message_bytes_, compressed_) - announced_)
        return refuse(kTooBig, "a message above the limit");
    announced_ += remaining_;
    phase_ = Phase::Data;
    if (!is_first) return true;
    in_message_ = true;
    if (compressed_) inflater_->begin();
    return true;
}

// True = the event is filled in.
bool Decoder::take_data(Event& event) {
    const bool is_first = opcode_ != Opcode::Continuation;
    const bool untouched = is_first && announced_ == remaining_;
    const auto piece = take(static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input_.size())));
    if (piece.empty() && remaining_ > 0) return false;
    remaining_ -= piece.size();
    const bool frame_ends = remaining_ == 0;
    if (frame_ends) phase_ = Phase::Header;
    const bool is_end = frame_ends && fin_;
    if (is_end) in_message_ = false;
    if (compressed_) return take_compressed(piece, is_end, event);
    if (untouched && is_end) return deliver(piece, nullptr, event);
    if (untouched) begin_assembly();
    return take_assembled(piece, is_end, event);
}

void Decoder::begin_assembly() {
    if (assembly_.capacity() > kKeptCapacity) std::string().swap(assembly_);  // assigning would keep the memory
    assembly_.clear();                                                        // it may have been moved from
    assembly_.reserve(static_cast<std::size_t>(announced_));
    checked_ = 0;
}

bool Decoder::take_assembled(std::string_view piece, bool is_end, Event& event) {
    assembly_.append(piece);
    if (is_end) return deliver(assembly_, &assembly_, event);
    if (binary_) return false;
    const auto whole = whole_characters(std::string_view(assembly_).substr(checked_));
    if (!whole) return refuse(kInvalidData, "text that is not UTF-8");
    checked_ += *whole;
    return false;
}

bool Decoder::take_compressed(std::string_view piece, bool is_end, Event& event) {
    const auto result = inflate(piece, is_end);
    if (result == Inflater::Result::TooBig) return refuse(kTooBig, "a message that inflates above the limit");
    if (result == Inflater::Result::Corrupt) return refuse(kInvalidData, "compressed data that cannot be inflated");
    return is_end && deliver(inflater_->message(), nullptr, event);
}

Inflater::Result Decoder::inflate(std::string_view piece, bool is_end) {
    const auto begun = clock_ ? clock_() : core::SteadyTime{};
    auto result = inflater_->add(piece);
    if (result == Inflater::Result::Taken && is_end) result = inflater_->finish();
    if (clock_) inflation_.took += clock_() - begun;
    inflation_.compressed_bytes += piece.size();
    if (result == Inflater::Result::Taken && is_end) inflation_.inflated_bytes += inflater_->message().size();
    return result;
}

bool Decoder::deliver(std::string_view bytes, std::string* assembled, Event& event) {
    const auto unchecked = assembled ? bytes.substr(checked_) : bytes;
    if (!binary_ && !is_utf8(unchecked)) return refuse(kInvalidData, "text that is not UTF-8");
    event.kind = Event::Kind::Message;
    event.binary = binary_;
    event.bytes = bytes;
    event.assembled = assembled;
    return true;
}

bool Decoder::take_control(Event& event) {
    const auto piece = take(static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input_.size())));
    remaining_ -= piece.size();
    if (remaining_ == 0 && control_size_ == 0) return tell_control(piece, event);
    std::copy(piece.begin(), piece.end(), control_.begin() + static_cast<std::ptrdiff_t>(control_size_));
    control_size_ += piece.size();
    return remaining_ == 0 && tell_control({control_.data(), control_size_}, event);
}

bool Decoder::tell_control(std::string_view payload, Event& event) {
    phase_ = Phase::Header;
    if (opcode_ == Opcode::Close) return tell_close(payload, event);
    event.kind = opcode_ == Opcode::Ping ? Event::Kind::Ping : Event::Kind::Pong;
    event.bytes = payload;
    return true;
}

bool Decoder::tell_close(std::string_view payload, Event& event) {
    phase_ = Phase::Ended;
    event.kind = Event::Kind::Close;
    if (payload.empty()) return true;
    event.code = static_cast<std::uint16_t>(big_endian(payload.data(), 2));
    if (!core::may_be_received(event.code)) {
        const auto what = "a close frame with the code " + std::to_string(event.code) + ", which none may have";
        return refuse(kProtocolError, what, event.code);
    }
    event.bytes = payload.substr(2);
    event.answer = is_utf8(event.bytes) ? event.code : kInvalidData;
    return true;
}

}  // namespace fairlead::websocket
