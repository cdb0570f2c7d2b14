// The upgrade of RFC 6455 4.1 as a client does it: the header fields that ask, and which answer is a yes. Whoever has
// the key computes what the answer must accept; this room knows no hash.
#pragma once

#include "websocket/extension.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace fairlead::websocket {

struct UpgradeRequest {
    std::string key;          // 16 random bytes in Base64
    std::string subprotocol;  // a list with commas; empty = none offered
    bool compression = false;
};

// What an answer with the status 101 holds; fields that are missing are empty.
struct UpgradeAnswer {
    std::string upgrade{};
    std::string connection{};
    std::string accept{};
    std::string subprotocol{};
    std::string extensions{};
};

struct Agreement {
    std::optional<Compression> compression{};
};

std::vector<std::pair<std::string, std::string>> upgrade_fields(const UpgradeRequest& request);

// `accept`: what the key's holder expects. A text = why the answer is no yes, for people.
std::variant<Agreement, std::string> check_answer(const UpgradeRequest& request, const UpgradeAnswer& answer,
                                                  std::string_view accept);

}  // namespace fairlead::websocket
