#include "venue/signature.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace fairlead::venue {

namespace {

using Bytes = std::vector<std::uint8_t>;
using ConstBytes = std::span<const std::uint8_t>;

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_hex(ConstBytes bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += kHexDigits[byte >> 4U];
        text += kHexDigits[byte & 0xfU];
    }
    return text;
}

std::string to_base64(ConstBytes bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a zero
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<unsigned> digit_of(std::string_view digits, char c) {
    const std::size_t found = digits.find(c);
    if (found == std::string_view::npos) return std::nullopt;
    return static_cast<unsigned>(found);
}

std::optional<Bytes> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) return std::nullopt;
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    unsigned value = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_capital = text[i] >= 'A' && text[i] <= 'F';
        const auto digit = digit_of(kHexDigits, is_capital ? static_cast<char>(text[i] - 'A' + 'a') : text[i]);
        if (!digit) return std::nullopt;
        value = value << 4U | *digit;
        if (i % 2 == 1) bytes.push_back(static_cast<std::uint8_t>(value));
    }
    return bytes;
}

// OpenSSL's own decoder tells neither the length nor misplaced padding.
std::optional<Bytes> from_base64(std::string_view text) {
    const std::size_t written = text.size();
    while (text.ends_with('=') && written - text.size() < 2)
        text.remove_suffix(1);
    if (text.size() % 4 == 1 || (written != text.size() && written % 4 != 0)) return std::nullopt;
    Bytes bytes;
    bytes.reserve(text.size());  // more than it takes: memory that grows would leave copies behind
    unsigned value = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const auto digit = digit_of(kBase64Digits, c);
        if (!digit) return std::nullopt;
        value = value << 6U | *digit;
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        bytes.push_back(static_cast<std::uint8_t>(value >> bits));
    }
    return bytes;
}

const EVP_MD* hash_of(config::Hash hash) {
    switch (hash) {
        case config::Hash::Sha384:
            return EVP_sha384();
        case config::Hash::Sha512:
            return EVP_sha512();
        case config::Hash::Sha256:
            break;
    }
    return EVP_sha256();
}

std::variant<Bytes, Problem> key_of(config::KeyForm form, std::string_view secret) {
    if (secret.empty()) return Problem{"the credential `secret` is empty"};
    std::optional<Bytes> key;
    switch (form) {
        case config::KeyForm::Text:
            return Bytes(secret.begin(), secret.end());
        case config::KeyForm::Hex:
            key = from_hex(secret);
            if (!key) return Problem{"the credential `secret` is not hexadecimal"};
            break;
        case config::KeyForm::Base64:
            key = from_base64(secret);
            if (!key) return Problem{"the credential `secret` is not Base64"};
            break;
    }
    return *std::move(key);
}

}  // namespace

std::variant<std::string, Problem> sign(const SignatureForm& form, std::string_view secret, std::string_view text) {
    auto made = key_of(form.key, secret);
    if (auto* problem = std::get_if<Problem>(&made)) return std::move(*problem);
    Bytes& key = std::get<Bytes>(made);
    if (key.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
        return Problem{"the credential `secret` is too long"};
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
    const bool is_signed = HMAC(hash_of(form.hash), key.data(), static_cast<int>(key.size()), bytes, text.size(),
                                digest.data(), &length) != nullptr;
    OPENSSL_cleanse(key.data(), key.size());
    if (!is_signed) return Problem{"OpenSSL cannot sign with this hash"};
    const ConstBytes result(digest.data(), length);
    return form.encoding == config::Encoding::Hex ? to_hex(result) : to_base64(result);
}

}  // namespace fairlead::venue
