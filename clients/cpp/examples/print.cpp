// Prints what one sidecar says until Ctrl-C: messages, connections that come and go, and what is missing.
//
//   client_example [STREAM_ENDPOINT [PREFIX]]
#include "fairlead/client.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>

namespace {

namespace client = fairlead::client;

void print_message(const client::Message& message) {
    std::printf("%.*s #%llu %.*s\n", static_cast<int>(message.topic.size()), message.topic.data(),
                static_cast<unsigned long long>(message.sequence), static_cast<int>(message.payload.size()),
                message.payload.data());
}

void print_change(const char* what, const client::ConnectionChange& change) {
    std::printf("%.*s %s %s\n", static_cast<int>(change.connection.size()), change.connection.data(), what,
                change.event.detail().c_str());
}

// A strategy would drop what it has built from this topic and fetch it anew, unless the messages have come after all.
void print_gap(const client::Gap& gap) {
    const int size = static_cast<int>(gap.topic.size());
    if (gap.outcome == client::Outcome::Recovered) {
        std::printf("%.*s: #%llu to #%llu came late: they were lost on the way to here and fetched again\n", size,
                    gap.topic.data(), static_cast<unsigned long long>(gap.first_sequence),
                    static_cast<unsigned long long>(gap.last_sequence));
        return;
    }
    const char* where = gap.cause == client::GapCause::Upstream   ? "at the venue"
                        : gap.cause == client::GapCause::Consumer ? "on the way to here"
                                                                  : "in the sidecar";
    std::printf("%.*s: messages are missing, lost %s\n", size, gap.topic.data(), where);
}

// Blocks the signals in every thread that is made from here on, so that they can be waited for.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

int run(const client::SubscriberOptions& options) {
    const sigset_t signals = block_signals();
    client::Callbacks callbacks;
    callbacks.on_message = print_message;
    callbacks.on_connect = [](const client::ConnectionChange& change) { print_change("connected", change); };
    callbacks.on_disconnect = [](const client::ConnectionChange& change) { print_change("disconnected", change); };
    callbacks.on_gap = print_gap;
    client::Subscriber subscriber(options, callbacks);
    const timespec no_wait{};
    while (sigtimedwait(&signals, nullptr, &no_wait) < 0) {
        subscriber.poll(std::chrono::milliseconds{100});
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    client::SubscriberOptions options;
    if (argc > 1) options.endpoints = {argv[1]};
    if (argc > 2) options.prefixes = {argv[2]};
    try {
        return run(options);
    } catch (const client::ClientError& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
