#include "app/logger.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <simdjson.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

using fairlead::app::json_line;
using fairlead::app::text_line;

TEST_CASE("a text line names the connection, the event and what is known of it") {
    CHECK(text_line("a", "connected", {{"cause", "start"}, {"detail", ""}, {"endpoint", "[::1]:9"}}) ==
          "connection=a connected cause=start endpoint=[::1]:9");
    CHECK(text_line("", "started", {}) == "started");
}

TEST_CASE("values with spaces are quoted, and none can forge a line") {
    CHECK(text_line("a", "e", {{"detail", "no pong within 10s"}}) == R"(connection=a e detail="no pong within 10s")");
    CHECK(text_line("a", "e", {{"detail", "x\nconnection=b \"quoted\" \\"}}) ==
          R"(connection=a e detail="x\u000aconnection=b \"quoted\" \\")");
}

TEST_CASE("a JSON line is JSON, whatever the values") {
    const std::string value("\"\\\n\t\x01 \xc3\xa4");
    const auto text = "{" + json_line("a", "e", {{"detail", value}, {"empty", ""}}) + "}";
    simdjson::dom::parser parser;
    simdjson::dom::element line;
    REQUIRE(parser.parse(text).get(line) == simdjson::SUCCESS);
    CHECK(std::string_view(line["connection"]) == "a");
    CHECK(std::string_view(line["event"]) == "e");
    CHECK(std::string_view(line["detail"]) == value);
    CHECK(line["empty"].error() == simdjson::NO_SUCH_FIELD);
}

TEST_CASE("lines that nobody read in time are lost, and how many is told to whoever reads again") {
    std::array<int, 2> ends{};
    REQUIRE(pipe(ends.data()) == 0);
    const auto [reader, writer] = ends;
    REQUIRE(fcntl(writer, F_SETFL, O_NONBLOCK) == 0);
    const std::string page(4096, 'x');
    std::size_t filled = 0;
    for (auto size = write(writer, page.data(), page.size()); size > 0; size = write(writer, page.data(), page.size()))
        filled += static_cast<std::size_t>(size);
    REQUIRE(fcntl(writer, F_SETFL, 0) == 0);

    constexpr std::size_t kLines = 3 * fairlead::app::Logger::kQueuedLines;
    auto logger = std::make_unique<fairlead::app::Logger>(fairlead::config::LogConfig{}, writer);
    for (std::size_t i = 0; i < kLines; ++i)
        logger->write(fairlead::seam::LogLevel::Warning, "a", "while_nobody_reads", {});
    std::string text;
    std::atomic<std::size_t> read_so_far = 0;
    std::thread reading([&text, &read_so_far, from = reader] {
        std::array<char, 4096> buffer{};
        for (auto size = read(from, buffer.data(), buffer.size()); size > 0;
             size = read(from, buffer.data(), buffer.size()))
            read_so_far = text.append(buffer.data(), static_cast<std::size_t>(size)).size();
    });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (read_so_far < filled && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    CHECK(read_so_far >= filled);
    logger->write(fairlead::seam::LogLevel::Warning, "a", "last", {});
    logger.reset();
    close(writer);
    reading.join();
    close(reader);

    std::istringstream lines(text.substr(filled));
    std::size_t written = 0;
    std::size_t lost = 0;
    for (std::string line; std::getline(lines, line);) {
        const auto told = line.find("log_lines_lost count=");
        if (told == std::string::npos)
            ++written;
        else
            lost += std::stoul(line.substr(told + std::string("log_lines_lost count=").size()));
    }
    CHECK(lost > 0);
    CHECK(written + lost == kLines + 1);
    CHECK(text.ends_with("connection=a last\n"));
}
