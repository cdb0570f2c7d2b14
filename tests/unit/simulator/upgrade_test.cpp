#include "simulator/upgrade.hpp"

#include <doctest/doctest.h>

namespace {

using namespace fairlead::simulator;
using namespace std::chrono_literals;

std::string head(const std::string& target) {
    return "GET " + target +
           " HTTP/1.1\r\nHost: 127.0.0.1\r\nUPGRADE: websocket\r\nConnection: keep-alive, Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    return text.replace(text.find(from), from.size(), to);
}

TEST_CASE("an upgrade is answered with the accept key of RFC 6455") {
    const Upgrade upgrade = answer_upgrade(head("/ws"), std::nullopt);
    CHECK(upgrade.status == 101);
    CHECK(upgrade.path == "/ws");
    CHECK_FALSE(upgrade.combined);
    CHECK(upgrade.answer.starts_with("HTTP/1.1 101 "));
    CHECK(upgrade.answer.find("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
    CHECK(upgrade.answer.ends_with("\r\n\r\n"));
}

TEST_CASE("streams in the URL are subscribed, raw or combined") {
    const std::vector<std::string> both = {"btcusdt@trade", "ethusdt@bookTicker"};
    CHECK(answer_upgrade(head("/ws/btcusdt@trade/ethusdt@bookTicker"), std::nullopt).streams == both);
    const Upgrade combined =
        answer_upgrade(head("/stream?x=1&streams=btcusdt%40trade/ethusdt@bookTicker"), std::nullopt);
    CHECK(combined.combined);
    CHECK(combined.streams == both);
    CHECK(combined.path == "/stream");
    CHECK(answer_upgrade(head("/stream"), std::nullopt).streams.empty());
    CHECK(answer_upgrade(head("/ws?streams=btcusdt@trade"), std::nullopt).streams.empty());
}

TEST_CASE("what is no upgrade gets the status that says why") {
    const auto status = [](const std::string& text) { return answer_upgrade(text, std::nullopt).status; };
    CHECK(status(head("/")) == 404);
    CHECK(status(head("/wsx")) == 404);
    CHECK(status(head("/ws/nonsense")) == 400);
    CHECK(status(head("/stream?streams=btcusdt@trade/nonsense")) == 400);
    CHECK(status(replaced(head("/ws"), "GET", "POST")) == 400);
    CHECK(status(replaced(head("/ws"), "HTTP/1.1", "HTTP/1.0")) == 400);
    CHECK(status(replaced(head("/ws"), "websocket\r\n", "h2c\r\n")) == 426);
    CHECK(status(replaced(head("/ws"), "keep-alive, Upgrade", "keep-alive")) == 426);
    CHECK(status(replaced(head("/ws"), "Version: 13", "Version: 8")) == 426);
    CHECK(status(replaced(head("/ws"), "Sec-WebSocket-Key", "Key")) == 400);
    CHECK(status("\r\n\r\n") == 400);
}

TEST_CASE("while upgrades are refused the answer has the status and Retry-After") {
    const Upgrade refused = answer_upgrade(head("/ws"), Refusal{429, 3s});
    CHECK(refused.status == 429);
    CHECK(refused.answer.starts_with("HTTP/1.1 429 Too Many Requests\r\n"));
    CHECK(refused.answer.find("\r\nRetry-After: 3\r\n") != std::string::npos);
    const Upgrade plain = answer_upgrade(head("/ws"), Refusal{503, std::nullopt});
    CHECK(plain.answer.starts_with("HTTP/1.1 503 "));
    CHECK(plain.answer.find("Retry-After") == std::string::npos);
}

}  // namespace
