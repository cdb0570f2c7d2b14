#include "simulator/request.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace fairlead::simulator {
namespace {

constexpr int kInvalidRequest = 2;
constexpr int kInvalidJson = 3;
constexpr std::size_t kMaxSymbol = 20;
constexpr std::size_t kMaxTextId = 36;

bool is_small_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

// Such a text needs no escaping on its way back.
bool is_id_text(std::string_view text) {
    return !text.empty() && text.size() <= kMaxTextId && std::ranges::all_of(text, [](char c) {
        return is_small_letter_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
    });
}

std::optional<std::string> read_id(const simdjson::dom::object& request) {
    simdjson::dom::element id;
    if (request["id"].get(id) != simdjson::SUCCESS || id.is_null()) return "null";
    std::int64_t number = 0;
    if (id.get(number) == simdjson::SUCCESS) return fmt::format("{}", number);
    std::string_view text;
    if (id.get(text) == simdjson::SUCCESS && is_id_text(text)) return fmt::format("\"{}\"", text);
    return std::nullopt;
}

std::optional<Method> read_method(std::string_view text) {
    for (const Method method : {Method::Subscribe, Method::Unsubscribe, Method::ListSubscriptions}) {
        if (text == to_string(method)) return method;
    }
    return std::nullopt;
}

// The streams, or what is wrong with them.
std::variant<std::vector<std::string>, std::string> read_params(const simdjson::dom::object& request) {
    simdjson::dom::array params;
    if (request["params"].get(params) != simdjson::SUCCESS) return "`params` must be a list of stream names";
    std::vector<std::string> streams;
    for (const simdjson::dom::element param : params) {
        std::string_view name;
        if (param.get(name) != simdjson::SUCCESS) return "a stream name must be a string";
        if (!is_stream_name(name)) return "unknown stream form, expected <symbol>@trade or <symbol>@bookTicker";
        streams.emplace_back(name);
    }
    if (streams.empty()) return "`params` is empty";
    return streams;
}

std::string invalid_request(std::string_view what, std::string_view id) {
    return error_reply(kInvalidRequest, fmt::format("Invalid request: {}", what), id);
}

}  // namespace

std::string_view to_string(Method method) {
    switch (method) {
        case Method::Subscribe:
            return "SUBSCRIBE";
        case Method::Unsubscribe:
            return "UNSUBSCRIBE";
        case Method::ListSubscriptions:
            return "LIST_SUBSCRIPTIONS";
    }
    return "";
}

std::variant<Request, std::string> read_request(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::element document;
    const simdjson::error_code error = parser.parse(json.data(), json.size()).get(document);
    if (error != simdjson::SUCCESS) {
        return error_reply(kInvalidJson, fmt::format("Invalid JSON: {}", simdjson::error_message(error)), "null");
    }
    simdjson::dom::object object;
    if (document.get(object) != simdjson::SUCCESS) return invalid_request("expected an object", "null");
    const std::optional<std::string> id = read_id(object);
    if (!id) return invalid_request("`id` must be an integer, a short plain text or null", "null");

    std::string_view name;
    if (object["method"].get(name) != simdjson::SUCCESS) return invalid_request("`method` is missing", *id);
    const std::optional<Method> method = read_method(name);
    if (!method) {
        return invalid_request("unknown `method`, expected SUBSCRIBE, UNSUBSCRIBE or LIST_SUBSCRIPTIONS", *id);
    }
    if (*method == Method::ListSubscriptions) return Request{*method, {}, *id};

    std::variant<std::vector<std::string>, std::string> params = read_params(object);
    if (const auto* problem = std::get_if<std::string>(&params)) return invalid_request(*problem, *id);
    return Request{*method, std::get<std::vector<std::string>>(std::move(params)), *id};
}

bool is_stream_name(std::string_view name) {
    const std::size_t at = std::min(name.find('@'), name.size());
    const std::string_view symbol = name.substr(0, at);
    const std::string_view kind = name.substr(at);
    return !symbol.empty() && symbol.size() <= kMaxSymbol && std::ranges::all_of(symbol, is_small_letter_or_digit) &&
           (kind == "@trade" || kind == "@bookTicker");
}

std::string result_reply(std::string_view id) {
    return fmt::format(R"({{"result":null,"id":{}}})", id);
}

std::string list_reply(std::string_view id, const std::set<std::string>& streams) {
    std::string names;
    for (const std::string& stream : streams)
        names += fmt::format("{}\"{}\"", names.empty() ? "" : ",", stream);
    return fmt::format(R"({{"result":[{}],"id":{}}})", names, id);
}

std::string error_reply(int code, std::string_view message, std::string_view id) {
    // simdjson's error texts may quote a character
    std::string plain(message);
    std::ranges::replace(plain, '"', '\'');
    std::ranges::replace(plain, '\\', '/');
    return fmt::format(R"({{"code":{},"msg":"{}","id":{}}})", code, plain, id);
}

}  // namespace fairlead::simulator
