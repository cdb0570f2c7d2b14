// The agreement on permessage-deflate (RFC 7692 7.1): what is offered, and which answers to it are one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace fairlead::websocket {

// What this side sends is not compressed, so only what concerns the venue's direction is kept.
struct Compression {
    bool server_forgets = false;  // server_no_context_takeover
};

// Any limit of the client's window can be granted, because nothing is compressed here.
inline constexpr std::string_view kCompressionOffer =
    "permessage-deflate; client_no_context_takeover; client_max_window_bits";

// The answer's Sec-WebSocket-Extensions, empty = none. A text = what is wrong with it, for people.
std::variant<std::optional<Compression>, std::string> read_extensions(std::string_view answer, bool offered);

}  // namespace fairlead::websocket
