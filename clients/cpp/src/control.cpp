// A DEALER instead of a REQ: it is not in lock-step, so that a request can be repeated on the same socket, and the
// sidecar knows the peer that repeats itself. Nothing is put into the queue of a peer that is not there.
#include "fairlead/control.hpp"

#include "connection_watch.hpp"

#include <algorithm>
#include <optional>
#include <random>

namespace fairlead::client {
namespace {

using Clock = std::chrono::steady_clock;

std::uint64_t random_id() {
    std::random_device random;
    return std::uniform_int_distribution<std::uint64_t>{1}(random);
}

// False at the deadline.
bool wait_until(void* socket, short events, Clock::time_point deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        zmq_pollitem_t item{socket, 0, events, 0};
        const int ready = zmq_poll(&item, 1, static_cast<long>(std::max<long long>(left, 0)));
        if (ready > 0) return true;
        if (left <= 0 || (ready < 0 && errno != EINTR)) return false;
    }
}

}  // namespace

class Control::Impl {
public:
    explicit Impl(const Options& options) : options_(options), context_(options.context) {
        if (!open()) throw ClientError(no_socket());
    }

    Answer request(v1::Request request) {
        if (!link_ && !open()) return Unreachable{.sent = false, .detail = no_socket()};
        request.set_request_id(random_id());
        const std::string body = request.SerializeAsString();
        bool sent = false;
        for (int attempt = 0; attempt <= options_.retries; ++attempt) {
            const auto deadline = Clock::now() + options_.timeout;
            if (!send(body, deadline)) continue;
            sent = true;
            if (auto reply = receive(request.request_id(), deadline)) return Reply(std::move(*reply));
        }
        link_.reset();
        return Unreachable{
            .sent = sent,
            .detail = sent ? "no answer from " + options_.endpoint : "nobody is listening at " + options_.endpoint};
    }

private:
    struct Link {
        Socket socket;
        ConnectionWatch connection;
    };

    bool open() {
        Socket socket(zmq_socket(context_.get(), ZMQ_DEALER));
        if (!socket || !set_common_options(socket)) return false;
        ConnectionWatch connection(context_, socket, options_.endpoint);
        if (!connection.is_watching() || zmq_connect(socket.get(), options_.endpoint.c_str()) != 0) return false;
        link_ = Link{std::move(socket), std::move(connection)};
        return true;
    }

    std::string no_socket() const { return "cannot connect to " + options_.endpoint + ": " + zmq_strerror(errno); }

    bool wait_for_sidecar(Clock::time_point deadline) {
        while (!link_->connection.is_connected())
            if (!wait_until(link_->connection.reader(), ZMQ_POLLIN, deadline)) return false;
        return true;
    }

    // One frame out, so one frame back.
    bool send(const std::string& body, Clock::time_point deadline) {
        void* socket = link_->socket.get();
        return wait_for_sidecar(deadline) && wait_until(socket, ZMQ_POLLOUT, deadline) &&
               zmq_send(socket, body.data(), body.size(), ZMQ_DONTWAIT) >= 0;
    }

    // Answers to anything else, such as to a request given up earlier, are passed over.
    std::optional<v1::Reply> receive(std::uint64_t request_id, Clock::time_point deadline) {
        void* socket = link_->socket.get();
        while (wait_until(socket, ZMQ_POLLIN, deadline)) {
            Frame frame;
            do {
                if (zmq_msg_recv(frame.get(), socket, ZMQ_DONTWAIT) < 0) return std::nullopt;
            } while (frame.more());
            v1::Reply reply;
            if (!reply.ParseFromArray(frame.bytes().data(), static_cast<int>(frame.bytes().size()))) continue;
            if (reply.request_id() == request_id) return reply;
            // A request that the sidecar refused unread has no id to echo. Since every request but this one has had its
            // answer or lost its socket, it is this one; a second copy of the answer must not meet the next request.
            if (reply.request_id() == 0 && reply.code() != v1::CODE_OK) {
                link_.reset();
                return reply;
            }
        }
        return std::nullopt;
    }

    const Options options_;
    Context context_;
    std::optional<Link> link_;
};

Control::Control(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
Control::~Control() = default;

Answer Control::request(v1::Request request) {
    return impl_->request(std::move(request));
}

Answer Control::status() {
    v1::Request request;
    request.mutable_get_status();
    return this->request(std::move(request));
}

Answer Control::connections(std::string_view connection) {
    v1::Request request;
    request.mutable_list_connections()->set_connection(std::string(connection));
    return this->request(std::move(request));
}

Answer Control::subscriptions(std::string_view connection) {
    v1::Request request;
    request.mutable_list_subscriptions()->set_connection(std::string(connection));
    return this->request(std::move(request));
}

Answer Control::reconnect(std::string_view connection) {
    v1::Request request;
    request.mutable_reconnect()->set_connection(std::string(connection));
    return this->request(std::move(request));
}

Answer Control::reconnect_hard(std::string_view connection) {
    v1::Request request;
    request.mutable_reconnect()->set_connection(std::string(connection));
    request.mutable_reconnect()->set_hard(true);
    return this->request(std::move(request));
}

Answer Control::add(const NewConnection& connection) {
    v1::Request request;
    v1::AddConnection& add = *request.mutable_add_connection();
    add.set_connection(connection.id);
    add.set_url(connection.url);
    add.set_profile(connection.profile);
    add.mutable_subscriptions()->Assign(connection.subscriptions.begin(), connection.subscriptions.end());
    add.set_options(connection.options);
    return this->request(std::move(request));
}

Answer Control::remove(std::string_view connection) {
    v1::Request request;
    request.mutable_remove_connection()->set_connection(std::string(connection));
    return this->request(std::move(request));
}

Answer Control::subscribe(std::string_view connection, const std::vector<std::string>& channels) {
    v1::Request request;
    request.mutable_subscribe()->set_connection(std::string(connection));
    request.mutable_subscribe()->mutable_channels()->Assign(channels.begin(), channels.end());
    return this->request(std::move(request));
}

Answer Control::unsubscribe(std::string_view connection, const std::vector<std::string>& channels) {
    v1::Request request;
    request.mutable_unsubscribe()->set_connection(std::string(connection));
    request.mutable_unsubscribe()->mutable_channels()->Assign(channels.begin(), channels.end());
    return this->request(std::move(request));
}

Answer Control::send_text(std::string_view connection, std::string_view payload) {
    v1::Request request;
    request.mutable_send()->set_connection(std::string(connection));
    request.mutable_send()->set_payload(std::string(payload));
    return this->request(std::move(request));
}

Answer Control::send_binary(std::string_view connection, std::string_view payload) {
    v1::Request request;
    request.mutable_send()->set_connection(std::string(connection));
    request.mutable_send()->set_payload(std::string(payload));
    request.mutable_send()->set_binary(true);
    return this->request(std::move(request));
}

Answer Control::pause(std::string_view connection) {
    v1::Request request;
    request.mutable_pause()->set_connection(std::string(connection));
    return this->request(std::move(request));
}

Answer Control::resume(std::string_view connection) {
    v1::Request request;
    request.mutable_resume()->set_connection(std::string(connection));
    return this->request(std::move(request));
}

}  // namespace fairlead::client
