// The composition root: owns every long-lived object as a member, in construction order. Destruction in reverse is the
// only order of shutdown.
#pragma once

#include "alert/alerts.hpp"
#include "app/config_record.hpp"
#include "app/http_surface.hpp"
#include "app/notify.hpp"
#include "app/system.hpp"
#include "config/config.hpp"
#include "config/load.hpp"
#include "control/process.hpp"
#include "control/recovery.hpp"
#include "control/service.hpp"
#include "net/budget_store.hpp"
#include "net/control_socket.hpp"
#include "net/file_watch.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "net/lws_transport.hpp"
#include "net/resolver.hpp"
#include "net/stream_socket.hpp"
#include "net/zmq.hpp"
#include "publish/publisher.hpp"
#include "relay/services.hpp"
#include "relay/supervisor.hpp"
#include "seam/log.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::app {

class Application final : private control::Process {
public:
    // Binds the sockets. Throws std::runtime_error with a text that says what to do.
    // `config_file` is what a reload reads again; empty = there is nothing to reload.
    Application(const config::Config& config, seam::Log& log, std::string config_file = {});
    ~Application() override;

    // Relays until stop(). The calling thread is the relay thread, and must be the one that made the Application.
    void run();
    // Ends run(): upstream sockets are closed with 1001, topics are ended, within kShutdownTime. Any thread.
    void stop();
    // SIGINT, SIGTERM and SIGHUP, which the caller has blocked in every thread: the first two end run(), the third
    // reloads.
    void obey_signals();

    // What the command that sets the level of the log does; without it, there is none to be set. Before run().
    void on_log_level(std::function<void(const std::string& level)> set) { set_level_ = std::move(set); }

    static constexpr core::Duration kShutdownTime = std::chrono::seconds{1};

private:
    std::uint64_t next_epoch();
    std::string welcome() const;
    void describe_process(v1::Status& status) const;
    void describe(metrics::Snapshot& snapshot) const;
    std::string state_line() const;
    void begin_shutdown();
    void on_signal(int signal);
    relay::Outcome reload(bool dry_run, v1::ReloadResult& result);
    config::Config as_started(config::Config wanted, v1::ReloadResult& result) const;
    void apply_alerts(const config::AlertsConfig& wanted, bool dry_run, v1::ReloadResult& result);
    void apply_log_level(const std::string& wanted, bool dry_run, v1::ReloadResult& result);
    void tell_notices(const config::Problems& notices);
    void watch_config_file();
    // It has a webhook, or a request before connecting.
    static bool needs_http(const config::Config& wanted);
    std::string why_not(const config::Config& wanted, bool dry_run);
    relay::Outcome refuse_reload(bool dry_run, const std::string& cause, relay::Outcome outcome);

    void describe_consumers(bool open_only, v1::Consumers& list) const override;
    void describe_config(v1::ConfigResult& result) const override;
    relay::Outcome set_log_level(const std::string& level) override;
    relay::Outcome drain() override;

    const config::Config config_;  // as it was at the start
    seam::Log& log_;
    SystemClock clock_;
    SystemRandom random_;
    ConfigRecord record_;
    const std::string instance_;
    net::ZmqContext zmq_;
    net::Loop loop_;
    net::Resolver resolver_;
    net::LwsTransport transport_;
    net::StreamSocket stream_;
    net::ControlSocket control_;
    publish::Publisher publisher_;
    net::HttpClient http_client_;
    alert::Alerts alerts_;
    const std::unique_ptr<seam::Budget> budget_;
    relay::Services services_;
    relay::Supervisor supervisor_;
    control::Recovery recovery_;
    control::Service service_;
    HttpSurface http_;
    Notify notify_;
    std::function<void(const std::string&)> set_level_;
    std::unique_ptr<net::FileWatch> file_watch_;
    std::vector<std::string> told_notices_;  // of the last reload
    std::unique_ptr<seam::Timer> shutdown_timer_;
    int signal_fd_ = -1;
    bool stopping_ = false;
    bool overdue_ = false;
};

}  // namespace fairlead::app
