#include "fairlead/control.hpp"

#include "fairlead/error.hpp"
#include "fake_sidecar.hpp"

#include <doctest/doctest.h>
#include <google/protobuf/util/message_differencer.h>

#include <thread>

using namespace fairlead;
using namespace fairlead::test;
using namespace std::chrono_literals;

namespace {

using Bodies = std::vector<std::string>;

Bodies ok(const v1::Request& request, int number) {
    return {reply_to(request.request_id(), v1::CODE_OK, "answer " + std::to_string(number))};
}

// Attempts long enough that a busy machine does not run into a second one.
client::ControlOptions patient(const ZmqContext& context) {
    return {.endpoint = "inproc://control", .timeout = kDeadline, .retries = 0, .context = context.get()};
}

client::ControlOptions hasty(const ZmqContext& context) {
    return {.endpoint = "inproc://control", .timeout = 50ms, .retries = 2, .context = context.get()};
}

client::Reply reply(const client::Answer& answer) {
    REQUIRE(std::holds_alternative<client::Reply>(answer));
    return std::get<client::Reply>(answer);
}

client::Unreachable unreachable(const client::Answer& answer) {
    REQUIRE(std::holds_alternative<client::Unreachable>(answer));
    return std::get<client::Unreachable>(answer);
}

}  // namespace

TEST_CASE("a request gets its answer") {
    const ZmqContext context;
    FakeControl sidecar(context.get(), "inproc://control", ok);
    client::Control control(patient(context));
    const auto first = reply(control.status());
    CHECK(first.ok());
    CHECK(first.message() == "answer 1");
    CHECK(reply(control.status()).message() == "answer 2");
    const auto requests = sidecar.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].request_id() != 0);
    CHECK(requests[0].request_id() != requests[1].request_id());
}

TEST_CASE("a refusal is an answer") {
    const ZmqContext context;
    FakeControl sidecar(context.get(), "inproc://control", [](const v1::Request& request, int) {
        return Bodies{reply_to(request.request_id(), v1::CODE_NOT_FOUND, "no x")};
    });
    client::Control control(patient(context));
    const auto answer = reply(control.remove("x"));
    CHECK_FALSE(answer.ok());
    CHECK(answer.code() == v1::CODE_NOT_FOUND);
    CHECK(answer.message() == "no x");
}

TEST_CASE("every helper sends its command") {
    const ZmqContext context;
    FakeControl sidecar(context.get(), "inproc://control", ok);
    client::Control control(patient(context));
    std::vector<v1::Request> wanted;
    const auto expect = [&](const client::Answer& answer, const std::function<void(v1::Request&)>& fill) {
        CHECK(reply(answer).ok());
        fill(wanted.emplace_back());
    };
    expect(control.status(), [](auto& r) { r.mutable_get_status(); });
    expect(control.connections(), [](auto& r) { r.mutable_list_connections(); });
    expect(control.connections("x"), [](auto& r) { r.mutable_list_connections()->set_connection("x"); });
    expect(control.subscriptions("x"), [](auto& r) { r.mutable_list_subscriptions()->set_connection("x"); });
    expect(control.reconnect("x"), [](auto& r) { r.mutable_reconnect()->set_connection("x"); });
    expect(control.reconnect_hard("x"), [](auto& r) {
        r.mutable_reconnect()->set_connection("x");
        r.mutable_reconnect()->set_hard(true);
    });
    expect(
        control.add({.id = "x", .url = "ws://h", .profile = "p", .subscriptions = {"a", "b"}, .options = "legs = 1\n"}),
        [](auto& r) {
            auto& add = *r.mutable_add_connection();
            add.set_connection("x");
            add.set_url("ws://h");
            add.set_profile("p");
            add.add_subscriptions("a");
            add.add_subscriptions("b");
            add.set_options("legs = 1\n");
        });
    expect(control.remove("x"), [](auto& r) { r.mutable_remove_connection()->set_connection("x"); });
    expect(control.subscribe("x", {"a", "b"}), [](auto& r) {
        r.mutable_subscribe()->set_connection("x");
        r.mutable_subscribe()->add_channels("a");
        r.mutable_subscribe()->add_channels("b");
    });
    expect(control.unsubscribe("x", {"a"}), [](auto& r) {
        r.mutable_unsubscribe()->set_connection("x");
        r.mutable_unsubscribe()->add_channels("a");
    });
    expect(control.send_text("x", "hello"), [](auto& r) {
        r.mutable_send()->set_connection("x");
        r.mutable_send()->set_payload("hello");
    });
    expect(control.send_binary("x", std::string("\0\xff", 2)), [](auto& r) {
        r.mutable_send()->set_connection("x");
        r.mutable_send()->set_payload(std::string("\0\xff", 2));
        r.mutable_send()->set_binary(true);
    });
    expect(control.pause("x"), [](auto& r) { r.mutable_pause()->set_connection("x"); });
    expect(control.resume("x"), [](auto& r) { r.mutable_resume()->set_connection("x"); });

    auto got = sidecar.requests();
    REQUIRE(got.size() == wanted.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        CAPTURE(wanted[i].ShortDebugString());
        got[i].clear_request_id();
        CHECK(google::protobuf::util::MessageDifferencer::Equals(got[i], wanted[i]));
    }
}

TEST_CASE("nobody there: unreachable within the bound, and nothing was sent") {
    const TemporaryDirectory directory;
    client::Control control({.endpoint = directory.endpoint("control"), .timeout = 20ms, .retries = 2});
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = unreachable(control.status());
    const auto took = std::chrono::steady_clock::now() - begin;
    CHECK_FALSE(answer.sent);
    CHECK(answer.detail.find("control") != std::string::npos);
    CHECK(took >= 60ms);
    CHECK(took < kDeadline);
}

TEST_CASE("no answer: the same request from the same peer, retries more times, then unreachable") {
    const ZmqContext context;
    FakeControl sidecar(context.get(), "inproc://control", [](const v1::Request&, int) { return Bodies{}; });
    {
        client::Control control(hasty(context));
        CHECK(unreachable(control.status()).sent);
    }
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (sidecar.requests().size() < 3 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    const auto requests = sidecar.requests();
    const auto peers = sidecar.peers();
    REQUIRE(requests.size() == 3);
    for (std::size_t i = 1; i < requests.size(); ++i) {
        CHECK(requests[i].request_id() == requests[0].request_id());
        CHECK(peers[i] == peers[0]);
    }
}

TEST_CASE("a lost answer is asked for again") {
    const ZmqContext context;
    FakeControl sidecar(context.get(), "inproc://control", [](const v1::Request& request, int number) {
        return number == 1 ? Bodies{} : ok(request, number);
    });
    auto options = hasty(context);
    options.retries = 100;
    client::Control control(options);
    CHECK(reply(control.status()).ok());
    CHECK(sidecar.requests().size() >= 2);
}

TEST_CASE("answers to something else, doubled or ill-formed are passed over") {
    const ZmqContext context;
    FakeControl sidecar(context.get(), "inproc://control", [](const v1::Request& request, int number) {
        const std::string right = ok(request, number)[0];
        return Bodies{"\xff\xff", reply_to(request.request_id() + 1, v1::CODE_INTERNAL, "wrong"), right, right};
    });
    client::Control control(patient(context));
    CHECK(reply(control.status()).message() == "answer 1");
    CHECK(reply(control.status()).message() == "answer 2");
    CHECK(reply(control.status()).message() == "answer 3");
}

TEST_CASE("a refusal without an id belongs to the request at hand, its copies to none") {
    const ZmqContext context;
    FakeControl sidecar(context.get(), "inproc://control", [](const v1::Request& request, int number) {
        const std::string refusal = reply_to(0, v1::CODE_LIMITED, "too large");
        return number == 1 ? Bodies{refusal, refusal} : ok(request, number);
    });
    client::Control control(patient(context));
    CHECK(reply(control.status()).code() == v1::CODE_LIMITED);
    CHECK(reply(control.status()).message() == "answer 2");
}

TEST_CASE("a request that was given up does not take effect later") {
    const TemporaryDirectory directory;
    const ZmqContext context;
    client::Control control({.endpoint = directory.endpoint("control"), .timeout = 10ms, .retries = 0});
    CHECK_FALSE(unreachable(control.remove("x")).sent);

    FakeControl sidecar(context.get(), directory.endpoint("control"), ok);
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    while (std::holds_alternative<client::Unreachable>(control.status()) &&
           std::chrono::steady_clock::now() < deadline) {
    }
    const auto requests = sidecar.requests();
    REQUIRE(!requests.empty());
    for (const v1::Request& request : requests)
        CHECK(request.has_get_status());
}

// What is passed over before it is still being read when the sidecar has gone.
TEST_CASE("the last answer of a sidecar that ends is not lost") {
    constexpr int kPassedOver = 500;
    const TemporaryDirectory directory;
    const ZmqContext context;
    void* socket = zmq_socket(context.get(), ZMQ_ROUTER);
    set(socket, ZMQ_RCVTIMEO, static_cast<int>(std::chrono::milliseconds(kDeadline).count()));
    REQUIRE(zmq_bind(socket, directory.endpoint("control").c_str()) == 0);
    std::thread sidecar([socket] {
        const Frames frames = receive(socket);
        v1::Request request;
        if (frames.size() == 2 && request.ParseFromString(frames[1])) {
            for (int i = 0; i < kPassedOver; ++i)
                send(socket, {frames[0], "?"});
            send(socket, {frames[0], reply_to(request.request_id(), v1::CODE_OK, "ends")});
        }
        zmq_close(socket);
    });
    client::Control control({.endpoint = directory.endpoint("control"), .timeout = kDeadline, .retries = 0});
    const auto answer = control.status();
    sidecar.join();
    CHECK(reply(answer).message() == "ends");
}

TEST_CASE("an endpoint that is none is refused at construction") {
    CHECK_THROWS_AS(client::Control({.endpoint = "nonsense"}), client::ClientError);
}
