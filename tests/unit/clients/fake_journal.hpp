// The control socket of a sidecar that holds a journal and answers replays in stream mode, as far as it is told to: it
// can refuse, keep silent, and keep its answers back.
#pragma once

#include "fake_sidecar.hpp"

#include <map>
#include <utility>

namespace fairlead::test {

// How many of the requests that come first are treated otherwise than the rest.
struct JournalOptions {
    std::uint64_t epoch = 1000;
    int limited = 0;         // refused with LIMITED
    int silent = 0;          // left without an answer
    bool held_back = false;  // everything waits for release()
};

class FakeJournal {
public:
    FakeJournal(void* context, const std::string& endpoint, const JournalOptions& options = {})
        : options_(options), socket_(zmq_socket(context, ZMQ_ROUTER)), held_back_(options.held_back) {
        set(socket_, ZMQ_LINGER, 0);
        set(socket_, ZMQ_SNDHWM, 0);
        set(socket_, ZMQ_RCVTIMEO, 5);
        REQUIRE(zmq_bind(socket_, endpoint.c_str()) == 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeJournal() {
        stopped_ = true;
        thread_.join();
        zmq_close(socket_);
    }
    FakeJournal(const FakeJournal&) = delete;
    FakeJournal& operator=(const FakeJournal&) = delete;

    void hold(const std::string& topic, std::uint64_t sequence, const std::string& payload,
              v1::Kind kind = v1::KIND_DATA) {
        const std::lock_guard lock(mutex_);
        held_[topic][sequence] = {kind, payload};
    }
    void release() { held_back_ = false; }

    std::vector<v1::Replay> replays() {
        const std::lock_guard lock(mutex_);
        return replays_;
    }

private:
    struct Held {
        v1::Kind kind = v1::KIND_DATA;
        std::string payload;
    };

    void serve() {
        std::vector<std::pair<std::string, v1::Request>> waiting;
        while (!stopped_) {
            const Frames frames = receive(socket_);
            v1::Request request;
            if (frames.size() == 3 && frames[1].empty() && request.ParseFromString(frames[2])) {
                const std::lock_guard lock(mutex_);
                replays_.push_back(request.replay());
                waiting.emplace_back(frames[0], request);
            }
            if (held_back_) continue;
            for (const auto& [peer, asked] : waiting)
                answer(peer, asked);
            waiting.clear();
        }
    }

    void answer(const std::string& peer, const v1::Request& request) {
        if (options_.silent-- > 0) return;
        const v1::Replay& replay = request.replay();
        const std::lock_guard lock(mutex_);
        const auto held = held_.find(replay.topic());
        v1::Code code = options_.limited-- > 0 ? v1::CODE_LIMITED : v1::CODE_OK;
        if (code == v1::CODE_OK && held == held_.end()) code = v1::CODE_NOT_FOUND;
        send(socket_, {peer, "", reply_to(request.request_id(), code, "")});
        if (code != v1::CODE_OK) return;
        v1::End end;
        end.set_code(v1::END_CODE_EPOCH_CHANGED);
        if (replay.epoch() == options_.epoch) {
            end.set_code(held->second.contains(replay.from()) ? v1::END_CODE_OK : v1::END_CODE_TRUNCATED);
            for (auto it = held->second.lower_bound(replay.from());
                 it != held->second.end() && it->first <= replay.to(); ++it)
                send_message(peer, request, it->second.kind, it->first, it->second.payload);
        }
        send_message(peer, request, v1::KIND_END, 0, end.SerializeAsString());
    }

    void send_message(const std::string& peer, const v1::Request& request, v1::Kind kind, std::uint64_t sequence,
                      const std::string& payload) {
        v1::Header header;
        header.set_kind(kind);
        header.set_flags(v1::FLAG_REPLAYED);
        header.set_epoch(request.replay().epoch());
        header.set_sequence(sequence);
        header.set_receive_time_ns(1'000'000 + sequence);
        header.set_request_id(request.request_id());
        send(socket_,
             {peer, "", request.replay().topic() + std::string(1, '\0') + header.SerializeAsString(), payload});
    }

    JournalOptions options_;
    void* socket_;
    std::atomic<bool> held_back_;
    std::atomic<bool> stopped_{false};
    std::mutex mutex_;
    std::map<std::string, std::map<std::uint64_t, Held>> held_;
    std::vector<v1::Replay> replays_;
    std::thread thread_;
};

}  // namespace fairlead::test
