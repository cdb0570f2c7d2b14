#pragma once

#include "publish/publisher.hpp"
#include "seam/clock.hpp"
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
};

}  // namespace fairlead::relay
