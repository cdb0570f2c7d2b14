// What a client may ask for, and what it is told: the JSON requests and replies of the venue's protocol.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fairlead::simulator {

enum class Method { Subscribe, Unsubscribe, ListSubscriptions };

std::string_view to_string(Method method);

struct Request {
    Method method = Method::Subscribe;
    std::vector<std::string> streams;  // each of the form that is_stream_name() allows
    std::string id = "null";           // as JSON: an integer, a string or null
    bool operator==(const Request&) const = default;
};

// A request, or the text of the error that answers it.
std::variant<Request, std::string> read_request(std::string_view json);

// "<symbol>@trade" or "<symbol>@bookTicker", the symbol in small letters and digits.
bool is_stream_name(std::string_view name);

std::string result_reply(std::string_view id);
std::string list_reply(std::string_view id, const std::set<std::string>& streams);
std::string error_reply(int code, std::string_view message, std::string_view id);

}  // namespace fairlead::simulator
