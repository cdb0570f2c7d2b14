// A consumer on the C++ client that writes down what it is told, one line each, for a test to judge: messages, gaps,
// the sidecars that it reaches, and its counters at the end. Ends at SIGTERM.
//
//   recording_consumer STREAM_ENDPOINT PREFIX
//
//   M TOPIC EPOCH SEQUENCE (live|again) FIRST_WORD     G TOPIC CAUSE (lost|recovered) FIRST LAST COUNT
//   W EPOCH                                            C RECOVERED LOST REPLAYS FAILED BUFFERED PEAK
#include "fairlead/client.hpp"

#include <csignal>
#include <cstdio>
#include <string>

namespace {

namespace client = fairlead::client;

using Number = unsigned long long;

const char* name_of(client::GapCause cause) {
    switch (cause) {
        case client::GapCause::Upstream:
            return "upstream";
        case client::GapCause::Relay:
            return "relay";
        case client::GapCause::Consumer:
            return "consumer";
        case client::GapCause::Epoch:
            return "epoch";
        case client::GapCause::Unknown:
            break;
    }
    return "unknown";
}

void record_message(const client::Message& message) {
    const std::string word(message.payload.substr(0, message.payload.find(' ')));
    std::printf("M %s %llu %llu %s %s\n", std::string(message.topic).c_str(), Number{message.epoch},
                Number{message.sequence}, message.replayed ? "again" : "live", word.c_str());
}

void record_gap(const client::Gap& gap) {
    std::printf("G %s %s %s %llu %llu %llu\n", std::string(gap.topic).c_str(), name_of(gap.cause),
                gap.outcome == client::Outcome::Lost ? "lost" : "recovered", Number{gap.first_sequence},
                Number{gap.last_sequence}, Number{gap.count});
}

void run(const client::SubscriberOptions& options) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    client::Callbacks callbacks;
    callbacks.on_message = record_message;
    callbacks.on_gap = record_gap;
    callbacks.on_welcome = [](const fairlead::v1::Welcome& welcome) {
        std::printf("W %llu\n", Number{welcome.epoch()});
    };
    client::Subscriber subscriber(options, callbacks);
    const timespec no_wait{};
    while (sigtimedwait(&signals, nullptr, &no_wait) < 0) {
        subscriber.poll(std::chrono::milliseconds{50});
        std::fflush(stdout);
    }
    const client::SubscriberCounters& counters = subscriber.counters();
    std::printf("C %llu %llu %llu %llu %llu %llu\n", Number{counters.recovered}, Number{counters.lost},
                Number{counters.replays}, Number{counters.replays_failed}, Number{counters.buffered},
                Number{counters.buffered_peak});
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: recording_consumer STREAM_ENDPOINT PREFIX\n");
        return 2;
    }
    client::SubscriberOptions options;
    options.endpoints = {argv[1]};
    options.prefixes = {argv[2]};
    try {
        run(options);
    } catch (const client::ClientError& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
