#include "recovery.hpp"

#include "commands.hpp"
#include "fairlead/control.hpp"
#include "fairlead/envelope.hpp"
#include "render.hpp"
#include "tap.hpp"
#include "text.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <variant>

namespace fairlead::ctl {
namespace {

std::string describe_state(const client::Envelope& envelope) {
    v1::ConnectionEvent event;
    event.ParseFromArray(envelope.payload.data(), static_cast<int>(envelope.payload.size()));
    std::string why = event.cause() == v1::CAUSE_UNSPECIFIED ? "" : fmt::format(" ({})", cause(event.cause()));
    if (!event.detail().empty()) why += ": " + event.detail();
    return fmt::format("# {} {} #{} {}{}", clock_time(envelope.receive_time_ns), envelope.topic, envelope.sequence,
                       connection_state(event.state()), why);
}

std::string describe_gap(const client::Envelope& envelope) {
    v1::Gap gap;
    gap.ParseFromArray(envelope.payload.data(), static_cast<int>(envelope.payload.size()));
    return fmt::format("# {} {} #{} {}", clock_time(envelope.receive_time_ns), envelope.topic, envelope.sequence,
                       gap_text(gap));
}

void print_line(const std::string& line) {
    fmt::print("{}\n", line);
}

// Asks for one page. The answer, or the exit code when it is none; a page that is wanted as JSON is printed.
std::variant<v1::Reply, int> page(client::Control& control, const v1::Request& request, const Arguments& arguments) {
    const client::Answer answer = control.request(request);
    if (const auto* unreachable = std::get_if<client::Unreachable>(&answer)) return tell(*unreachable, arguments);
    const auto& reply = std::get<client::Reply>(answer);
    if (!reply.ok()) return tell(reply, arguments.json);
    if (arguments.json) std::fputs(render_json(reply.proto()).c_str(), stdout);
    return reply.proto();
}

}  // namespace

std::string describe(const v1::StreamMessage& message) {
    const auto envelope = client::decode(message.head(), message.payload());
    if (!envelope) return "# a message that is not of the contract";
    switch (envelope->kind) {
        case v1::KIND_DATA:
            return describe(client::Message{.topic = envelope->topic,
                                            .payload = envelope->payload,
                                            .binary = envelope->binary(),
                                            .sequence = envelope->sequence,
                                            .receive_time_ns = envelope->receive_time_ns});
        case v1::KIND_STATE:
            return describe_state(*envelope);
        case v1::KIND_GAP:
            return describe_gap(*envelope);
        default:
            return fmt::format("# {} {} #{} of a kind that this version does not know",
                               clock_time(envelope->receive_time_ns), envelope->topic, envelope->sequence);
    }
}

std::string describe(const v1::TopicSnapshot& topic) {
    const std::string held =
        topic.oldest_sequence() == 0 ? "nothing is held" : fmt::format("held from #{} on", topic.oldest_sequence());
    return fmt::format("# {} next is #{}, {}", topic.topic(), topic.next_sequence(), held);
}

std::string incomplete(const v1::ReplayResult& result) {
    if (result.code() == v1::END_CODE_EPOCH_CHANGED) return "the sidecar began anew on the way: its numbers with it";
    if (result.code() != v1::END_CODE_TRUNCATED) return {};
    if (result.oldest_sequence() == 0) return "truncated: nothing of this topic is held any more";
    return fmt::format("truncated: what came before #{} is not held any more", result.oldest_sequence());
}

int run_replay(const Arguments& arguments, const Replay& replay) {
    client::Control control({.endpoint = arguments.control, .timeout = arguments.timeout});
    v1::Request request;
    v1::Replay& command = *request.mutable_replay();
    command.set_topic(replay.topic);
    command.set_from(replay.from);
    command.set_to(replay.to);
    int exit_code = kOk;
    do {
        const auto answer = page(control, request, arguments);
        if (const int* failed = std::get_if<int>(&answer)) return *failed;
        const v1::ReplayResult& result = std::get<v1::Reply>(answer).replay();
        const std::string problem = incomplete(result);
        if (!problem.empty()) {
            fmt::print(stderr, "fairleadctl: {}\n", problem);
            exit_code = kFailed;
        }
        if (!arguments.json) {
            for (const v1::StreamMessage& message : result.messages())
                print_line(describe(message));
        }
        // What comes in the meantime is not a part of it.
        if (command.to() == 0) command.set_to(result.next_sequence() - 1);
        command.set_epoch(result.epoch());
        command.set_from(result.next_from());
    } while (command.from() != 0);
    return exit_code;
}

int run_snapshot(const Arguments& arguments, const Snapshot& snapshot) {
    client::Control control({.endpoint = arguments.control, .timeout = arguments.timeout});
    v1::Request request;
    v1::Snapshot& command = *request.mutable_snapshot();
    if (!snapshot.prefix.empty()) command.add_prefixes(snapshot.prefix);
    do {
        const auto answer = page(control, request, arguments);
        if (const int* failed = std::get_if<int>(&answer)) return *failed;
        const v1::SnapshotResult& result = std::get<v1::Reply>(answer).snapshot();
        if (!arguments.json) {
            for (const v1::TopicSnapshot& topic : result.topics()) {
                print_line(describe(topic));
                if (topic.has_last()) print_line(describe(topic.last()));
            }
        }
        command.set_after(result.after());
    } while (!command.after().empty());
    return kOk;
}

}  // namespace fairlead::ctl
