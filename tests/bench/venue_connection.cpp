#include "venue_connection.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace fairlead::bench {
namespace {

constexpr std::string_view kKeyName = "\r\nsec-websocket-key: ";
constexpr std::size_t kMaskedHeader = 6;  // of a control frame: two bytes, the mask

std::string to_lower(std::string text) {
    for (char& letter : text)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return text;
}

std::string accept_value(const std::string& key) {
    const std::string text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    std::array<unsigned char, 64> encoded{};
    const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
    return {encoded.begin(), encoded.begin() + length};
}

}  // namespace

VenueConnection::VenueConnection(int descriptor, SSL_CTX* context) : descriptor_(descriptor) {
    if (!context) return;
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), descriptor);
    SSL_set_accept_state(ssl_.get());
}

VenueConnection::~VenueConnection() {
    ssl_.reset();
    close(descriptor_);
}

bool VenueConnection::ready() {
    writable_ = true;
    return read_all() && flush();
}

VenueConnection::Io VenueConnection::read_some(std::size_t& count) {
    std::array<char, 4096> buffer;
    if (ssl_) {
        ERR_clear_error();
        const int result = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
        if (result <= 0) {
            const int error = SSL_get_error(ssl_.get(), result);
            return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Io::Blocked : Io::Gone;
        }
        count = static_cast<std::size_t>(result);
    } else {
        const ssize_t result = recv(descriptor_, buffer.data(), buffer.size(), 0);
        if (result <= 0) return result < 0 && errno == EAGAIN ? Io::Blocked : Io::Gone;
        count = static_cast<std::size_t>(result);
    }
    inbox_.append(buffer.data(), count);
    return Io::Some;
}

VenueConnection::Io VenueConnection::write_some(std::size_t& count) {
    const char* const begin = outbox_.data() + written_;
    if (ssl_) {
        ERR_clear_error();
        const int result = SSL_write(ssl_.get(), begin, static_cast<int>(pending()));
        if (result <= 0) {
            const int error = SSL_get_error(ssl_.get(), result);
            return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? Io::Blocked : Io::Gone;
        }
        count = static_cast<std::size_t>(result);
        return Io::Some;
    }
    const ssize_t result = send(descriptor_, begin, pending(), MSG_NOSIGNAL);
    if (result < 0) return errno == EAGAIN ? Io::Blocked : Io::Gone;
    count = static_cast<std::size_t>(result);
    return Io::Some;
}

bool VenueConnection::flush() {
    while (writable_ && pending() > 0) {
        std::size_t count = 0;
        switch (write_some(count)) {
            case Io::Some:
                written_ += count;
                break;
            case Io::Blocked:
                writable_ = false;
                break;
            case Io::Gone:
                return false;
        }
    }
    if (pending() == 0) {
        outbox_.clear();
        written_ = 0;
    }
    return true;
}

bool VenueConnection::read_all() {
    for (;;) {
        std::size_t count = 0;
        const Io result = read_some(count);
        if (result == Io::Gone) return false;
        if (result == Io::Blocked) return true;
        if (!upgraded_ && !upgrade()) return false;
        if (upgraded_ && !answer_frames()) return false;
    }
}

// False = it asks for something else than a WebSocket.
bool VenueConnection::upgrade() {
    const std::size_t end = inbox_.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    const std::size_t name = to_lower(inbox_.substr(0, end)).find(kKeyName);
    if (name == std::string::npos) return false;
    const std::size_t begin = name + kKeyName.size();
    const std::string key = inbox_.substr(begin, inbox_.find("\r\n", begin) - begin);
    append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
           accept_value(key) + "\r\n\r\n");
    inbox_.erase(0, end + 4);
    upgraded_ = true;
    return true;
}

// Short frames only: pings are answered, the rest is passed over. False = a close, or a frame that is not short.
bool VenueConnection::answer_frames() {
    while (inbox_.size() >= 2) {
        const auto opcode = static_cast<unsigned char>(inbox_[0]) & 0x0fU;
        const std::size_t size = static_cast<unsigned char>(inbox_[1]) & 0x7fU;
        if (opcode == 8 || size > 125) return false;
        if (inbox_.size() < kMaskedHeader + size) return true;
        if (opcode == 9) {
            std::string pong{'\x8a', static_cast<char>(size)};
            for (std::size_t index = 0; index < size; ++index)
                pong += static_cast<char>(inbox_[kMaskedHeader + index] ^ inbox_[2 + index % 4]);
            append(pong);
        }
        inbox_.erase(0, kMaskedHeader + size);
    }
    return true;
}

}  // namespace fairlead::bench
