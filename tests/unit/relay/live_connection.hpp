// A connection over faked sockets, for tests of what happens when it has several.
#pragma once

#include "relay/connection.hpp"
#include "world.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

namespace fairlead::support {

inline config::ConnectionConfig numbered_config() {
    using namespace std::chrono_literals;
    config::ConnectionConfig config;
    config.id = "demo";
    config.urls = {config::SecretText("ws://venue/ws")};
    config.subscriptions = {config::SecretText("SUB a")};
    config.channel = {"/s"};
    config.sequence.field = "/t";
    config.network.initial_delay = 1s;
    config.network.ping_interval = 0s;
    return config;
}

struct LiveConnection : World {
    explicit LiveConnection(const config::ConnectionConfig& config)
        : connection(std::make_unique<relay::Connection>(config, services)) {
        connection->start();
    }

    // A numbered message on one of the sockets.
    void say(std::size_t socket, int number, const std::string& channel = "A") {
        venue.at(socket).say(fmt::format(R"({{"s":"{}","t":{}}})", channel, number));
    }
    void accept(std::size_t socket) {
        venue.at(socket).accept(fmt::format("127.0.0.1:{}", 9000 + socket));
        venue.at(socket).drain();
    }
    // The numbers that left on a channel, and 0 for each gap.
    std::vector<int> left(const std::string& channel = "A") const {
        std::vector<int> numbers;
        for (const auto& message : sink.on("data/demo/" + channel + "/")) {
            if (message.header.kind() == v1::KIND_GAP) numbers.push_back(0);
            if (message.header.kind() != v1::KIND_DATA) continue;
            numbers.push_back(std::stoi(message.payload.substr(message.payload.find("\"t\":") + 4)));
        }
        return numbers;
    }
    std::vector<v1::Gap> gaps(const std::string& channel = "A") const {
        std::vector<v1::Gap> found;
        for (const auto& message : sink.of(v1::KIND_GAP, "data/demo/" + channel + "/"))
            found.push_back(message.as<v1::Gap>());
        return found;
    }
    std::vector<v1::ConnectionEvent> events(const std::string& topic) const {
        std::vector<v1::ConnectionEvent> found;
        for (const auto& message : sink.of(v1::KIND_STATE, topic))
            found.push_back(message.as<v1::ConnectionEvent>());
        return found;
    }
    v1::ConnectionStatus status() const {
        v1::Connections list;
        connection->describe(list);
        return list.connections(0);
    }
    bool is_closed(std::size_t socket) { return venue.at(socket).closed_with.has_value(); }

    std::unique_ptr<relay::Connection> connection;
};

}  // namespace fairlead::support
