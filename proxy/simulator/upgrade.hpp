// The HTTP side of a connection: one GET that becomes a WebSocket, or one answer that says why not.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::simulator {

// How the venue refuses upgrades at present.
struct Refusal {
    int status = 503;
    std::optional<std::chrono::seconds> retry_after;
};

struct Upgrade {
    int status = 101;                  // anything else is a refusal
    std::string answer;                // the whole HTTP answer
    std::string path;                  // as asked for, without the query
    bool combined = false;             // each message as {"stream":…,"data":…}
    std::vector<std::string> streams;  // subscribed by the URL
};

inline constexpr std::size_t kMaxUpgradeBytes = std::size_t{16} << 10;

// Which paths there are: those of README.md, or every one, with nothing subscribed by it.
enum class Paths { Binance, Any };

// `head` is the request up to and including its empty line.
Upgrade answer_upgrade(std::string_view head, const std::optional<Refusal>& refusal, Paths paths = Paths::Binance);

// For a head that is larger than kMaxUpgradeBytes.
std::string head_too_large_answer();

}  // namespace fairlead::simulator
