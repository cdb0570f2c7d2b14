// The composition root: owns every long-lived object as a member, in construction order. Destruction in reverse is the
// only order of shutdown.
#pragma once

#include "app/system.hpp"
#include "config/config.hpp"
#include "control/recovery.hpp"
#include "control/service.hpp"
#include "net/control_socket.hpp"
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
#include <memory>
#include <string>

namespace fairlead::app {

class Application {
public:
    // Binds the sockets. Throws std::runtime_error with a text that says what to do.
    // `config_file` is what a reload reads again; empty = there is nothing to reload.
    Application(const config::Config& config, seam::Log& log, std::string config_file = {});
    ~Application();

    // Relays until stop(). The calling thread is the relay thread, and must be the one that made the Application.
    void run();
    // Ends run(): upstream sockets are closed with 1001, topics are ended, within kShutdownTime. Any thread.
    void stop();
    // SIGINT, SIGTERM and SIGHUP, which the caller has blocked in every thread: the first two end run(), the third
    // reloads.
    void obey_signals();

    static constexpr core::Duration kShutdownTime = std::chrono::seconds{1};

private:
    std::uint64_t next_epoch();
    std::string welcome() const;
    void describe_process(v1::Status& status) const;
    void begin_shutdown();
    void on_signal(int signal);
    relay::Outcome reload(bool dry_run, v1::ReloadResult& result);
    void tell_restart_needed(const config::Config& wanted, v1::ReloadResult& result) const;

    const config::Config config_;
    const std::string config_file_;
    seam::Log& log_;
    SystemClock clock_;
    SystemRandom random_;
    const std::string instance_;
    net::ZmqContext zmq_;
    net::Loop loop_;
    net::Resolver resolver_;
    net::LwsTransport transport_;
    net::StreamSocket stream_;
    net::ControlSocket control_;
    publish::Publisher publisher_;
    relay::Services services_;
    relay::Supervisor supervisor_;
    control::Recovery recovery_;
    control::Service service_;
    std::unique_ptr<seam::Timer> shutdown_timer_;
    int signal_fd_ = -1;
    bool stopping_ = false;
    bool overdue_ = false;
};

}  // namespace fairlead::app
