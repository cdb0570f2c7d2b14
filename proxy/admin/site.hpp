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
#include <memory>
#include <mutex>
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
    HttpAnswer answer_itself(Own own, const HttpRequest& request, Arguments& arguments);
    HttpAnswer live() const;
    std::string scrape();
    HttpAnswer ready(bool verbose) const;
    HttpAnswer started(bool verbose);
    // The relay as it was a moment ago; null = its loop stands still.
    std::shared_ptr<const metrics::Snapshot> picture() const;

    const Guard guard_;
    Desk& desk_;
    const metrics::SnapshotExchange& snapshots_;
    const metrics::Collector collector_{snapshots_};
    const seam::Clock& clock_;
    const std::vector<Route> routes_;
    std::mutex scrape_mutex_;
    std::shared_ptr<const metrics::Snapshot> scraped_;  // what scraped_text_ shows
    std::string scraped_text_;
    std::atomic<bool> has_started_ = false;  // a start that is over stays over
};

// {"error": {"code": …, "message": …}}
HttpAnswer error_answer(int status, std::string_view code, std::string_view message);

}  // namespace fairlead::admin
