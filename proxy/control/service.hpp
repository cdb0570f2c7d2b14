// One request decoded, one call on the relay, one reply encoded: always, for ill-formed requests too. Every surface
// that commands the relay does it through here.
#pragma once

#include "alert/alerts.hpp"
#include "control/answer_cache.hpp"
#include "control/process.hpp"
#include "control/recovery.hpp"
#include "core/rate_limit.hpp"
#include "fairlead/v1/control.pb.h"
#include "relay/outcome.hpp"
#include "relay/supervisor.hpp"
#include "seam/clock.hpp"
#include "seam/reply_stream.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace fairlead::control {

struct ServiceCounters {
    std::uint64_t requests = 0;
    std::uint64_t refused = 0;  // ill-formed, too large, too many; streams that were not begun
};

// Relay thread only.
class Service {
public:
    // Called exactly once for each request, with an encoded fairlead.v1.Reply.
    using Respond = std::function<void(std::string reply)>;
    // Adds to a status what only the process knows: version, instance, consumers.
    using DescribeProcess = std::function<void(v1::Status&)>;

    // Reads the configuration again and applies it, or only tells what would change.
    using Reload = std::function<relay::Outcome(bool dry_run, v1::ReloadResult& result)>;

    Service(relay::Supervisor& supervisor, Recovery& recovery, const seam::Clock& clock,
            DescribeProcess describe_process);

    // Without it, there is nothing to reload.
    void on_reload(Reload reload) { reload_ = std::move(reload); }

    // Outlives the service. Without it, what concerns the process as a whole is unavailable.
    void serve_process(Process& process) { process_ = &process; }
    // Outlives the service. Without it, there are no alerts to list.
    void serve_alerts(alert::Alerts& alerts) { alerts_ = &alerts; }

    // `peer` tells callers apart, for limits and repeated requests. Without `stream` a caller gets nothing but its
    // reply.
    void handle(const std::string& peer, std::string_view body, Respond respond,
                std::unique_ptr<seam::ReplyStream> stream = nullptr);

    const ServiceCounters& counters() const { return counters_; }
    // What get_status answers.
    void describe(v1::Status& status) const;

    static constexpr std::size_t kMaxRequestBytes = std::size_t{1} << 20;
    static constexpr double kRequestsPerSecond = 1'000;
    static constexpr double kBurst = 2'000;
    static constexpr std::size_t kMaxPeers = 4'096;

private:
    void refuse(v1::Code code, std::string message, std::uint64_t id, const Respond& respond);
    bool allow(const std::string& peer);
    void execute(const v1::Request& request, relay::Done done, v1::Reply& reply);

    void stream(const v1::Request& request, ReplayStreams::Asker asker, const Respond& respond);

    relay::Outcome execute(const v1::ListConnections& command, v1::Reply& reply);
    relay::Outcome execute(const v1::ListGaps& command, v1::Reply& reply);
    relay::Outcome execute(const v1::ListSubscriptions& command, v1::Reply& reply);
    relay::Outcome execute(const v1::AddConnection& command);
    relay::Outcome execute(const v1::Reload& command, v1::Reply& reply);
    relay::Outcome execute(const v1::ListConsumers& command, v1::Reply& reply);
    relay::Outcome execute(const v1::GetConfig& command, v1::Reply& reply);
    relay::Outcome execute(const v1::SetLogLevel& command);
    relay::Outcome execute(const v1::Drain& command);
    // service_alerts.cpp
    relay::Outcome execute(const v1::ListAlerts& command, v1::Reply& reply);
    relay::Outcome execute(const v1::ListAlertChannels& command, v1::Reply& reply);
    relay::Outcome execute(const v1::SetAlertChannel& command, v1::Reply& reply);

    void execute(const v1::Subscribe& command, relay::Done done);
    void execute(const v1::Send& command, relay::Done done);
    template <class Command, class Call>
    relay::Outcome on_connection(const Command& command, Call call);

    relay::Supervisor& supervisor_;
    Recovery& recovery_;
    const seam::Clock& clock_;
    const DescribeProcess describe_process_;
    Reload reload_;
    Process* process_ = nullptr;
    alert::Alerts* alerts_ = nullptr;
    std::shared_ptr<AnswerCache> answers_;  // shared with replies that are still due when the service has gone
    std::unordered_map<std::string, core::RateLimit> limits_;  // by peer
    ServiceCounters counters_;
};

}  // namespace fairlead::control
