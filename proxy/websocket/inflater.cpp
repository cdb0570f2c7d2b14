// Facts about zlib that shape this file:
//  - only Z_BLOCK tells whether a block has just ended (128 in data_type, with the count of bits that are left in the
//    lowest six), and the next call forgets it: the four bytes at the end of a message are inflated that way;
//  - a buffer that was filled to its last byte may hide more output, unless a block has just ended.
#include "websocket/inflater.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

namespace fairlead::websocket {
namespace {

// The largest window serves every smaller one: what a venue says about its own is not relied on.
constexpr int kRawLargestWindow = -15;
constexpr std::size_t kFirstCapacity = 16'384;
constexpr std::size_t kKeptCapacity = std::size_t{1} << 20;
constexpr std::size_t kWindowBytes = 32'768;
constexpr std::uint64_t kLargestLimit = std::uint64_t{1} << 62;
constexpr int kAfterBlock = 128;
constexpr int kLastBlock = 64;
constexpr int kUnusedBits = 63;
// What a sender takes away from the end of every message (RFC 7692 7.2.1).
constexpr std::string_view kEndOfMessage("\x00\x00\xff\xff", 4);

}  // namespace

void Inflater::FreeStream::operator()(z_stream_s* stream) const {
    inflateEnd(stream);
    delete stream;
}

Inflater::Inflater(std::uint64_t max_message_bytes, bool forgets)
    : max_message_bytes_(std::min(max_message_bytes, kLargestLimit)), forgets_(forgets), stream_(new z_stream{}) {
    if (inflateInit2(stream_.get(), kRawLargestWindow) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() = default;

void Inflater::begin() {
    if (capacity_ > kKeptCapacity) {
        buffer_.reset();
        capacity_ = 0;
    }
    size_ = 0;
    has_input_ = false;
    if (forgets_) inflateReset(stream_.get());
}

Inflater::Result Inflater::add(std::string_view piece) {
    if (piece.empty()) return Result::Taken;
    has_input_ = true;
    return inflate_more(piece, Z_SYNC_FLUSH);
}

Inflater::Result Inflater::finish() {
    if (!has_input_) return Result::Taken;  // not a form of RFC 7692, which takes one byte, but the meaning is clear
    if (const auto result = inflate_more(kEndOfMessage, Z_BLOCK); result != Result::Taken) return result;
    if (!(stream_->data_type & kAfterBlock) || (stream_->data_type & kUnusedBits) != 0) return Result::Corrupt;
    if (stream_->data_type & kLastBlock) start_anew();
    return Result::Taken;
}

Inflater::Result Inflater::inflate_more(std::string_view piece, int flush) {
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));  // zlib only reads it
    stream_->avail_in = static_cast<uInt>(piece.size());
    while (true) {
        const bool full = size_ == capacity_;
        if (full && !grow()) return Result::TooBig;
        if (const auto result = step(flush); result != Result::Taken) return result;
        if (stream_->avail_in > 0) continue;
        const bool after_block = flush == Z_BLOCK && (stream_->data_type & kAfterBlock);
        if (after_block || stream_->avail_out > 0) return Result::Taken;
    }
}

// One call of zlib, and what it says.
Inflater::Result Inflater::step(int flush) {
    stream_->next_out = reinterpret_cast<Bytef*>(buffer_.get() + size_);
    stream_->avail_out = static_cast<uInt>(std::min<std::size_t>(capacity_ - size_, uInt{1} << 30));
    const auto room = stream_->avail_out;
    const int outcome = inflate(stream_.get(), flush);
    size_ += room - stream_->avail_out;
    if (size_ > max_message_bytes_) return Result::TooBig;
    if (outcome == Z_STREAM_END) start_anew();
    const bool usable = outcome == Z_OK || outcome == Z_STREAM_END || outcome == Z_BUF_ERROR;
    return usable ? Result::Taken : Result::Corrupt;
}

bool Inflater::grow() {
    const auto most = max_message_bytes_ + 1;
    if (capacity_ >= most) return false;
    const auto wanted = std::max<std::uint64_t>(kFirstCapacity, std::uint64_t{2} * capacity_);
    const auto capacity = static_cast<std::size_t>(std::min(wanted, most));
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    std::copy_n(buffer_.get(), size_, larger.get());
    buffer_ = std::move(larger);
    capacity_ = capacity;
    return true;
}

// A sender may end its stream with a last block and go on (RFC 7692 7.2.3.4); what it sent before remains what later
// messages may refer to.
void Inflater::start_anew() {
    std::array<Bytef, kWindowBytes> window;
    uInt size = 0;
    inflateGetDictionary(stream_.get(), window.data(), &size);
    inflateReset(stream_.get());
    inflateSetDictionary(stream_.get(), window.data(), size);
}

}  // namespace fairlead::websocket
