#include "admin/health.hpp"

#include <doctest/doctest.h>

using namespace fairlead;

namespace {

v1::ConnectionStatus& add(v1::Connections& list, const char* id, v1::ConnectionState state, bool ready = false) {
    auto& connection = *list.add_connections();
    connection.set_id(id);
    connection.set_status(state);
    connection.set_ready(ready);
    return connection;
}

}  // namespace

TEST_CASE("ready is who has every connection ready") {
    v1::Connections list;
    CHECK(admin::why_not_ready({}, list).empty());
    add(list, "a", v1::CONNECTION_STATE_CONNECTED, true);
    add(list, "b", v1::CONNECTION_STATE_DISCONNECTED).set_paused(true);
    CHECK(admin::why_not_ready({}, list).empty());
    add(list, "c", v1::CONNECTION_STATE_CONNECTED);
    add(list, "d", v1::CONNECTION_STATE_RECONNECTING).set_last_cause(v1::CAUSE_CONNECT_FAILED);
    add(list, "e", v1::CONNECTION_STATE_FAILED);
    const admin::Reasons expected = {"c: connected, subscriptions are not sent yet",
                                     "d: reconnecting, last cause connect_failed", "e: failed"};
    CHECK(admin::why_not_ready({}, list) == expected);
}

TEST_CASE("who ends is not ready") {
    v1::Status status;
    status.set_draining(true);
    CHECK(admin::why_not_ready(status, {}) == admin::Reasons{"draining"});
}

TEST_CASE("the start is over when each first attempt has ended, well or not") {
    v1::Connections list;
    CHECK(admin::why_not_started(list).empty());
    auto& connection = add(list, "a", v1::CONNECTION_STATE_CONNECTING);
    add(list, "paused", v1::CONNECTION_STATE_DISCONNECTED).set_paused(true);
    CHECK(admin::why_not_started(list).size() == 1);
    connection.set_failed_attempts(1);
    CHECK(admin::why_not_started(list).empty());
    connection.set_failed_attempts(0);
    connection.set_last_connected_ns(1);
    CHECK(admin::why_not_started(list).empty());
}
