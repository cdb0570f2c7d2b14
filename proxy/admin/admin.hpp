// The face of the sidecar on HTTP: REST, health, metrics, the page. Runs on threads of its own and speaks with the
// relay thread by messages only.
#pragma once

#include "admin/desk.hpp"
#include "admin/server.hpp"
#include "admin/site.hpp"
#include "metrics/snapshot.hpp"
#include "seam/clock.hpp"

#include <string>

namespace fairlead::admin {

struct Settings {
    std::string listen{};      // host:port; port 0 = any free one
    std::string token_file{};  // whose content changes need; empty = they need none
};

// Made and destroyed on one thread. The exchange and the clock outlive it.
class Admin {
public:
    // Listens at once. Throws std::runtime_error with a text that says what to do.
    Admin(const Settings& settings, const metrics::SnapshotExchange& snapshots, const seam::Clock& clock, AskRelay ask);
    // Whoever waits for the relay gets an error.
    ~Admin();
    Admin(const Admin&) = delete;
    Admin& operator=(const Admin&) = delete;

    // host:port, with the port that was found.
    std::string address() const;

private:
    struct Listen {
        std::string host;
        std::uint16_t port = 0;
    };
    static Listen parse(const std::string& listen);

    const Listen listen_;
    Desk desk_;
    Site site_;
    Server server_;
};

}  // namespace fairlead::admin
