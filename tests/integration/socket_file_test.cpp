#include "net/socket_file.hpp"

#include "temporary_directory.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

using fairlead::net::SocketFile;
using fairlead::support::TemporaryDirectory;

namespace {

class UnixListener {
public:
    explicit UnixListener(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        REQUIRE(bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(listen(fd_, 1) == 0);
    }
    ~UnixListener() { close(fd_); }
    UnixListener(const UnixListener&) = delete;
    UnixListener& operator=(const UnixListener&) = delete;

private:
    int fd_;
};

std::string refusal(const std::string& path) {
    try {
        SocketFile file("ipc://" + path);
        return {};
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a second holder is refused and told who holds it") {
    const TemporaryDirectory directory;
    {
        const SocketFile first("ipc://" + (directory / "s"));
        const auto text = refusal(directory / "s");
        CHECK(contains(text, std::to_string(getpid())));
        CHECK(contains(text, "stop it, or set another endpoint"));
    }
    CHECK(refusal(directory / "s").empty());
}

TEST_CASE("what is not a socket is refused and left alone") {
    const TemporaryDirectory directory;
    const auto path = directory / "precious";
    std::ofstream(path) << "data";
    CHECK(contains(refusal(path), "not a socket"));
    CHECK(std::filesystem::file_size(path) == 4);
    std::filesystem::create_directory(directory / "d");
    CHECK(contains(refusal(directory / "d"), "not a socket"));
    std::filesystem::create_symlink(path, directory / "link");
    CHECK(contains(refusal(directory / "link"), "not a socket"));
    CHECK(std::filesystem::is_symlink(directory / "link"));
}

TEST_CASE("a socket that somebody serves is refused; one that nobody serves is taken over") {
    const TemporaryDirectory directory;
    const auto path = directory / "s";
    {
        const UnixListener other(path);
        CHECK(contains(refusal(path), "another process serves"));
        CHECK(std::filesystem::exists(path));
    }
    CHECK(std::filesystem::exists(path));  // left over
    CHECK(refusal(path).empty());
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("the last part of the directory is made, no more") {
    const TemporaryDirectory directory;
    CHECK(refusal(directory / "new/s").empty());
    struct stat info {};
    REQUIRE(stat((directory / "new").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0750);
    CHECK(contains(refusal(directory / "no/such/s"), "create it"));
}

TEST_CASE("at the end only the own socket is removed") {
    const TemporaryDirectory directory;
    const auto path = directory / "s";
    {
        SocketFile file("ipc://" + path);
        const UnixListener own(path);
        file.bound(0600);
        struct stat info {};
        REQUIRE(stat(path.c_str(), &info) == 0);
        CHECK((info.st_mode & 0777) == 0600);
    }
    CHECK_FALSE(std::filesystem::exists(path));
    auto file = std::make_unique<SocketFile>("ipc://" + path);
    auto own = std::make_unique<UnixListener>(path);
    file->bound(0600);
    std::filesystem::remove(path);
    const UnixListener other(path);
    file.reset();
    CHECK(std::filesystem::exists(path));
}

TEST_CASE("the epoch outlives its holder") {
    const TemporaryDirectory directory;
    const auto endpoint = "ipc://" + (directory / "s");
    {
        SocketFile file(endpoint);
        CHECK(file.last_epoch() == 0);
        file.keep_epoch(18'446'744'073'709'551'000ULL);
    }
    {
        const SocketFile file(endpoint);
        CHECK(file.last_epoch() == 18'446'744'073'709'551'000ULL);
    }
    const SocketFile again(endpoint);
    CHECK(again.last_epoch() == 18'446'744'073'709'551'000ULL);
}

TEST_CASE("other endpoints need no file") {
    const SocketFile file("tcp://127.0.0.1:9");
    CHECK_FALSE(file.is_unix());
}
