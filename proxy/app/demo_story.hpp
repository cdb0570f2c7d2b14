// What the demo says: one line for each thing that happens, from the venue's mouth or the consumer's, and a few of the
// messages.
#pragma once

#include "fairlead/client.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace fairlead::app {

// venue() may be called from any thread, everything else from the consumer's.
class Story {
public:
    Story();

    void intro(std::uint16_t port, const std::string& stream);
    void venue(std::string_view text);
    client::Callbacks callbacks();
    // Prints now and then what flows.
    void tick();
    // The end of the stream has been told.
    bool ended() const { return ended_; }
    // True = everything was as promised: data came, nothing was lost without being told.
    bool summary() const;

private:
    void on_message(const client::Message& message);
    void on_gap(const client::Gap& gap);
    void on_connect(const client::ConnectionChange& change);
    void on_disconnect(const client::ConnectionChange& change);
    void say(std::string_view who, std::string_view text);

    const std::chrono::steady_clock::time_point start_;
    mutable std::mutex printing_;
    std::chrono::steady_clock::time_point next_sample_;
    std::map<std::string, std::string, std::less<>> latest_;  // topic -> what is printed of it
    std::uint64_t messages_ = 0;
    std::uint64_t told_gaps_ = 0;
    std::uint64_t holes_ = 0;
    std::uint64_t connects_ = 0;
    std::uint64_t disconnects_ = 0;
    bool ended_ = false;
};

}  // namespace fairlead::app
