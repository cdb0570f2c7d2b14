#include "sidecar.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace fairlead::soak {
namespace {

constexpr std::array<std::pair<Connections, std::string_view>, 3> kNames = {
    {{kSingle, "single"}, {kRedundant, "redundant"}, {kSharded, "sharded"}}};

std::string subscriptions(std::string_view kind) {
    std::string list;
    for (const std::string& symbol : symbols())
        list += fmt::format("'{{\"method\":\"SUBSCRIBE\",\"params\":[\"{}@{}\"],\"id\":1}}', ", symbol, kind);
    return "[" + list + "]";
}

std::string connection(std::string_view name, std::string_view urls, std::string_view kind, char number,
                       std::string_view more) {
    return fmt::format(R"(
[connections.{0}]
urls = {1}
subscriptions = {2}
channel = "/stream"
dedupe = ["/stream", "/data/{3}"]
sequence.field = "/data/{3}"
drain.field = "/e"
drain.value = "serverShutdown"
rotation.overlap = "1s"
{4}
)",
                       name, urls, subscriptions(kind), number, more);
}

}  // namespace

Connections connection_of(std::string_view id) {
    const auto* found = std::ranges::find(kNames, id, &std::pair<Connections, std::string_view>::second);
    return found == kNames.end() ? 0 : found->first;
}

std::string_view name_of(Connections one) {
    const auto* found = std::ranges::find(kNames, one, &std::pair<Connections, std::string_view>::first);
    return found == kNames.end() ? std::string_view{} : found->second;
}

Sidecar::Sidecar(std::string program, std::uint16_t port_a, std::uint16_t port_b)
    : program_(std::move(program)), port_a_(port_a), port_b_(port_b) {
    std::string pattern = (std::filesystem::temp_directory_path() / "fl-soak-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a temporary directory");
    directory_ = pattern;
    client::ControlOptions options;
    options.endpoint = "ipc://" + directory_ + "/control.sock";
    options.timeout = std::chrono::seconds{1};
    options.retries = 1;
    control_ = std::make_unique<client::Control>(options);
    write_config(std::chrono::seconds{1}, false);
}

Sidecar::~Sidecar() {
    if (pid_ > 0) kill();
    control_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void Sidecar::write_config(std::chrono::milliseconds ping_interval, bool extra_connection) const {
    const auto a = fmt::format("ws://127.0.0.1:{}/stream", port_a_);
    const auto b = fmt::format("ws://127.0.0.1:{}/stream", port_b_);
    std::ofstream file(directory_ + "/fairlead.toml", std::ios::trunc);
    file << fmt::format(R"([stream]
endpoint = "ipc://{0}/stream.sock"
heartbeat_interval = "200ms"
high_water_mark = 500
[control]
endpoint = "ipc://{0}/control.sock"
[http]
listen = ""
[journal]
messages_per_topic = 60
[network]
max_retries = 0
initial_delay = "20ms"
max_delay = "200ms"
connection_timeout = "1s"
ping_interval = "{1}ms"
pong_timeout = "500ms"
)",
                        directory_, ping_interval.count());
    file << connection("single", fmt::format("['{}']", a), "bookTicker", 'u', "");
    file << connection("redundant", fmt::format("['{}', '{}']", a, b), "trade", 't', "legs = 2");
    file << connection("sharded", fmt::format("['{}']", b), "bookTicker", 'u', "topics_per_socket = 2");
    if (extra_connection) file << connection("extra", fmt::format("['{}']", a), "trade", 't', "");
}

void Sidecar::start() {
    // Between fork and exec nothing may be allocated: another thread may have held the lock.
    const std::string config = directory_ + "/fairlead.toml";
    const std::string log_file = log_path();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it does not outlive this process, however that ends
    const int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execl(program_.c_str(), program_.c_str(), "run", "--config", config.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
}

void Sidecar::kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, -1), nullptr, 0);
}

int Sidecar::stop() {
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Sidecar::is_running() {
    if (pid_ <= 0) return false;
    if (::waitpid(pid_, nullptr, WNOHANG) == 0) return true;
    pid_ = -1;
    return false;
}

bool Sidecar::is_whole() {
    const client::Answer answer = control_->connections();
    const auto* reply = std::get_if<client::Reply>(&answer);
    if (reply == nullptr || !reply->ok()) return false;
    const auto& connections = reply->proto().connections().connections();
    return std::ranges::all_of(connections, [](const v1::ConnectionStatus& one) {
        return one.ready() && std::ranges::all_of(one.sockets(), [](const v1::SocketStatus& socket) {
                   return socket.status() == v1::CONNECTION_STATE_CONNECTED && !socket.successor();
               });
    });
}

std::string Sidecar::log() const {
    std::ifstream file(log_path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

bool wait_until(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
    std::mutex mutex;
    std::condition_variable never;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::unique_lock lock(mutex);
        never.wait_for(lock, std::chrono::milliseconds{20});
    }
    return true;
}

}  // namespace fairlead::soak
