// Answers requests: the rules of the guard, the table of routes, the relay's replies. Knows no socket.
#pragma once

#include "admin/desk.hpp"
#include "admin/guard.hpp"
#include "admin/health.hpp"
#include "admin/message.hpp"
#include "admin/router.hpp"
#include "metrics/render.hpp"
#include "metrics/snapshot.hpp"
#include "seam/clock.hpp"

#include <atomic>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::admin {

// Any thread, several at once. What it is given outlives it.
class Site {
public:
    Site(Guard guard, Desk& desk, const metrics::SnapshotExchange& snapshots, const seam::Clock& clock);

    HttpAnswer handle(const HttpRequest& request);

private:
    HttpAnswer answer(const HttpRequest& request, const Match& match);
    HttpAnswer ask_relay(const Ask& ask, Arguments& arguments);
    HttpAnswer live() const;
    HttpAnswer ready(Arguments& arguments);
    HttpAnswer started(Arguments& arguments);
    // Nothing = the relay does not answer.
    std::optional<v1::Connections> connections();

    const Guard guard_;
    Desk& desk_;
    const metrics::SnapshotExchange& snapshots_;
    const metrics::Collector collector_{snapshots_};
    const seam::Clock& clock_;
    const std::vector<Route> routes_;
    std::atomic<bool> has_started_ = false;  // a start that is over stays over
};

// {"error": {"code": …, "message": …}}
HttpAnswer error_answer(int status, std::string_view code, std::string_view message);

}  // namespace fairlead::admin
