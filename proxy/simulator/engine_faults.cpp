// The part of the engine that fails on purpose: the commands, and the faults of the scenario, which are the same
// commands by the clock.
#include "simulator/engine.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace fairlead::simulator {

void Engine::close_all(std::uint16_t code, const std::string& reason) {
    say(fmt::format("closes every connection with {}{}{}", code, reason.empty() ? "" : " ", reason));
    for (const std::unique_ptr<Client>& client : clients_)
        client->connection.close(code, reason, now());
    flush_all();
}

void Engine::reset_all() {
    say("resets every connection");
    // Closing a socket that is not to linger sends RST instead of FIN and discards what was not sent.
    const linger at_once{1, 0};
    for (const std::unique_ptr<Client>& client : clients_) {
        ::setsockopt(lws_get_socket_fd(client->wsi), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    kill_clients();
}

void Engine::go_silent(bool silent) {
    if (std::exchange(silent_, silent) == silent) return;
    say(silent ? "falls silent" : "sends data again");
}

void Engine::go_half_open(bool half_open) {
    if (std::exchange(half_open_, half_open) == half_open) return;
    say(half_open ? "goes half-open: neither reads nor writes" : "reads and writes again");
    for (const std::unique_ptr<Client>& client : clients_)
        lws_rx_flow_control(client->wsi, half_open ? 0 : 1);
    if (half_open) return;
    for (const int socket : std::exchange(waiting_sockets_, {}))
        adopt_client(socket);
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

void Engine::send_bad_frame(BadFrame kind) {
    say(fmt::format("sends {} to every connection", to_string(kind)));
    for (const std::unique_ptr<Client>& client : clients_)
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
            return close_all(fault.code, fault.reason);
        case FaultKind::Reset:
            return reset_all();
        case FaultKind::Silence:
            return go_silent(true);
        case FaultKind::HalfOpen:
            return go_half_open(true);
        case FaultKind::RefuseUpgrade:
            return refuse_upgrades(fault.status, fault.retry_after);
        case FaultKind::BadFrame:
            return send_bad_frame(fault.frame);
        case FaultKind::Stop:
            return stop_listening();
    }
}

void Engine::end(const Fault& fault) {
    switch (fault.kind) {
        case FaultKind::Silence:
            return go_silent(false);
        case FaultKind::HalfOpen:
            return go_half_open(false);
        case FaultKind::RefuseUpgrade:
            return refuse_upgrades(0, std::nullopt);
        case FaultKind::Stop:
            if (!start_listening()) say("cannot listen again");
            return;
        case FaultKind::Close:
        case FaultKind::Reset:
        case FaultKind::BadFrame:
            return;
    }
}

}  // namespace fairlead::simulator
