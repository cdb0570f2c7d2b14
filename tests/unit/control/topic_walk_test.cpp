#include "control/topic_walk.hpp"

#include "world.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace fairlead;

namespace {

std::vector<std::string> walked(const support::World& world, std::vector<std::string> prefixes) {
    const control::TopicWalk walk(std::move(prefixes));
    std::vector<std::string> names;
    const publish::Topic* topic = walk.next(world.publisher, "");
    for (; topic; topic = walk.next(world.publisher, topic->name))
        names.push_back(topic->name);
    return names;
}

}  // namespace

TEST_CASE("each topic comes once, in order, however the prefixes overlap") {
    support::World world;
    auto& x = world.publisher.open_group("x", {});
    for (const char* channel : {"a", "ab", "b"})
        x.data_topic(channel);
    world.publisher.open_group("xy", {}).data_topic("a");
    using Names = std::vector<std::string>;
    CHECK(walked(world, {}) == Names{"data/x/a/", "data/x/ab/", "data/x/b/", "data/xy/a/", "state/x/", "state/xy/"});
    CHECK(walked(world, {"data/x/"}) == Names{"data/x/a/", "data/x/ab/", "data/x/b/"});
    CHECK(walked(world, {"data/x/b/", "data/x/", "data/x/b/", "data/x/a/"}) ==
          Names{"data/x/a/", "data/x/ab/", "data/x/b/"});
    CHECK(walked(world, {"state/x/", "data/xy/", "data/x/a/"}) == Names{"data/x/a/", "data/xy/a/", "state/x/"});
    CHECK(walked(world, {"nothing/", "data/x/a", "data/x/none/"}) == Names{"data/x/a/", "data/x/ab/"});
    CHECK(walked(world, {"", "data/"}).size() == 6);
    CHECK(walked(world, {"nothing/"}).empty());
}

TEST_CASE("topics that open and close on the way trouble nobody") {
    support::World world;
    auto& x = world.publisher.open_group("x", {});
    x.data_topic("a");
    x.data_topic("c");
    auto& y = world.publisher.open_group("y", {});
    y.data_topic("a");
    const control::TopicWalk walk({"data/"});
    CHECK(walk.next(world.publisher, "data/x/a/")->name == "data/x/c/");
    x.data_topic("b");
    CHECK(walk.next(world.publisher, "data/x/a/")->name == "data/x/b/");
    world.publisher.close_group(x, v1::END_CODE_REMOVED);
    CHECK(walk.next(world.publisher, "data/x/b/")->name == "data/y/a/");
}
