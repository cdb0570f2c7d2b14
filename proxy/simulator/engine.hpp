// The simulated venue on its own thread: libwebsockets is the loop and moves the bytes, Connection, Market and
// FaultSchedule decide. Facts about libwebsockets 4.1 that shaped it:
//   - Client sockets are of its raw role, accepted here. Its WebSocket role answers pings unseen, rewrites close codes
//   and
//     cannot be made to break the rules; its HTTP server is not used at all.
//   - Sends go straight to the socket: what lws_write() buffers blocks reading on that connection.
//   - Only lws_cancel_service() may be called from another thread.
//   - Its loop rounds a timeout down to a millisecond and spins for the rest, so deadlines are rounded up here.
#pragma once

#include "core/time.hpp"
#include "simulator/client.hpp"
#include "simulator/conversation.hpp"
#include "simulator/dialect.hpp"
#include "simulator/fault_schedule.hpp"
#include "simulator/listen_address.hpp"
#include "simulator/market.hpp"
#include "simulator/venue.hpp"

#include <libwebsockets.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::simulator {

// Everything but the constructor, port() and wake() is for the venue's thread only. The commands are those of Venue.
class Engine {
public:
    Engine(const std::string& host, std::uint16_t port, Scenario scenario, Venue::Say say,
           std::shared_ptr<const Dialect> dialect);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    std::uint16_t port() const { return address_.port(); }
    // Makes service() return. Any thread.
    void wake();
    // Waits for something to happen and carries it out. False = the loop is broken.
    bool service();

    void close(std::uint64_t connection, std::uint16_t code, const std::string& reason);
    void reset(std::uint64_t connection);
    void go_silent(bool silent, std::uint64_t connection);
    void go_half_open(bool half_open, std::uint64_t connection);
    void delay(core::Duration by, std::uint64_t connection);
    void tamper(const std::string& stream, Tamper kind, std::uint64_t connection);
    void renumber(const std::string& stream);
    void announce_drain(std::uint64_t connection);
    void refuse_topics(const std::vector<std::string>& topics);
    void silence_topics(const std::vector<std::string>& topics);
    void refuse_upgrades(int http_status, std::optional<std::chrono::seconds> retry_after);
    void send_bad_frame(BadFrame kind, std::uint64_t connection);
    void stop_listening();
    bool start_listening();
    VenueStats stats() const;
    std::size_t take_fewest_fed();

private:
    // libwebsockets hands back the address of `sul`, which is the address of the whole.
    struct Timer {
        lws_sorted_usec_list_t sul{};
        Engine* engine = nullptr;
    };
    // Who gets the messages of one stream, in which form.
    struct Route {
        std::vector<Client*> raw;
        std::vector<Client*> combined;
    };

    // Who gets the messages of one topic of a dialect.
    struct Feed {
        std::string topic;
        std::vector<Client*> clients;
    };

    static int on_listener_event(lws* wsi, lws_callback_reasons reason, void* user, void* in, std::size_t size);
    static int on_client_event(lws* wsi, lws_callback_reasons reason, void* user, void* in, std::size_t size);
    static void on_timer(lws_sorted_usec_list_t* sul);

    void accept_clients();
    void adopt_client(int socket);
    bool receive(Client& client, std::string_view bytes);
    void account(Client& client, const Received& received);
    bool flush(Client& client);
    void flush_all();
    std::vector<Client*> concerned(std::uint64_t connection) const;
    void count(const Client::Handed& handed);
    void note_fed();
    SeenConnection* seen(std::uint64_t connection);
    void forget(Client& client);
    void kill(lws* wsi);
    void kill_one(Client& client);
    void kill_clients();

    void tick();
    void arm(core::Duration elapsed);
    void apply(const FaultEdge& edge);
    void one_half_open(bool half_open, std::uint64_t connection);
    void begin(const Fault& fault);
    void end(const Fault& fault);
    void rebuild_routes();
    void publish(std::size_t stream, std::string_view json);
    void rebuild_feeds();
    void publish_in_dialect(std::size_t stream, std::string_view json);
    void hand_out(const std::vector<Client*>& clients, std::size_t stream, std::string_view frame);
    void say(std::string_view sentence) const;

    core::SteadyTime now() const { return std::chrono::steady_clock::now(); }
    core::Duration since_start() const { return now() - start_; }

    Scenario scenario_;
    Venue::Say say_;
    std::shared_ptr<const Dialect> dialect_;  // null = Binance's protocol
    TopicFaults topic_faults_;
    ListenAddress address_;
    Market market_;
    FaultSchedule schedule_;
    core::SteadyTime start_;

    std::array<lws_protocols, 3> protocols_;
    lws_context* context_ = nullptr;
    lws_vhost* vhost_ = nullptr;
    lws* listener_ = nullptr;
    Timer timer_;

    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<int> waiting_sockets_;      // accepted while half-open
    std::vector<Route> routes_;             // by stream
    std::vector<std::vector<Feed>> feeds_;  // by stream
    std::int64_t wall_ms_ = 0;              // of the tick
    std::string raw_frame_;                 // buffers of publish()
    std::string combined_text_;
    std::string combined_frame_;

    bool silent_ = false;
    bool half_open_ = false;
    std::optional<Refusal> refusal_;
    std::uint64_t next_number_ = 1;
    std::size_t fewest_fed_ = 0;
    VenueStats stats_;
};

}  // namespace fairlead::simulator
