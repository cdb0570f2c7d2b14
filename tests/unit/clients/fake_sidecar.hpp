// The other end of a client's sockets, in a few lines of ZeroMQ: a publisher that says what it is told to say, and a
// control socket whose answers are a function of the request.
#pragma once

#include "fairlead/v1/control.pb.h"
#include "fairlead/v1/stream.pb.h"
#include "temporary_directory.hpp"

#include <doctest/doctest.h>
#include <zmq.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace fairlead::test {

inline constexpr std::chrono::seconds kDeadline{10};

class ZmqContext {
public:
    ZmqContext() : handle_(zmq_ctx_new()) {}
    ~ZmqContext() { zmq_ctx_term(handle_); }
    ZmqContext(const ZmqContext&) = delete;
    ZmqContext& operator=(const ZmqContext&) = delete;
    void* get() const { return handle_; }

private:
    void* handle_;
};

using support::TemporaryDirectory;
using Frames = std::vector<std::string>;

// Empty when nothing has come within the socket's ZMQ_RCVTIMEO.
inline Frames receive(void* socket) {
    Frames frames;
    int more = 1;
    while (more != 0) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        const int size = zmq_msg_recv(&message, socket, 0);
        if (size >= 0) frames.emplace_back(static_cast<const char*>(zmq_msg_data(&message)), zmq_msg_size(&message));
        more = size >= 0 ? zmq_msg_more(&message) : 0;
        zmq_msg_close(&message);
    }
    return frames;
}

inline void send(void* socket, const Frames& frames) {
    for (std::size_t i = 0; i < frames.size(); ++i)
        zmq_send(socket, frames[i].data(), frames[i].size(), i + 1 < frames.size() ? ZMQ_SNDMORE : 0);
}

inline void set(void* socket, int option, int value) {
    REQUIRE(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

struct PublisherOptions {
    int high_water_mark = 0;
    std::uint64_t epoch = 1000;
    std::uint64_t heartbeat_interval_ms = 60'000;
    std::string control_endpoint{};
    std::uint64_t replay_depth = 0;
};

class FakePublisher {
public:
    FakePublisher(void* context, const std::string& endpoint, const PublisherOptions& options = {})
        : socket_(zmq_socket(context, ZMQ_XPUB)), epoch_(options.epoch) {
        v1::Welcome welcome;
        welcome.set_epoch(epoch_);
        welcome.set_heartbeat_interval_ms(options.heartbeat_interval_ms);
        welcome.set_control_endpoint(options.control_endpoint);
        welcome.set_replay_depth(options.replay_depth);
        const std::string frame = std::string("welcome/\0", 9) + welcome.SerializeAsString();
        set(socket_, ZMQ_LINGER, 0);
        set(socket_, ZMQ_SNDHWM, options.high_water_mark);
        set(socket_, ZMQ_RCVTIMEO, static_cast<int>(std::chrono::milliseconds(kDeadline).count()));
        REQUIRE(zmq_setsockopt(socket_, ZMQ_XPUB_WELCOME_MSG, frame.data(), frame.size()) == 0);
        REQUIRE(zmq_bind(socket_, endpoint.c_str()) == 0);
    }
    ~FakePublisher() { zmq_close(socket_); }
    FakePublisher(const FakePublisher&) = delete;
    FakePublisher& operator=(const FakePublisher&) = delete;

    // Until a consumer has subscribed to this prefix.
    void await_subscription(const std::string& prefix) {
        while (true) {
            const Frames frames = receive(socket_);
            REQUIRE_MESSAGE(!frames.empty(), "no subscription to ", prefix);
            if (frames[0] == "\x01" + prefix) return;
        }
    }

    // Whether one has subscribed since the last call, without waiting: a SUB that reconnects says its filters again
    // only while its own thread reads.
    bool was_subscribed(const std::string& prefix) {
        set(socket_, ZMQ_RCVTIMEO, 0);
        for (Frames frames = receive(socket_); !frames.empty(); frames = receive(socket_)) {
            if (frames[0] == "\x01" + prefix) return true;
        }
        return false;
    }

    void data(const std::string& topic, std::uint64_t sequence, const std::string& payload, std::uint32_t flags = 0) {
        send_frames(topic, header(v1::KIND_DATA, sequence, flags), payload);
    }
    void event(const std::string& topic, std::uint64_t sequence, const v1::ConnectionEvent& event) {
        send_frames(topic, header(v1::KIND_STATE, sequence), event.SerializeAsString());
    }
    void change(const std::string& topic, std::uint64_t sequence, v1::ConnectionState from, v1::ConnectionState to) {
        v1::ConnectionEvent event;
        event.set_previous(from);
        event.set_state(to);
        this->event(topic, sequence, event);
    }
    void gap(const std::string& topic, std::uint64_t sequence, const v1::Gap& gap) {
        send_frames(topic, header(v1::KIND_GAP, sequence), gap.SerializeAsString());
    }
    void heartbeat(const std::string& topic, std::uint64_t next, v1::Liveness liveness = v1::LIVENESS_LIVE) {
        v1::Heartbeat beat;
        beat.set_next_sequence(next);
        beat.set_liveness(liveness);
        send_frames(topic, header(v1::KIND_HEARTBEAT, 0), beat.SerializeAsString());
    }
    void end(const std::string& topic, v1::EndCode code, std::uint64_t next) {
        v1::End end;
        end.set_code(code);
        end.set_next_sequence(next);
        send_frames(topic, header(v1::KIND_END, 0), end.SerializeAsString());
    }
    void other(const std::string& topic, int kind, std::uint64_t sequence) {
        send_frames(topic, header(static_cast<v1::Kind>(kind), sequence), "?");
    }
    void raw(const Frames& frames) { send(socket_, frames); }
    void set_epoch(std::uint64_t epoch) { epoch_ = epoch; }

private:
    v1::Header header(v1::Kind kind, std::uint64_t sequence, std::uint32_t flags = 0) const {
        v1::Header header;
        header.set_kind(kind);
        header.set_flags(flags);
        header.set_epoch(epoch_);
        header.set_sequence(sequence);
        header.set_receive_time_ns(1'000'000 + sequence);
        header.set_session(1);
        return header;
    }
    void send_frames(const std::string& topic, const v1::Header& header, const std::string& payload) {
        send(socket_, {topic + std::string(1, '\0') + header.SerializeAsString(), payload});
    }

    void* socket_;
    std::uint64_t epoch_;
};

// For clients that send a request as one frame. Answers on a thread of its own: what `answer` returns is sent, body by
// body, to the peer that asked.
class FakeControl {
public:
    using AnswerFunction = std::function<std::vector<std::string>(const v1::Request& request, int number)>;

    FakeControl(void* context, const std::string& endpoint, AnswerFunction answer)
        : socket_(zmq_socket(context, ZMQ_ROUTER)), answer_(std::move(answer)) {
        set(socket_, ZMQ_LINGER, 0);
        set(socket_, ZMQ_RCVTIMEO, 10);
        REQUIRE(zmq_bind(socket_, endpoint.c_str()) == 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeControl() {
        stopped_ = true;
        thread_.join();
        zmq_close(socket_);
    }
    FakeControl(const FakeControl&) = delete;
    FakeControl& operator=(const FakeControl&) = delete;

    std::vector<v1::Request> requests() {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    std::vector<std::string> peers() {
        const std::lock_guard lock(mutex_);
        return peers_;
    }

private:
    void serve() {
        while (!stopped_) {
            const Frames frames = receive(socket_);
            if (frames.size() != 2) continue;
            v1::Request request;
            if (!request.ParseFromString(frames[1])) continue;
            int number = 0;
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
                peers_.push_back(frames[0]);
                number = static_cast<int>(requests_.size());
            }
            for (const std::string& body : answer_(request, number))
                send(socket_, {frames[0], body});
        }
    }

    void* socket_;
    AnswerFunction answer_;
    std::atomic<bool> stopped_{false};
    std::mutex mutex_;
    std::vector<v1::Request> requests_;
    std::vector<std::string> peers_;
    std::thread thread_;
};

inline std::string reply_to(std::uint64_t request_id, v1::Code code, const std::string& message) {
    v1::Reply reply;
    reply.set_request_id(request_id);
    reply.set_code(code);
    reply.set_message(message);
    return reply.SerializeAsString();
}

}  // namespace fairlead::test
