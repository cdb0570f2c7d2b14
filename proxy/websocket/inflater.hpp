// What a venue compressed with permessage-deflate (RFC 7692), message by message, into a buffer that is used again and
// is bounded by what a message may have inflated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

struct z_stream_s;

namespace fairlead::websocket {

class Inflater {
public:
    enum class Result { Taken, TooBig, Corrupt };

    // `forgets`: every message is compressed without what came before (server_no_context_takeover).
    Inflater(std::uint64_t max_message_bytes, bool forgets);
    ~Inflater();
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    void begin();
    // A piece of the message, cut anywhere.
    Result add(std::string_view piece);
    // The end of the message. Corrupt = its data ends in the middle of something.
    Result finish();
    // The whole message after finish(); lasts until the next begin().
    std::string_view message() const { return {buffer_.get(), size_}; }
    std::size_t held_bytes() const { return capacity_; }

private:
    Result inflate_more(std::string_view piece, int flush);
    Result step(int flush);
    bool grow();
    void start_anew();

    struct FreeStream {
        void operator()(z_stream_s* stream) const;
    };

    const std::uint64_t max_message_bytes_;
    const bool forgets_;
    std::unique_ptr<z_stream_s, FreeStream> stream_;
    std::unique_ptr<char[]> buffer_;
    std::size_t capacity_ = 0;  // at most one more than max_message_bytes_, which is how one too many shows
    std::size_t size_ = 0;
    bool has_input_ = false;
};

}  // namespace fairlead::websocket
