// The part of the engine that fails on purpose: the commands, and the faults of the scenario, which are the same
// commands by the clock.
#include "simulator/engine.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <limits>
#include <utility>

namespace fairlead::simulator {

namespace {

std::string whom(std::uint64_t connection) {
    return connection == 0 ? "every connection" : fmt::format("connection {}", connection);
}

// As Binance's WebSocket API tells it ten minutes before.
constexpr std::string_view kDrainNotice = R"({"e":"serverShutdown"})";

}  // namespace

void Engine::close(std::uint64_t connection, std::uint16_t code, const std::string& reason) {
    say(fmt::format("closes {} with {}{}{}", whom(connection), code, reason.empty() ? "" : " ", reason));
    for (Client* client : concerned(connection))
        client->connection.close(code, reason, now());
    note_fed();
    flush_all();
}

void Engine::reset(std::uint64_t connection) {
    say(fmt::format("resets {}", whom(connection)));
    for (Client* client : concerned(connection))
        kill_one(*client);
    note_fed();
}

void Engine::go_silent(bool silent, std::uint64_t connection) {
    if (connection == 0 && std::exchange(silent_, silent) == silent) return;
    const std::string_view what = silent ? "falls silent" : "sends data again";
    if (connection == 0) return say(what);
    for (Client* client : concerned(connection))
        client->silent = silent;
    say(fmt::format("{} on {}", what, whom(connection)));
}

void Engine::go_half_open(bool half_open, std::uint64_t connection) {
    if (connection != 0) return one_half_open(half_open, connection);
    if (std::exchange(half_open_, half_open) == half_open) return;
    say(half_open ? "goes half-open: neither reads nor writes" : "reads and writes again");
    for (const std::unique_ptr<Client>& client : clients_)
        lws_rx_flow_control(client->wsi, half_open || client->half_open ? 0 : 1);
    if (half_open) return;
    for (const int socket : std::exchange(waiting_sockets_, {}))
        adopt_client(socket);
    flush_all();
}

void Engine::one_half_open(bool half_open, std::uint64_t connection) {
    for (Client* client : concerned(connection)) {
        if (std::exchange(client->half_open, half_open) == half_open) continue;
        say(fmt::format("{} {}", half_open ? "neither reads from nor writes to" : "reads from and writes to",
                        whom(connection)));
        lws_rx_flow_control(client->wsi, half_open || half_open_ ? 0 : 1);
    }
    if (!half_open) flush_all();
}

void Engine::delay(core::Duration by, std::uint64_t connection) {
    say(fmt::format("delays the data of {} by {} ms", whom(connection), by / std::chrono::milliseconds{1}));
    for (Client* client : concerned(connection))
        client->delay_by(by);
}

void Engine::tamper(const std::string& stream, Tamper kind, std::uint64_t connection) {
    const std::optional<std::size_t> index = market_.find(stream);
    if (!index) return;
    constexpr std::array<std::string_view, 3> kWords = {"skips a message", "repeats a message", "swaps two messages"};
    say(fmt::format("{} of {} on {}", kWords.at(static_cast<std::size_t>(kind)), stream, whom(connection)));
    for (Client* client : concerned(connection))
        client->tamper(*index, kind);
}

void Engine::renumber(const std::string& stream) {
    const std::optional<std::size_t> index = market_.find(stream);
    if (!index) return;
    say(fmt::format("begins to number {} anew", stream));
    market_.renumber(*index);
}

void Engine::announce_drain(std::uint64_t connection) {
    const std::string notice = dialect_ ? dialect_->drain(wall_ms_) : std::string(kDrainNotice);
    if (notice.empty()) return say("would announce its end, but this venue has no notice of it");
    say(fmt::format("announces its end to {}", whom(connection)));
    for (Client* client : concerned(connection))
        client->connection.send_text(notice);
    flush_all();
}

void Engine::refuse_upgrades(int http_status, std::optional<std::chrono::seconds> retry_after) {
    if (http_status == 0) {
        if (std::exchange(refusal_, std::nullopt)) say("accepts upgrades again");
        return;
    }
    refusal_ = Refusal{http_status, retry_after};
    say(fmt::format("refuses upgrades with {}", http_status));
}

void Engine::send_bad_frame(BadFrame kind, std::uint64_t connection) {
    say(fmt::format("sends {} to {}", to_string(kind), whom(connection)));
    for (Client* client : concerned(connection))
        client->connection.send_bad_frame(kind);
    flush_all();
}

void Engine::stop_listening() {
    if (listener_ == nullptr) return;
    say("stops: every connection dropped, the port closed");
    kill(std::exchange(listener_, nullptr));
    address_.reserve();
    for (const int socket : std::exchange(waiting_sockets_, {}))
        ::close(socket);
    kill_clients();
}

bool Engine::start_listening() {
    if (listener_ != nullptr) return true;
    const int socket = address_.listen();
    if (socket < 0) return false;
    // As a plain file, so that accepting stays here and stopping is no more than closing it.
    lws_sock_file_fd_type descriptor{};
    descriptor.filefd = socket;
    listener_ = lws_adopt_descriptor_vhost(vhost_, LWS_ADOPT_RAW_FILE_DESC, descriptor, protocols_[0].name, nullptr);
    if (listener_ == nullptr) {
        ::close(socket);
        return false;
    }
    say(fmt::format("listens on port {}", address_.port()));
    return true;
}

VenueStats Engine::stats() const {
    VenueStats stats = stats_;
    for (const std::unique_ptr<Client>& client : clients_)
        stats.connections += client->upgraded ? 1 : 0;
    for (std::size_t stream = 0; stream < market_.stream_count(); ++stream) {
        stats.last_ids.emplace(market_.stream_name(stream), market_.last_id(stream));
    }
    return stats;
}

std::size_t Engine::take_fewest_fed() {
    note_fed();
    const std::size_t fewest = fewest_fed_;
    fewest_fed_ = std::numeric_limits<std::size_t>::max();
    note_fed();
    return fewest;
}

void Engine::apply(const FaultEdge& edge) {
    const Fault& fault = scenario_.faults[edge.fault];
    if (edge.edge == Edge::Begin) {
        begin(fault);
    } else {
        end(fault);
    }
}

void Engine::begin(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::Close:
            return close(fault.connection, fault.code, fault.reason);
        case FaultKind::Reset:
            return reset(fault.connection);
        case FaultKind::Silence:
            return go_silent(true, fault.connection);
        case FaultKind::HalfOpen:
            return go_half_open(true, fault.connection);
        case FaultKind::Delay:
            return delay(fault.by, fault.connection);
        case FaultKind::Skip:
            return tamper(fault.stream, Tamper::Skip, fault.connection);
        case FaultKind::Repeat:
            return tamper(fault.stream, Tamper::Repeat, fault.connection);
        case FaultKind::Swap:
            return tamper(fault.stream, Tamper::Swap, fault.connection);
        case FaultKind::Renumber:
            return renumber(fault.stream);
        case FaultKind::Drain:
            return announce_drain(fault.connection);
        case FaultKind::Reject:
            return refuse_topics(fault.topics);
        case FaultKind::AckSilence:
            return silence_topics(fault.topics);
        case FaultKind::RefuseUpgrade:
            return refuse_upgrades(fault.status, fault.retry_after);
        case FaultKind::BadFrame:
            return send_bad_frame(fault.frame, fault.connection);
        case FaultKind::Stop:
            return stop_listening();
    }
}

void Engine::end(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::Silence:
            return go_silent(false, fault.connection);
        case FaultKind::HalfOpen:
            return go_half_open(false, fault.connection);
        case FaultKind::Delay:
            return delay(core::Duration::zero(), fault.connection);
        case FaultKind::Reject:
            return refuse_topics({});
        case FaultKind::AckSilence:
            return silence_topics({});
        case FaultKind::RefuseUpgrade:
            return refuse_upgrades(0, std::nullopt);
        case FaultKind::Stop:
            if (!start_listening()) say("cannot listen again");
            return;
        case FaultKind::Close:
        case FaultKind::Reset:
        case FaultKind::BadFrame:
        case FaultKind::Skip:
        case FaultKind::Repeat:
        case FaultKind::Swap:
        case FaultKind::Renumber:
        case FaultKind::Drain:
            return;
    }
}

}  // namespace fairlead::simulator
