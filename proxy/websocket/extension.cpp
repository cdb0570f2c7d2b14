#include "websocket/extension.hpp"

#include "websocket/text.hpp"

#include <set>
#include <utility>

namespace fairlead::websocket {
namespace {

// 8 to 15, decimal, without a leading zero; RFC 7692 lets a value stand in quotes.
bool is_window_bits(std::string_view value) {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    if (value.size() == 1) return value == "8" || value == "9";
    return value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5';
}

struct Parameter {
    std::string_view name;
    std::optional<std::string_view> value;
};

Parameter split_parameter(std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) return {text, std::nullopt};
    return {trimmed(text.substr(0, equals)), trimmed(text.substr(equals + 1))};
}

bool is_valid(const Parameter& parameter) {
    if (parameter.name == "server_no_context_takeover" || parameter.name == "client_no_context_takeover")
        return !parameter.value;
    if (parameter.name == "server_max_window_bits" || parameter.name == "client_max_window_bits")
        return parameter.value && is_window_bits(*parameter.value);
    return false;
}

}  // namespace

std::variant<std::optional<Compression>, std::string> read_extensions(std::string_view answer, bool offered) {
    answer = trimmed(answer);
    if (answer.empty()) return std::optional<Compression>();
    if (!offered) return std::string("an extension that was not offered");
    if (answer.find(',') != std::string_view::npos) return std::string("more than one extension");
    Compression agreed;
    std::set<std::string_view> seen;
    bool is_first = true;
    for (const auto part : split(answer, ';')) {
        if (std::exchange(is_first, false)) {
            if (part != "permessage-deflate") return std::string("an extension that was not offered");
            continue;
        }
        const auto parameter = split_parameter(part);
        if (!is_valid(parameter)) return std::string("a parameter of permessage-deflate that is not valid");
        if (!seen.insert(parameter.name).second) return std::string("a parameter of permessage-deflate twice");
        if (parameter.name == "server_no_context_takeover") agreed.server_forgets = true;
    }
    return std::optional<Compression>(agreed);
}

}  // namespace fairlead::websocket
