#include "app/http_surface.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace fairlead::app {

HttpSurface::HttpSurface(core::Duration interval, net::Loop& loop, const seam::Clock& clock, Describe describe,
                         Handle handle)
    : interval_(std::min(interval, kMaxInterval)),
      loop_(loop),
      clock_(clock),
      describe_(std::move(describe)),
      handle_(std::move(handle)),
      timer_(loop.create([this] { take_picture(); })) {}

void HttpSurface::take_picture() {
    metrics::Snapshot snapshot{.taken_at = clock_.now(), .taken = clock_.wall()};
    describe_(snapshot);
    snapshots_.put(std::move(snapshot));
    timer_->arm(clock_.now() + interval_);
}

void HttpSurface::renew() {
    if (admin_) take_picture();
}

void HttpSurface::start(const config::HttpConfig& config, seam::Log& log) {
    if (config.listen.empty()) return;
    take_picture();
    const auto ask = [this](std::string request, std::function<void(std::string)> replied) {
        loop_.post([this, request = std::move(request), replied = std::move(replied)] { handle_(request, replied); });
    };
    try {
        admin_ = std::make_unique<admin::Admin>(
            admin::Settings{.listen = config.listen, .token_file = config.token_file}, snapshots_, clock_, ask);
        log.write(seam::LogLevel::Info, "", "http", {{"listen", admin_->address()}});
    } catch (const std::exception& error) {
        if (config.written) throw;
        timer_->cancel();
        log.write(seam::LogLevel::Warning, "", "no_http",
                  {{"cause", error.what()}, {"hint", "set [http] listen to another address, or to \"\" for off"}});
    }
}

}  // namespace fairlead::app
