#include "core/pool.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using namespace fairlead::core;
using Shards = std::vector<Pool::Shard>;

Pool filled(std::size_t per_socket, std::size_t max_sockets, int subscriptions) {
    Pool pool({.per_socket = per_socket, .max_sockets = max_sockets});
    for (int i = 0; i < subscriptions; ++i)
        pool.place(std::to_string(i));
    return pool;
}

TEST_CASE("without a limit one socket carries all") {
    Pool pool = filled(0, 64, 1000);
    CHECK(pool.shards() == Shards{0});
    CHECK(pool.load(0) == 1000);
    CHECK(pool.size() == 1000);
}

TEST_CASE("shard 0 exists before anything is placed and after everything is gone") {
    Pool pool = filled(2, 4, 0);
    CHECK(pool.shards() == Shards{0});
    const Pool::Placement placement = pool.place("a");
    CHECK(placement.added);
    CHECK_FALSE(placement.new_socket);
    const Pool::Removal removal = pool.remove("a");
    CHECK(removal.removed);
    CHECK_FALSE(removal.socket_empty);
    pool.release(0);
    CHECK(pool.shards() == Shards{0});
}

TEST_CASE("a new socket is added when all are full") {
    Pool pool = filled(2, 4, 2);
    const Pool::Placement third = pool.place("third");
    CHECK(third.shard == 1);
    CHECK(third.added);
    CHECK(third.new_socket);
    const Pool::Placement fourth = pool.place("fourth");
    CHECK(fourth.shard == 1);
    CHECK_FALSE(fourth.new_socket);
}

TEST_CASE("when all sockets are full and there may be no more it is not placed") {
    Pool pool = filled(2, 2, 4);
    const Pool::Placement placement = pool.place("more");
    CHECK(placement.full);
    CHECK_FALSE(placement.added);
    CHECK_FALSE(placement.new_socket);
    CHECK(pool.size() == 4);
    CHECK_FALSE(pool.remove("more").removed);
    CHECK_FALSE(filled(2, 0, 2).place("none").added);
}

TEST_CASE("what is there already stays where it is, also in a full pool") {
    Pool pool = filled(2, 2, 4);
    const Pool::Placement placement = pool.place("2");
    CHECK(placement.shard == 1);
    CHECK_FALSE(placement.added);
    CHECK_FALSE(placement.full);
    CHECK(pool.load(1) == 2);
}

TEST_CASE("the least loaded socket is taken first, of equal ones the lowest") {
    Pool pool = filled(3, 4, 9);
    pool.remove("0");
    pool.remove("6");
    pool.remove("7");
    CHECK(pool.place("a").shard == 2);
    CHECK(pool.place("b").shard == 0);
    CHECK(pool.place("c").shard == 2);
    CHECK(pool.place("d").new_socket);
}

TEST_CASE("an empty socket is told once it is empty, and its number is used again, the lowest first") {
    Pool pool = filled(1, 8, 5);
    CHECK(pool.remove("3").socket_empty);
    CHECK(pool.remove("1").socket_empty);
    CHECK(pool.shards() == Shards{0, 1, 2, 3, 4});
    pool.release(1);
    pool.release(3);
    CHECK(pool.shards() == Shards{0, 2, 4});
    CHECK(pool.load(1) == 0);
    CHECK(pool.place("a").shard == 1);
    CHECK(pool.place("b").shard == 3);
    CHECK(pool.place("c").shard == 5);
}

TEST_CASE("a socket that is empty but not closed yet serves again") {
    Pool pool = filled(1, 8, 2);
    pool.remove("1");
    const Pool::Placement placement = pool.place("a");
    CHECK(placement.shard == 1);
    CHECK_FALSE(placement.new_socket);
    pool.release(1);
    CHECK(pool.shards() == Shards{0, 1});
    pool.release(77);
    CHECK(pool.shards() == Shards{0, 1});
}

TEST_CASE("changed limits hold for what is placed from now on") {
    Pool pool = filled(4, 2, 8);
    pool.configure({.per_socket = 2, .max_sockets = 3});
    CHECK(pool.load(0) == 4);
    CHECK(pool.place("a").shard == 2);
    CHECK(pool.place("b").shard == 2);
    CHECK(pool.place("c").full);
    pool.configure({.per_socket = 0, .max_sockets = 3});
    CHECK(pool.place("c").shard == 2);
}

// The same by plain search.
struct Model {
    std::map<std::string, Pool::Shard> places{};
    std::map<Pool::Shard, std::size_t> loads{{0, 0}};

    Pool::Shard lowest_free() const {
        Pool::Shard shard = 0;
        while (loads.count(shard) > 0)
            ++shard;
        return shard;
    }
};

void check_placement(Pool& pool, Model& model, const PoolSettings& settings, const std::string& name) {
    const auto least = std::min_element(model.loads.begin(), model.loads.end(),
                                        [](const auto& one, const auto& other) { return one.second < other.second; });
    const Pool::Placement placement = pool.place(name);
    const auto known = model.places.find(name);
    if (known != model.places.end()) {
        REQUIRE(placement.shard == known->second);
        REQUIRE_FALSE(placement.added);
        return;
    }
    const bool has_room = least->second < settings.per_socket;
    const bool may_grow = model.loads.size() < settings.max_sockets;
    REQUIRE(placement.full == (!has_room && !may_grow));
    REQUIRE(placement.added == !placement.full);
    REQUIRE(placement.new_socket == (!has_room && may_grow));
    if (placement.full) return;
    REQUIRE(placement.shard == (has_room ? least->first : model.lowest_free()));
    model.places[name] = placement.shard;
    ++model.loads[placement.shard];
}

void check_removal(Pool& pool, Model& model, const std::string& name, bool release) {
    const Pool::Removal removal = pool.remove(name);
    const auto known = model.places.find(name);
    REQUIRE(removal.removed == (known != model.places.end()));
    if (!removal.removed) return;
    REQUIRE(removal.shard == known->second);
    model.places.erase(known);
    const bool empty = --model.loads[removal.shard] == 0;
    REQUIRE(removal.socket_empty == (empty && removal.shard != 0));
    if (!removal.socket_empty || !release) return;
    pool.release(removal.shard);
    model.loads.erase(removal.shard);
}

TEST_CASE("whatever is placed and removed, the limits hold, the least loaded is taken, and nothing moves") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        const PoolSettings settings{.per_socket = 1 + random() % 5, .max_sockets = 1 + random() % 8};
        Pool pool(settings);
        Model model;
        for (int i = 0; i < 1000; ++i) {
            const std::string name = std::to_string(random() % 50);
            if (random() % 5 < 3) {
                check_placement(pool, model, settings, name);
            } else {
                check_removal(pool, model, name, random() % 2 == 0);
            }
            REQUIRE(pool.size() == model.places.size());
            REQUIRE(pool.shards().size() == model.loads.size());
            for (const auto& one : model.loads) {
                REQUIRE(pool.load(one.first) == one.second);
                REQUIRE(one.second <= settings.per_socket);
            }
        }
    }
}

}  // namespace
