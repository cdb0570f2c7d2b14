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

TEST_CASE("limits of subscriptions and of their bytes, as a table") {
    struct Row {
        PoolSettings settings;
        std::vector<std::string> subscriptions;
        std::string where;  // of each: its shard, F = full, L = too long
    };
    const std::vector<Row> rows = {
        {{}, {"aaaa", "bbbb", "cccc"}, "000"},
        {{.bytes_per_socket = 8}, {"aaaa", "bbbb", "c"}, "001"},    // exactly filled
        {{.bytes_per_socket = 7}, {"aaaa", "bbbb", "ccc"}, "010"},  // one more byte than is left
        {{.bytes_per_socket = 4}, {"aaaa", "bbbbb", "c"}, "0L1"},   // alone too long: nothing is opened
        {{.bytes_per_socket = 4, .max_sockets = 2}, {"aaa", "bbb", "cc", "d"}, "01F0"},
        {{.bytes_per_socket = 4, .max_sockets = 1}, {"aaa", "aaa", "bb", "b"}, "00F0"},
        {{.per_socket = 2, .bytes_per_socket = 100}, {"a", "b", "c"}, "001"},   // by count
        {{.per_socket = 3, .bytes_per_socket = 4}, {"aa", "bb", "cc"}, "001"},  // by bytes
        {{.per_socket = 2, .bytes_per_socket = 6},
         {"aaaa", "bbb", "cc", "ddd"},
         "0101"},  // fewest first, that has room
    };
    for (const Row& row : rows) {
        CAPTURE(row.where);
        Pool pool(row.settings);
        std::string where;
        for (const auto& subscription : row.subscriptions) {
            const auto placement = pool.place(subscription);
            where += placement.too_long ? 'L' : placement.full ? 'F' : static_cast<char>('0' + placement.shard);
        }
        CHECK(where == row.where);
    }
}

TEST_CASE("the bytes of what is removed are free again") {
    Pool pool({.bytes_per_socket = 5, .max_sockets = 2});
    pool.place("aaaaa");
    pool.place("bbb");
    CHECK(pool.bytes(0) == 5);
    CHECK(pool.bytes(1) == 3);
    CHECK(pool.place("ccc").full);
    pool.remove("bbb");
    CHECK(pool.bytes(1) == 0);
    CHECK(pool.place("ccc").shard == 1);
    CHECK(pool.bytes(7) == 0);
}

TEST_CASE("many are placed together or not at all, and a refusal leaves the pool as it was") {
    Pool pool({.bytes_per_socket = 4, .max_sockets = 3});
    const std::vector<std::string> first = {"aaaa", "bb", "aaaa"};
    const auto placed = pool.place_all(first);
    CHECK_FALSE(placed.refused);
    REQUIRE(placed.placed.size() == 3);
    CHECK(placed.placed[1].shard == 1);
    CHECK(placed.placed[1].new_socket);
    CHECK_FALSE(placed.placed[2].added);

    const std::vector<std::string> too_many = {"cc", "bb", "dddd", "eeee"};
    const auto full = pool.place_all(too_many);
    REQUIRE(full.refused);
    CHECK(*full.refused == 3);
    CHECK_FALSE(full.too_long);
    const std::vector<std::string> too_long = {"cc", "ddddd"};
    const auto refused = pool.place_all(too_long);
    REQUIRE(refused.refused);
    CHECK(*refused.refused == 1);
    CHECK(refused.too_long);

    CHECK(pool.shards() == Shards{0, 1});
    CHECK(pool.size() == 2);
    CHECK(pool.contains("bb"));
    CHECK(pool.bytes(1) == 2);
    CHECK(pool.place("dddd").shard == 2);
    CHECK(pool.place_all({}).placed.empty());
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

TEST_CASE(
    "whatever is placed and removed, no socket carries more bytes than it may, and a new one is the last resort") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        CAPTURE(seed);
        std::mt19937_64 random(seed);
        const PoolSettings settings{
            .per_socket = random() % 4, .bytes_per_socket = 5 + random() % 20, .max_sockets = 1 + random() % 6};
        Pool pool(settings);
        std::map<std::string, Pool::Shard> places;
        const auto bytes_on = [&places](Pool::Shard shard) {
            std::uint64_t sum = 0;
            for (const auto& [name, where] : places)
                sum += where == shard ? name.size() : 0;
            return sum;
        };
        for (int i = 0; i < 500; ++i) {
            const std::string name(1 + random() % 12, static_cast<char>('a' + random() % 8));
            const auto shards_before = pool.shards();
            if (random() % 3 == 0) {
                const auto removal = pool.remove(name);
                REQUIRE(removal.removed == (places.erase(name) > 0));
                if (removal.socket_empty) pool.release(removal.shard);
                continue;
            }
            const auto placement = pool.place(name);
            REQUIRE(placement.too_long == (!places.contains(name) && name.size() > settings.bytes_per_socket));
            if (placement.new_socket || placement.full) {
                for (const auto shard : shards_before)
                    REQUIRE((pool.load(shard) == settings.per_socket ||
                             pool.bytes(shard) + name.size() > settings.bytes_per_socket));
            }
            if (placement.added) places[name] = placement.shard;
            for (const auto shard : pool.shards()) {
                REQUIRE(pool.bytes(shard) == bytes_on(shard));
                REQUIRE(pool.bytes(shard) <= settings.bytes_per_socket);
                REQUIRE((settings.per_socket == 0 || pool.load(shard) <= settings.per_socket));
            }
        }
    }
}

}  // namespace
