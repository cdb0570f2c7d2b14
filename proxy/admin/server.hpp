// CivetWeb behind one class: it takes connections on threads of its own, reads a request within bounds, writes the
// answer. Nothing of what else it can do is on: no files, no directories, no WebSocket, no CGI.
//
// Facts about CivetWeb 1.15 that shape it:
//  - begin_request comes before everything that it would do by itself, also before an upgrade to WebSocket;
//  - what it refuses before that (a head that is too long or ill-formed) comes through http_error;
//  - the listening socket works as soon as mg_start2() returns: whatever handles requests must exist before;
//  - port 0 is any free one, which mg_get_server_ports() tells;
//  - as Debian builds it, it knows no IPv6;
//  - from mg_stop() on nothing is written any more;
//  - mg_read() gives less than was asked for when the sender has stopped, and waits for request_timeout_ms before.
#pragma once

#include "admin/message.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

struct mg_connection;
struct mg_context;

namespace fairlead::admin {

class Server {
public:
    // Called on threads of the server, on several at once.
    using Handler = std::function<HttpAnswer(const HttpRequest&)>;

    // `host` is a name or an IPv4 address. Throws std::runtime_error with the reason when it cannot listen.
    Server(const std::string& host, std::uint16_t port, Handler handler);
    // Lets answers that are due leave, ends every connection and joins the threads: nobody may wait in the handler for
    // long.
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t port() const { return port_; }

private:
    struct Callbacks;

    int answer(mg_connection* connection);

    const Handler handler_;
    std::mutex mutex_;
    std::condition_variable answered_;
    unsigned answering_ = 0;  // requests that have been read; guarded by mutex_
    mg_context* context_ = nullptr;
    std::uint16_t port_ = 0;
};

}  // namespace fairlead::admin
