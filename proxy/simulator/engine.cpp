#include "simulator/engine.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace fairlead::simulator {
namespace {

constexpr char kListenerProtocol[] = "venue-listener";
constexpr char kClientProtocol[] = "venue-client";
constexpr std::size_t kReadBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxWaitingSockets = 1024;

// Messages are generated at most this often: a batch costs one send per connection.
constexpr core::Duration kDataTick = std::chrono::milliseconds{5};
// Pings, lifetimes and the timeouts of connections are looked at this often.
constexpr core::Duration kHousekeepingTick = std::chrono::milliseconds{50};

std::int64_t wall_milliseconds() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

// Up to the next whole millisecond and a little more, so that the loop does not spin.
lws_usec_t loop_delay(core::Duration delay) {
    constexpr lws_usec_t kALittle = 150;
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(delay).count();
    return std::max<lws_usec_t>(1, milliseconds) * 1000 + kALittle;
}

template <typename Value>
void remember(std::vector<Value>& list, Value value) {
    if (list.size() >= VenueStats::kMaxRemembered) list.erase(list.begin());
    list.push_back(std::move(value));
}

}  // namespace

Engine::Engine(const std::string& host, std::uint16_t port, Scenario scenario, Venue::Say say,
               std::shared_ptr<const Dialect> dialect)
    : scenario_(std::move(scenario)),
      say_(std::move(say)),
      dialect_(std::move(dialect)),
      address_(host, port),
      market_(scenario_),
      schedule_(scenario_.faults),
      start_(now()),
      protocols_{},
      routes_(market_.stream_count()),
      feeds_(market_.stream_count()) {
    protocols_[0].name = kListenerProtocol;
    protocols_[0].callback = on_listener_event;
    protocols_[1].name = kClientProtocol;
    protocols_[1].callback = on_client_event;

    lws_context_creation_info info{};
    info.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS;
    info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
    info.protocols = protocols_.data();
    info.pt_serv_buf_size = kReadBytes;
    info.vhost_name = "simulator";
    info.gid = -1;
    info.uid = -1;
    info.user = this;
    context_ = lws_create_context(&info);
    if (context_ == nullptr) throw std::runtime_error("cannot create the simulator's libwebsockets context");
    vhost_ = lws_create_vhost(context_, &info);
    if (vhost_ == nullptr || !start_listening()) {
        const int error = errno;
        lws_context_destroy(context_);
        throw std::runtime_error(fmt::format("cannot listen on {}:{}: {}", host, port, std::strerror(error)));
    }
    timer_.engine = this;
    arm(since_start());
}

Engine::~Engine() {
    say_ = {};
    lws_sul_cancel(&timer_.sul);
    for (const int socket : waiting_sockets_)
        ::close(socket);
    kill_clients();
    lws_context_destroy(context_);
}

void Engine::wake() {
    lws_cancel_service(context_);
}

bool Engine::service() {
    return lws_service(context_, 0) >= 0;
}

// --- sockets ---------------------------------------------------------------------------------------------------------

int Engine::on_listener_event(lws* wsi, lws_callback_reasons reason, void*, void*, std::size_t) {
    if (reason != LWS_CALLBACK_RAW_RX_FILE) return 0;
    static_cast<Engine*>(lws_context_user(lws_get_context(wsi)))->accept_clients();
    return 0;
}

int Engine::on_client_event(lws* wsi, lws_callback_reasons reason, void*, void* in, std::size_t size) {
    // Other reasons come with a wsi that is not one of ours.
    if (reason != LWS_CALLBACK_RAW_RX && reason != LWS_CALLBACK_RAW_WRITEABLE && reason != LWS_CALLBACK_RAW_CLOSE) {
        return 0;
    }
    auto* engine = static_cast<Engine*>(lws_context_user(lws_get_context(wsi)));
    auto* client = static_cast<Client*>(lws_get_opaque_user_data(wsi));
    if (client == nullptr) return 0;
    if (reason == LWS_CALLBACK_RAW_CLOSE) {
        engine->forget(*client);
        return 0;
    }
    if (reason == LWS_CALLBACK_RAW_WRITEABLE) return engine->flush(*client) ? 0 : -1;
    return engine->receive(*client, {static_cast<const char*>(in), size}) ? 0 : -1;
}

void Engine::accept_clients() {
    const int listening = lws_get_socket_fd(listener_);
    while (true) {
        const int socket = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (socket < 0) return;
        if (!half_open_) {
            adopt_client(socket);
        } else if (waiting_sockets_.size() < kMaxWaitingSockets) {
            waiting_sockets_.push_back(socket);
        } else {
            ::close(socket);
        }
    }
}

void Engine::adopt_client(int socket) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const Connection::Settings settings{scenario_.ping_interval, scenario_.lifetime, scenario_.max_streams,
                                        dialect_.get(), &topic_faults_};
    clients_.push_back(std::make_unique<Client>(settings, now()));
    Client& client = *clients_.back();

    lws_adopt_desc_t adopt{};
    adopt.vh = vhost_;
    adopt.type = LWS_ADOPT_SOCKET;
    adopt.fd.sockfd = socket;
    adopt.vh_prot_name = kClientProtocol;
    adopt.opaque = &client;
    lws* wsi = lws_adopt_descriptor_vhost_via_info(&adopt);
    // A failed adoption has closed the socket and may have told so already.
    if (wsi != nullptr) {
        client.wsi = wsi;
    } else {
        std::erase_if(clients_, [&](const std::unique_ptr<Client>& one) { return one.get() == &client; });
    }
}

bool Engine::receive(Client& client, std::string_view bytes) {
    account(client, client.connection.receive(bytes, refusal_, now()));
    return flush(client);
}

void Engine::account(Client& client, const Received& received) {
    if (received.refused_status != 0) {
        ++stats_.upgrades_refused;
        say(fmt::format("refuses an upgrade of {} with {}", client.connection.path(), received.refused_status));
    }
    if (received.opened) {
        client.upgraded = true;
        client.number = next_number_++;
        ++stats_.connections_total;
        remember(stats_.seen, SeenConnection{.number = client.number, .opened = now()});
        say(fmt::format("connection {} opens on {}", client.number, client.connection.path()));
    }
    stats_.pings_seen += received.pings;
    stats_.pongs_seen += received.pongs;
    if (received.close_code) remember(stats_.client_close_codes, *received.close_code);
    for (const Request& request : received.requests)
        remember(stats_.requests, SeenRequest{client.number, request});
    if (!received.subscriptions_changed) return;
    rebuild_routes();
    if (SeenConnection* one = seen(client.number); one != nullptr && !one->subscribed) one->subscribed = now();
}

SeenConnection* Engine::seen(std::uint64_t connection) {
    const auto found = std::ranges::find(stats_.seen, connection, &SeenConnection::number);
    return connection == 0 || found == stats_.seen.end() ? nullptr : &*found;
}

// All of them where `connection` is 0.
std::vector<Client*> Engine::concerned(std::uint64_t connection) const {
    std::vector<Client*> list;
    for (const std::unique_ptr<Client>& client : clients_) {
        if (connection == 0 || client->number == connection) list.push_back(client.get());
    }
    return list;
}

void Engine::count(const Client::Handed& handed) {
    stats_.messages_sent += handed.sent;
    stats_.messages_dropped += handed.dropped;
}

void Engine::note_fed() {
    const auto fed = std::ranges::count_if(clients_, [](const auto& client) { return client->is_fed(); });
    fewest_fed_ = std::min(fewest_fed_, static_cast<std::size_t>(fed));
}

// False = the socket is to be closed.
bool Engine::flush(Client& client) {
    if (half_open_ || client.half_open) return true;
    Outbox& outbox = client.connection.outbox();
    const int socket = lws_get_socket_fd(client.wsi);
    while (!outbox.empty()) {
        const std::string_view bytes = outbox.front();
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            outbox.consume(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            lws_callback_on_writable(client.wsi);
            break;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return !client.connection.over(now());
}

void Engine::flush_all() {
    std::vector<lws*> over;
    for (const std::unique_ptr<Client>& client : clients_) {
        if (!flush(*client)) over.push_back(client->wsi);
    }
    for (lws* wsi : over)
        kill(wsi);
}

void Engine::forget(Client& client) {
    if (client.upgraded) say(fmt::format("connection {} has ended", client.number));
    if (SeenConnection* one = seen(client.number)) one->ended = now();
    std::erase_if(clients_, [&](const std::unique_ptr<Client>& one) { return one.get() == &client; });
    rebuild_routes();
}

void Engine::kill(lws* wsi) {
    lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

// With RST instead of FIN: a socket that is not to linger discards what was not sent.
void Engine::kill_one(Client& client) {
    const linger at_once{1, 0};
    ::setsockopt(lws_get_socket_fd(client.wsi), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    kill(client.wsi);
}

void Engine::kill_clients() {
    // Each removes itself by forget().
    while (!clients_.empty())
        kill(clients_.back()->wsi);
}

// --- time ------------------------------------------------------------------------------------------------------------

void Engine::on_timer(lws_sorted_usec_list_t* sul) {
    static_assert(std::is_standard_layout_v<Timer>);
    reinterpret_cast<Timer*>(sul)->engine->tick();
}

void Engine::tick() {
    const core::Duration elapsed = since_start();
    for (const FaultEdge& edge : schedule_.due(elapsed))
        apply(edge);
    wall_ms_ = wall_milliseconds();
    market_.advance(elapsed, wall_ms_, [this](std::size_t stream, std::string_view json) { publish(stream, json); });
    note_fed();
    if (!half_open_) {
        for (const std::unique_ptr<Client>& client : clients_) {
            if (client->half_open) continue;
            count(client->release(now()));
            if (client->connection.tick(now(), wall_ms_)) ++stats_.pings_sent;
        }
        flush_all();
    }
    arm(elapsed);
}

void Engine::arm(core::Duration elapsed) {
    core::Duration wake_at = elapsed + kHousekeepingTick;
    if (const std::optional<core::Duration> data = market_.next_due()) {
        wake_at = std::min(wake_at, std::max(*data, elapsed + kDataTick));
    }
    for (const std::unique_ptr<Client>& client : clients_) {
        const std::optional<core::SteadyTime> release = client->next_release();
        if (release) wake_at = std::min(wake_at, std::max(*release - start_, elapsed + kDataTick));
    }
    if (const std::optional<core::Duration> fault = schedule_.next()) wake_at = std::min(wake_at, *fault);
    const core::Duration delay = std::max(core::Duration::zero(), wake_at - since_start());
    lws_sul_schedule(context_, 0, &timer_.sul, on_timer, loop_delay(delay));
}

void Engine::rebuild_routes() {
    if (dialect_) return rebuild_feeds();
    for (Route& route : routes_) {
        route.raw.clear();
        route.combined.clear();
    }
    for (const std::unique_ptr<Client>& client : clients_) {
        for (const std::string& name : client->connection.subscriptions()) {
            const std::optional<std::size_t> stream = market_.find(name);
            if (!stream || topic_faults_.silent.contains(name)) continue;
            Route& route = routes_[*stream];
            (client->connection.combined() ? route.combined : route.raw).push_back(client.get());
        }
    }
    for (std::size_t stream = 0; stream < routes_.size(); ++stream) {
        market_.want(stream, !routes_[stream].raw.empty() || !routes_[stream].combined.empty());
    }
}

// Encoded once in each form, however many connections get it.
void Engine::publish(std::size_t stream, std::string_view json) {
    if (silent_ || half_open_) return;
    if (dialect_) return publish_in_dialect(stream, json);
    const Route& route = routes_[stream];
    if (!route.raw.empty()) {
        raw_frame_.clear();
        append_frame(raw_frame_, Opcode::Text, json);
        hand_out(route.raw, stream, raw_frame_);
    }
    if (!route.combined.empty()) {
        combined_text_.clear();
        fmt::format_to(std::back_inserter(combined_text_), R"({{"stream":"{}","data":{}}})",
                       market_.stream_name(stream), json);
        combined_frame_.clear();
        append_frame(combined_frame_, Opcode::Text, combined_text_);
        hand_out(route.combined, stream, combined_frame_);
    }
}

void Engine::hand_out(const std::vector<Client*>& clients, std::size_t stream, std::string_view frame) {
    for (Client* client : clients) {
        if (client->silent || client->half_open || !client->connection.takes_data()) continue;
        count(client->publish(stream, frame, now()));
    }
}

void Engine::say(std::string_view sentence) const {
    if (say_) say_(fmt::format("venue: {}", sentence));
}

}  // namespace fairlead::simulator
