#include "net/secure_random.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <span>

namespace fairlead::net {
namespace {

// Up to 256 bytes are never given in part, and from a running system they are never refused.
void fill(std::span<std::uint8_t> bytes) {
    if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
}

std::string base64(std::span<const std::uint8_t> bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a zero
    text.resize(static_cast<std::size_t>(
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()))));
    return text;
}

}  // namespace

websocket::MaskKey SecureMaskKeys::next() {
    if (used_ == bytes_.size()) {
        fill(bytes_);
        used_ = 0;
    }
    websocket::MaskKey key;
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(used_), key.size(), key.begin());
    used_ += key.size();
    return key;
}

std::string make_upgrade_key() {
    std::array<std::uint8_t, 16> bytes{};
    fill(bytes);
    return base64(bytes);
}

std::string accept_for(std::string_view upgrade_key) {
    const std::string text = std::string(upgrade_key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<std::uint8_t, SHA_DIGEST_LENGTH> digest{};
    SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return base64(digest);
}

}  // namespace fairlead::net
