// A relay with everything around it faked: time moves when told, the venue is the test, what leaves is recorded.
#pragma once

#include "fake_time.hpp"
#include "fake_transport.hpp"
#include "publish/publisher.hpp"
#include "recorders.hpp"
#include "relay/services.hpp"

namespace fairlead::support {

struct World {
    explicit World(const publish::JournalSettings& journal = {})
        : publisher(sink, clock, {.epoch = 77, .heartbeat_interval = std::chrono::seconds{1}, .journal = journal}) {}

    FakeClock clock;
    FakeTimers timers{clock};
    FakeTransport venue;
    FixedRandom random;
    RecordingLog log;
    RecordingSink sink;
    publish::Publisher publisher;
    relay::Services services{venue, timers, clock, random, log, publisher};
};

// Numbers 1, 2, 3 … without a hole over everything that takes one.
inline bool has_no_holes(const std::vector<Recorded>& messages) {
    std::uint64_t expected = 1;
    for (const auto& message : messages) {
        if (message.header.sequence() == 0) continue;
        if (message.header.sequence() != expected++) return false;
    }
    return true;
}

}  // namespace fairlead::support
