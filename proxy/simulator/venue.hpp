// A venue on loopback that can be told to fail: Binance's protocol, or that of a profile, on a real socket, with faults
// from a scenario or by command. Plain ws only.
#pragma once

#include "simulator/client.hpp"
#include "simulator/dialect.hpp"
#include "simulator/frame.hpp"
#include "simulator/request.hpp"
#include "simulator/scenario.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::simulator {

struct SeenRequest {
    std::uint64_t connection = 0;  // numbered from 1 in the order of their upgrades
    Request request;
};

// When a connection opened, first had a subscription, and ended; the venue's proof of what a client did.
struct SeenConnection {
    std::uint64_t number = 0;
    core::SteadyTime opened{};
    std::optional<core::SteadyTime> subscribed{};
    std::optional<core::SteadyTime> ended{};
};

struct VenueStats {
    static constexpr std::size_t kMaxRemembered = 1000;

    std::size_t connections = 0;          // open now
    std::uint64_t connections_total = 0;  // upgraded ever
    std::uint64_t upgrades_refused = 0;   // by a fault, a command or a faulty request
    std::uint64_t messages_sent = 0;      // handed to a connection
    std::uint64_t messages_dropped = 0;   // a client read too slowly
    std::uint64_t pings_seen = 0;         // from clients
    std::uint64_t pings_sent = 0;
    std::uint64_t pongs_seen = 0;
    std::vector<SeenRequest> requests;              // in order; the latest kMaxRemembered
    std::vector<std::uint16_t> client_close_codes;  // of close frames from clients; the latest kMaxRemembered
    std::vector<SeenConnection> seen;               // in the order of their upgrades; the latest kMaxRemembered
    std::map<std::string, std::uint64_t> last_ids;  // of each stream, by name: "btcusdt@trade"
};

// Every command may be called from any thread but the venue's own (that is: not from `say`), and returns when it has
// taken effect. A state that a command sets holds until the opposite command or a fault of the scenario changes it.
// `connection` is the number of one, counted from 1 in the order of their upgrades; one that is not open is passed
// over.
class Venue {
public:
    // Gets one plain sentence for each connect, disconnect and fault: "venue: resets every connection". Called on the
    // venue's thread, the first one on the constructing thread; lasts for the call.
    using Say = std::function<void(std::string_view)>;

    // Listens when it returns; port 0 = any. Throws std::runtime_error if it cannot. libwebsockets' log level is the
    // caller's affair. With a dialect it speaks that one; the scenario's `profile` is for the caller, who loads it.
    Venue(const std::string& host, std::uint16_t port, Scenario scenario, Say say = {},
          std::shared_ptr<const Dialect> dialect = {});
    static constexpr std::uint64_t kEvery = 0;

    // Drops every connection.
    ~Venue();
    Venue(const Venue&) = delete;
    Venue& operator=(const Venue&) = delete;

    std::uint16_t port() const { return port_; }

    // A close frame to each; the socket is closed when the client has answered, or after two seconds.
    void close_all(std::uint16_t code, const std::string& reason) { close(kEvery, code, reason); }
    void close(std::uint64_t connection, std::uint16_t code, const std::string& reason);
    // TCP RST.
    void reset_all() { reset(kEvery); }
    void reset(std::uint64_t connection);
    // True = sends no data, but answers requests and pings.
    void go_silent(bool silent, std::uint64_t connection = kEvery);
    // True = neither reads nor writes. With every connection, new ones are accepted by the kernel but their upgrade
    // waits.
    void go_half_open(bool half_open, std::uint64_t connection = kEvery);
    // The data of connections that are open now arrives later by this; 0 = at once again.
    void delay(core::Duration by, std::uint64_t connection = kEvery);
    // Happens to the next message of a stream, on connections that are open now.
    void tamper(const std::string& stream, Tamper kind, std::uint64_t connection = kEvery);
    // The numbers of a stream begin anew.
    void renumber(const std::string& stream);
    // The notice that the venue will end the connection: {"e":"serverShutdown"}, in this form on every path; in a
    // dialect its own, if it has one.
    void announce_drain(std::uint64_t connection = kEvery);
    // From now on just these topics are refused, or acknowledged without data to follow; none = that has an end.
    void refuse_topics(const std::vector<std::string>& topics);
    void silence_topics(const std::vector<std::string>& topics);
    // Answers upgrades with this status, as from 400 to 599; 0 = accepts them again.
    void refuse_upgrades(int http_status, std::optional<int> retry_after_s = std::nullopt);
    void send_bad_frame(BadFrame kind, std::uint64_t connection = kEvery);
    // Drops every connection and closes the port, as if the process had died.
    void stop_listening();
    // On the same port. False = it could not; the scenario's faults may try again.
    bool start_listening();

    VenueStats stats() const;
    // The smallest number of connections that were open and subscribed at one time, since the last call or the start.
    std::size_t take_fewest_fed();

private:
    class Runner;

    std::uint16_t port_ = 0;
    std::unique_ptr<Runner> runner_;
};

}  // namespace fairlead::simulator
