#include "websocket/encoder.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace fairlead::websocket {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kMasked = 0x80;

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(value >> shift & 0xff));
}

}  // namespace

void mask(char* bytes, std::size_t size, const MaskKey& key) {
    std::uint64_t wide_key = 0;
    std::memcpy(&wide_key, key.data(), key.size());
    std::memcpy(reinterpret_cast<char*>(&wide_key) + key.size(), key.data(), key.size());
    std::size_t at = 0;
    for (; at + sizeof wide_key <= size; at += sizeof wide_key) {
        std::uint64_t wide = 0;
        std::memcpy(&wide, bytes + at, sizeof wide);
        wide ^= wide_key;
        std::memcpy(bytes + at, &wide, sizeof wide);
    }
    for (; at < size; ++at)
        bytes[at] = static_cast<char>(static_cast<std::uint8_t>(bytes[at]) ^ key[at % key.size()]);
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload, const MaskKey& key) {
    assert(!is_control(opcode) || payload.size() <= kMaxControlBytes);
    out.push_back(static_cast<char>(kFinal | static_cast<std::uint8_t>(opcode)));
    if (payload.size() <= 125) {
        out.push_back(static_cast<char>(kMasked | payload.size()));
    } else if (payload.size() <= 0xffff) {
        out.push_back(static_cast<char>(kMasked | 126));
        append_big_endian(out, payload.size(), 2);
    } else {
        out.push_back(static_cast<char>(kMasked | 127));
        append_big_endian(out, payload.size(), 8);
    }
    out.append(reinterpret_cast<const char*>(key.data()), key.size());
    const auto start = out.size();
    out.append(payload);
    mask(out.data() + start, payload.size(), key);
}

void append_close(std::string& out, std::uint16_t code, std::string_view reason, const MaskKey& key) {
    std::string payload;
    if (code != 0) {
        append_big_endian(payload, code, 2);
        std::size_t size = std::min(reason.size(), kMaxReasonBytes);
        while (size < reason.size() && size > 0 && (static_cast<std::uint8_t>(reason[size]) & 0xc0) == 0x80)
            --size;
        payload.append(reason.substr(0, size));
    }
    append_frame(out, Opcode::Close, payload, key);
}

}  // namespace fairlead::websocket
