// What a venue answers on one connection in a dialect: which topics it takes, how fast it lets the client speak.
#pragma once

#include "core/sliding_window.hpp"
#include "core/time.hpp"
#include "simulator/dialect.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::simulator {

// What a scenario has against single topics, at present.
struct TopicFaults {
    using Topics = std::set<std::string, std::less<>>;
    Topics refused;  // a request for one is refused
    Topics silent;   // acknowledged, but without data
};

class Conversation {
public:
    // Both outlive this.
    Conversation(const Dialect& dialect, const TopicFaults& faults);

    struct Outcome {
        Incoming incoming{};
        std::vector<std::string> texts{};  // to be sent, in order
        bool changed = false;              // the subscriptions
        bool closes = false;               // with 1008: the client was too fast
    };
    // A text of the client. `subscriptions` are those of its connection.
    Outcome receive(std::string_view text, std::set<std::string>& subscriptions, core::SteadyTime now);
    // A ping or pong of the client. False = it was one too many: the connection is closed.
    bool receive_control(core::SteadyTime now);

    const Dialect& dialect() const { return dialect_; }

private:
    using Window = core::SlidingWindow<core::SteadyTime>;

    static bool take(Window& window, core::SteadyTime now);
    void subscribe(Outcome& outcome, std::size_t bytes, std::set<std::string>& subscriptions);
    void answer_too_fast(Outcome& outcome) const;
    std::string problem(const Incoming& incoming, std::size_t bytes, const std::set<std::string>& subscriptions) const;
    std::string problem(std::string_view topic) const;
    static void say(Outcome& outcome, std::string text);

    const Dialect& dialect_;
    const TopicFaults& faults_;
    Window messages_;
    Window requests_;
};

}  // namespace fairlead::simulator
