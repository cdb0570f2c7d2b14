#pragma once

#include "publish/publisher.hpp"
#include "seam/alert_sink.hpp"
#include "seam/budget.hpp"
#include "seam/clock.hpp"
#include "seam/http_client.hpp"
#include "seam/log.hpp"
#include "seam/random.hpp"
#include "seam/timers.hpp"
#include "seam/transport.hpp"

namespace fairlead::relay {

// What every connection needs of the world; all of it outlives the relay.
struct Services {
    seam::Transport& transport;
    seam::Timers& timers;
    const seam::Clock& clock;
    seam::Random& random;
    seam::Log& log;
    publish::Publisher& publisher;
    seam::AlertSink* alerts = nullptr;  // null = nobody wants to be told
    seam::HttpClient* http = nullptr;   // null = profiles that ask the venue before connecting cannot
    seam::Budget* budget = nullptr;     // null = attempts are not limited
};

}  // namespace fairlead::relay
