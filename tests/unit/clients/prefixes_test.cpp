#include "prefixes.hpp"

#include <doctest/doctest.h>

using fairlead::client::filters;
using Set = std::set<std::string>;

TEST_CASE("the state topics of the connections that a prefix can match are subscribed along") {
    CHECK(filters({"data/"}) == Set{"data/", "state/", "welcome/"});
    CHECK(filters({"data/x/"}) == Set{"data/x/", "state/x/", "welcome/"});
    CHECK(filters({"data/x/BTCUSD/", "data/x/ETH"}) == Set{"data/x/BTCUSD/", "data/x/ETH", "state/x/", "welcome/"});
    CHECK(filters({"data/x"}) == Set{"data/x", "state/x", "welcome/"});
    CHECK(filters({"dat"}) == Set{"dat", "state/", "welcome/"});
    CHECK(filters({""}) == Set{"", "state/", "welcome/"});
    CHECK(filters({"state/x/"}) == Set{"state/x/", "welcome/"});
    CHECK(filters({}) == Set{"welcome/"});
}
