#include "websocket/handshake.hpp"

#include "websocket/text.hpp"

#include <algorithm>

namespace fairlead::websocket {
namespace {

bool lists(std::string_view field, std::string_view token) {
    const auto parts = split(field, ',');
    return std::any_of(parts.begin(), parts.end(), [&](auto part) { return equal_ignoring_case(part, token); });
}

// Names of subprotocols are compared to the letter.
bool was_offered(std::string_view offered, std::string_view chosen) {
    const auto parts = split(offered, ',');
    return std::find(parts.begin(), parts.end(), chosen) != parts.end();
}

}  // namespace

std::vector<std::pair<std::string, std::string>> upgrade_fields(const UpgradeRequest& request) {
    std::vector<std::pair<std::string, std::string>> fields = {
        {"Upgrade", "websocket"},
        {"Connection", "Upgrade"},
        {"Sec-WebSocket-Key", request.key},
        {"Sec-WebSocket-Version", "13"},
    };
    if (!request.subprotocol.empty()) fields.emplace_back("Sec-WebSocket-Protocol", request.subprotocol);
    if (request.compression) fields.emplace_back("Sec-WebSocket-Extensions", kCompressionOffer);
    return fields;
}

std::variant<Agreement, std::string> check_answer(const UpgradeRequest& request, const UpgradeAnswer& answer,
                                                  std::string_view accept) {
    if (!equal_ignoring_case(trimmed(answer.upgrade), "websocket")) return std::string("Upgrade is not websocket");
    if (!lists(answer.connection, "upgrade")) return std::string("Connection does not say Upgrade");
    if (answer.accept.empty()) return std::string("Sec-WebSocket-Accept is missing");
    if (trimmed(answer.accept) != accept) return std::string("Sec-WebSocket-Accept does not fit the key");
    const auto chosen = trimmed(answer.subprotocol);
    if (!chosen.empty() && !was_offered(request.subprotocol, chosen))
        return std::string("Sec-WebSocket-Protocol names one that was not offered");
    auto extensions = read_extensions(answer.extensions, request.compression);
    if (auto* problem = std::get_if<std::string>(&extensions)) return "Sec-WebSocket-Extensions has " + *problem;
    return Agreement{.compression = std::get<std::optional<Compression>>(extensions)};
}

}  // namespace fairlead::websocket
