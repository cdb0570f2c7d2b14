// Commands to one sidecar, one at a time: asks, waits, asks again, and says so when nobody answers.
#pragma once

#include "fairlead/v1/control.pb.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace fairlead::client {

// What the sidecar answered.
class Reply {
public:
    explicit Reply(v1::Reply proto) : proto_(std::move(proto)) {}
    bool ok() const { return proto_.code() == v1::CODE_OK; }
    v1::Code code() const { return proto_.code(); }
    const std::string& message() const { return proto_.message(); }
    const v1::Reply& proto() const { return proto_; }

private:
    v1::Reply proto_;
};

// No answer within (retries + 1) * timeout.
struct Unreachable {
    bool sent = false;     // false: the request never left. true: it did, and whether it had an effect is unknown
    std::string detail{};  // one line for people
};

using Answer = std::variant<Reply, Unreachable>;

struct ControlOptions {
    std::string endpoint = "ipc:///run/fairlead/control.sock";
    std::chrono::milliseconds timeout{2000};  // for one attempt
    int retries = 2;                          // further attempts, with the same request id: no second effect
    void* context = nullptr;                  // as in SubscriberOptions
};

struct NewConnection {
    std::string id{};
    std::string url{};
    std::string profile{};  // empty = generic
    std::vector<std::string> subscriptions{};
    std::string options{};  // further keys of [connections.<id>], as TOML text
};

// One thread, one request at a time. A request that went unanswered is taken back as far as it has not left, so that it
// cannot take effect after its caller has given up.
class Control {
public:
    using Options = ControlOptions;

    // Throws ClientError.
    explicit Control(const Options& options = {});
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    Answer status();
    Answer connections(std::string_view connection = {});    // empty = all
    Answer subscriptions(std::string_view connection = {});  // empty = all
    Answer reconnect(std::string_view connection);
    Answer reconnect_hard(std::string_view connection);  // closes before it opens
    Answer add(const NewConnection& connection);
    Answer remove(std::string_view connection);
    Answer subscribe(std::string_view connection, const std::vector<std::string>& channels);
    Answer unsubscribe(std::string_view connection, const std::vector<std::string>& channels);
    Answer send_text(std::string_view connection, std::string_view payload);
    Answer send_binary(std::string_view connection, std::string_view payload);
    Answer pause(std::string_view connection);
    Answer resume(std::string_view connection);

    // Any other request. Its id is chosen here, at random.
    Answer request(v1::Request request);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace fairlead::client
