// Whatever a venue sends, the decoder stays within its memory and its limit, and tells the same however reads cut the
// bytes. The first byte of an input chooses compression, the second the cuts; the rest is what the venue sends.
#include "websocket_frames.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

namespace {

using namespace fairlead;

constexpr std::uint64_t kLimit = 70'000;
constexpr std::size_t kSettingsBytes = 2;

websocket::DecoderSettings settings(std::uint8_t choice) {
    websocket::DecoderSettings settings{.max_message_bytes = kLimit};
    if (choice & 1) settings.compression = websocket::Compression{.server_forgets = (choice & 2) != 0};
    return settings;
}

void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

bool is_end(const std::string& told) {
    return told.starts_with("close ") || told.starts_with("fail ");
}

void require_order(const support::Told& told) {
    for (std::size_t i = 0; i < told.size(); ++i) {
        require(told[i].size() <= kLimit + 16, "a message above the limit");
        require(!is_end(told[i]) || i + 1 == told.size(), "something after the end");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < kSettingsBytes) return 0;
    const auto chosen = settings(data[0]);
    const std::string_view bytes(reinterpret_cast<const char*>(data) + kSettingsBytes, size - kSettingsBytes);
    std::minstd_rand random(data[1] + 1U);
    const auto whole = support::decode(chosen, bytes);
    require_order(whole);
    require(support::decode_in_pieces(chosen, bytes, 1, random) == whole, "byte by byte it is told differently");
    require(support::decode_in_pieces(chosen, bytes, 1 + data[1], random) == whole, "in pieces it is told differently");
    return 0;
}
