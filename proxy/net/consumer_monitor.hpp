// Watches who connects to the stream socket and who leaves it, by libzmq's socket monitor.
//
// Facts about libzmq 4.3.4 that shape it:
//  - an event names a connection by its descriptor alone, which libzmq closes, and the system gives away again, without
//    waiting for anybody. What is looked at here is therefore a duplicate, and it belongs to the connection for sure if
//    no end of that descriptor has been told by the time that the duplicate exists: the end is told before the close;
//  - why a connection ended is not told, unless it was in the handshake. The duplicate can still be asked;
//  - a monitor that nobody reads stops libzmq's thread when its queue is full: this one's has no bound, and is read in
//    each turn of the loop in which there is something;
//  - its PAIR has a mailbox of its own: what is sent on the stream socket does not swallow its sign, and a message
//  costs
//    nothing here. inproc consumers are not told.
#pragma once

#include "core/time.hpp"
#include "net/consumer_list.hpp"
#include "net/loop.hpp"
#include "net/zmq.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>

namespace fairlead::net {

// Relay thread only. Made before `watched` is bound, destroyed before it. Holds one descriptor for each open consumer.
class ConsumerMonitor {
public:
    ConsumerMonitor(ZmqContext& context, Loop& loop, ZmqSocket& watched);
    ~ConsumerMonitor();
    ConsumerMonitor(const ConsumerMonitor&) = delete;
    ConsumerMonitor& operator=(const ConsumerMonitor&) = delete;

    const ConsumerList& list() const { return list_; }

private:
    struct Event {
        std::uint16_t kind = 0;
        std::uint32_t value = 0;
        std::string endpoint{};
    };

    void receive();
    bool drain();
    bool ends_later(int link) const;
    void take(const Event& event);
    void accepted(int link, const std::string& endpoint);
    void disconnected(int link);

    ZmqSocket& watched_;
    ZmqSocket events_;
    std::unique_ptr<seam::Timer> again_;
    std::deque<Event> pending_;      // taken off the socket, not handled yet
    std::map<int, int> looked_at_;   // descriptor of an open consumer -> our duplicate
    std::string handshake_failure_;  // of the connection whose end is told next
    ConsumerList list_;
};

}  // namespace fairlead::net
