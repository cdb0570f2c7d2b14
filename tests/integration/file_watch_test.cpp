#include "net/file_watch.hpp"

#include "temporary_directory.hpp"
#include "wait.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

using namespace std::chrono_literals;
using namespace fairlead;
namespace fs = std::filesystem;

namespace {

void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
}

struct Stage {
    bool wait(int count) {
        return support::turn_until(loop, [&] { return changes >= count; });
    }
    // Nothing has come of what was done by the time that a later change is told.
    void settled(int count) {
        REQUIRE(wait(count));
        CHECK(changes == count);
    }

    support::TemporaryDirectory directory;
    net::Loop loop;
    int changes = 0;
};

}  // namespace

TEST_CASE("a file that is written anew in its place is told once, however many writes that takes") {
    Stage stage;
    const auto path = stage.directory / "f.toml";
    write(path, "one");
    const net::FileWatch watch(stage.loop, path, [&] { ++stage.changes; });
    for (int i = 0; i < 20; ++i)
        write(path, "two" + std::to_string(i));
    stage.settled(1);
    write(path, "three and more");
    stage.settled(2);
}

TEST_CASE("a file that is replaced by a rename is told, again and again") {
    Stage stage;
    const auto path = stage.directory / "f.toml";
    write(path, "one");
    const net::FileWatch watch(stage.loop, path, [&] { ++stage.changes; });
    for (int i = 1; i <= 3; ++i) {
        write(stage.directory / ".f.toml.swp", "one");  // of the same size
        fs::rename(stage.directory / ".f.toml.swp", path);
        stage.settled(i);
    }
    write(path, "in its place, after it was another");
    stage.settled(4);
}

TEST_CASE("a ConfigMap is another one when its symbolic link is swapped") {
    Stage stage;
    const auto root = stage.directory / "";
    const auto publish = [&](const std::string& name, const std::string& text) {
        fs::create_directory(root + name);
        write(root + name + "/f.toml", text);
        fs::create_symlink(name, root + "..data_tmp");
        fs::rename(root + "..data_tmp", root + "..data");
    };
    publish("..2026_1", "one");
    fs::create_symlink("..data/f.toml", root + "f.toml");
    const net::FileWatch watch(stage.loop, root + "f.toml", [&] { ++stage.changes; });
    publish("..2026_2", "one");  // another file, though it says the same
    fs::remove_all(root + "..2026_1");
    stage.settled(1);
    publish("..2026_3", "two");
    fs::remove_all(root + "..2026_2");
    stage.settled(2);
    write(root + "..2026_3/f.toml", "in its place");
    stage.settled(3);
}

TEST_CASE("a symbolic link on the way to the directory counts, too") {
    Stage stage;
    const auto root = stage.directory / "";
    for (const char* name : {"a", "b"}) {
        fs::create_directory(root + name);
        write(root + name + "/f.toml", name);
    }
    fs::create_symlink(root + "a", root + "current");
    const net::FileWatch watch(stage.loop, root + "current/f.toml", [&] { ++stage.changes; });
    fs::create_symlink(root + "b", root + "next");
    fs::rename(root + "next", root + "current");
    stage.settled(1);
    fs::rename(root + "b/f.toml", root + "b/away");  // no file is no other file
    write(root + "b/f.toml", "c");
    stage.settled(2);
}

TEST_CASE("what happens to its neighbours is not told") {
    Stage stage;
    const auto path = stage.directory / "f.toml";
    write(path, "one");
    const net::FileWatch watch(stage.loop, path, [&] { ++stage.changes; });
    write(stage.directory / "another", "x");
    fs::rename(stage.directory / "another", stage.directory / "yet-another");
    bool quiet = false;
    const auto timer = stage.loop.create([&] { quiet = true; });
    timer->arm(std::chrono::steady_clock::now() + 2 * net::FileWatch::kQuiet);
    REQUIRE(support::turn_until(stage.loop, [&] { return quiet; }));
    CHECK(stage.changes == 0);
}

TEST_CASE("a directory in which something happens all the time does not hide the change") {
    Stage stage;
    const auto path = stage.directory / "f.toml";
    write(path, "one");
    const net::FileWatch watch(stage.loop, path, [&] { ++stage.changes; });
    write(path, "another");
    const std::unique_ptr<seam::Timer> noise = stage.loop.create([&] {
        write(stage.directory / "noise", "x");
        noise->arm(std::chrono::steady_clock::now() + 50ms);
    });
    noise->arm(std::chrono::steady_clock::now());
    stage.settled(1);
}

TEST_CASE("the places on the way are those that hold a symbolic link, and that of the file") {
    const support::TemporaryDirectory directory;
    const auto root = fs::canonical(directory / "").string();
    fs::create_directories(root + "/real/deep");
    write(root + "/real/deep/f", "x");
    fs::create_directory_symlink("real", root + "/link");
    fs::create_symlink("loop", root + "/loop");
    using Places = std::vector<std::string>;
    CHECK(net::places_on_the_way(root + "/real/deep/f") == Places{root + "/real/deep"});
    CHECK(net::places_on_the_way(root + "/link/deep/f") == Places{root, root + "/real/deep"});
    CHECK(net::places_on_the_way(root + "/link/deep/../deep/f") == Places{root, root + "/real/deep"});
    CHECK(net::places_on_the_way(root + "/nowhere/f") == Places{root + "/nowhere"});
    CHECK(net::places_on_the_way(root + "/loop") == Places{root});
}
