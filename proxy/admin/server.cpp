#include "admin/server.hpp"

#include "admin/site.hpp"

#include <civetweb.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace fairlead::admin {
namespace {

// Of a body that is too large: read so far, so that its sender comes to read the answer.
constexpr std::size_t kMaxDiscardedBytes = std::size_t{4} << 20;
constexpr int kNiceness = 10;                    // on a full machine whoever looks waits for the messages
constexpr std::chrono::seconds kLastAnswers{1};  // at the end, for those that are due
// The page loads its own script, style and images, and asks its own server.
constexpr const char* kSecurityFields =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cache-Control: no-store\r\n";

std::string field(const mg_connection* connection, const char* name) {
    const char* value = mg_get_header(connection, name);
    return value ? value : "";
}

// A length that is not told, as of a body in chunks, ends where there is no more.
void read_body(mg_connection* connection, std::int64_t length, HttpRequest& request) {
    std::array<char, 16384> piece{};
    const std::size_t most = length < 0 ? kMaxDiscardedBytes : std::min<std::size_t>(length, kMaxDiscardedBytes);
    std::size_t total = 0;
    while (total < most) {
        const std::size_t wanted = std::min(piece.size(), most - total);
        const int got = mg_read(connection, piece.data(), wanted);
        request.is_cut_off = got < 0 || (length >= 0 && static_cast<std::size_t>(got) < wanted);
        if (got <= 0) break;
        total += static_cast<std::size_t>(got);
        if (total <= kMaxBodyBytes) request.body.append(piece.data(), static_cast<std::size_t>(got));
        if (request.is_cut_off) break;
    }
    request.is_too_large = total > kMaxBodyBytes;
    if (request.is_too_large) request.body.clear();
}

HttpRequest read_request(mg_connection* connection) {
    const mg_request_info& info = *mg_get_request_info(connection);
    const auto text = [](const char* value) { return std::string(value ? value : ""); };
    HttpRequest request{.method = text(info.request_method),
                        .path = text(info.local_uri),
                        .query = text(info.query_string),
                        .host = field(connection, "Host"),
                        .origin = field(connection, "Origin"),
                        .content_type = field(connection, "Content-Type"),
                        .authorization = field(connection, "Authorization"),
                        .local_port = static_cast<std::uint16_t>(info.server_port)};
    read_body(connection, info.content_length, request);
    return request;
}

void write_answer(mg_connection* connection, const HttpAnswer& answer, bool with_body) {
    std::string bytes = fmt::format(
        "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n{}", answer.status,
        mg_get_response_code_text(connection, answer.status), answer.content_type, answer.body.size(), kSecurityFields);
    for (const auto& [name, value] : answer.headers)
        bytes += fmt::format("{}: {}\r\n", name, value);
    bytes += "\r\n";
    if (with_body) bytes += answer.body;
    mg_write(connection, bytes.data(), bytes.size());
}

// What the system says of the address; CivetWeb does not pass it on.
std::string why_not(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0)
        return gai_strerror(error);
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, &freeaddrinfo);
    const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return std::strerror(errno);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool bound = bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 1) == 0;
    std::string problem = bound ? "" : std::strerror(errno);
    close(fd);
    return problem;
}

std::uint16_t port_of(const mg_context* context) {
    mg_server_port port{};
    return mg_get_server_ports(context, 1, &port) == 1 ? static_cast<std::uint16_t>(port.port) : 0;
}

}  // namespace

struct Server::Callbacks {
    // Of the calling thread alone, as Linux has it: it gets less time than the relay, and a batch thread that wakes
    // never takes the processor from one that runs. Where it is refused everything works on.
    static void* init_thread(const mg_context* /*context*/, int /*type*/) {
        const sched_param none{};
        sched_setscheduler(0, SCHED_BATCH, &none);
        setpriority(PRIO_PROCESS, 0, kNiceness);
        return nullptr;
    }
    static int begin_request(mg_connection* connection) {
        return static_cast<Server*>(mg_get_user_data(mg_get_context(connection)))->answer(connection);
    }
    static int http_error(mg_connection* connection, int status, const char* message) {
        write_answer(connection, error_answer(status, "refused", message ? message : ""), true);
        return 0;
    }
    static int log_message(const mg_connection* /*connection*/, const char* /*message*/) { return 1; }
};

Server::Server(const std::string& host, std::uint16_t port, Handler handler) : handler_(std::move(handler)) {
    const std::string numeric = host == "localhost" ? "127.0.0.1" : host;
    const std::string address = fmt::format("{}:{}", numeric, port);
    // Without a document_root there are no files to serve.
    std::array<const char*, 11> options = {"listening_ports",
                                           address.c_str(),
                                           "num_threads",
                                           "16",
                                           "request_timeout_ms",
                                           "3000",
                                           "enable_keep_alive",
                                           "no",
                                           "max_request_size",
                                           "16384",
                                           nullptr};
    mg_callbacks callbacks{};
    callbacks.init_thread = &Callbacks::init_thread;
    callbacks.begin_request = &Callbacks::begin_request;
    callbacks.http_error = &Callbacks::http_error;
    callbacks.log_message = &Callbacks::log_message;
    std::array<char, 256> text{};
    unsigned code = 0;
    mg_init_data init{&callbacks, this, options.data()};
    mg_error_data error{&code, text.data(), text.size()};
    mg_init_library(MG_FEATURES_DEFAULT);
    context_ = mg_start2(&init, &error);
    if (!context_) {
        mg_exit_library();
        const auto reason = why_not(numeric, port);
        throw std::runtime_error(
            fmt::format("http.listen: cannot listen on {}: {}", address, reason.empty() ? text.data() : reason));
    }
    port_ = port_of(context_);
}

int Server::answer(mg_connection* connection) {
    const auto request = read_request(connection);
    {
        const std::lock_guard lock(mutex_);
        ++answering_;
    }
    const auto answer = handler_(request);
    write_answer(connection, answer, request.method != "HEAD");
    const std::lock_guard lock(mutex_);
    --answering_;
    answered_.notify_all();
    return answer.status;
}

Server::~Server() {
    {
        std::unique_lock lock(mutex_);
        answered_.wait_for(lock, kLastAnswers, [this] { return answering_ == 0; });
    }
    mg_stop(context_);
    mg_exit_library();
}

}  // namespace fairlead::admin
