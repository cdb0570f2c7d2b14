#include "net/http_client.hpp"

#include "raw_server.hpp"
#include "tls_server.hpp"
#include "wait.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace fairlead;
using support::RawServer;
using support::TlsServer;

namespace {

constexpr auto kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

std::string url_of(std::uint16_t port, const std::string& path = "/") {
    return fmt::format("http://127.0.0.1:{}{}", port, path);
}

// A port at which nothing listens.
std::uint16_t closed_port() {
    return RawServer("").port();
}

struct Stage {
    net::Loop loop;
    net::HttpClient client{loop};

    seam::HttpAnswer fetch(const seam::HttpRequest& request) {
        std::optional<seam::HttpAnswer> answer;
        const auto call = client.fetch(request, [&](const seam::HttpAnswer& given) { answer = given; });
        CHECK_FALSE(answer);  // in a later turn, always
        REQUIRE(support::turn_until(loop, [&] { return answer.has_value(); }));
        return *answer;
    }
    seam::HttpAnswer get(const std::string& url) { return fetch({.url = url}); }
    // What has been posted until now has run.
    void settle() {
        bool later = false;
        loop.post([&] { later = true; });
        REQUIRE(support::turn_until(loop, [&] { return later; }));
    }
};

}  // namespace

TEST_CASE("an answer comes with status and body, for a request as it was asked") {
    Stage stage;
    const RawServer server(kHello);
    const auto answer = stage.fetch({.url = url_of(server.port(), "/a?b=c"), .headers = {{"X-Key", "value"}}});
    CHECK(answer.error.empty());
    CHECK(answer.status == 200);
    CHECK(answer.body == "hello");
    CHECK_FALSE(answer.retry_after);
    const auto received = server.received();
    CHECK(received.starts_with("GET /a?b=c HTTP/1.1\r\n"));
    CHECK(received.find("X-Key: value\r\n") != std::string::npos);
    CHECK(received.find("User-Agent: fairlead/") != std::string::npos);
}

TEST_CASE("a body is sent whole, without waiting for leave, under the type that was given") {
    Stage stage;
    const RawServer server(kHello);
    const std::string body(std::size_t{3} << 20, 'x');
    const auto answer = stage.fetch({.method = "POST",
                                     .url = url_of(server.port()),
                                     .headers = {{"Content-Type", "application/json"}},
                                     .body = body});
    CHECK(answer.status == 200);
    const auto received = server.received();
    CHECK(received.starts_with("POST / HTTP/1.1\r\n"));
    CHECK(received.find("Content-Length: 3145728\r\n") != std::string::npos);
    CHECK(received.find("Content-Type: application/json\r\n") != std::string::npos);
    CHECK(received.find("Expect") == std::string::npos);
}

TEST_CASE("other methods, with and without a body") {
    Stage stage;
    const RawServer server(kHello);
    CHECK(stage.fetch({.method = "PUT", .url = url_of(server.port()), .body = "b"}).status == 200);
    CHECK(server.received().starts_with("PUT / "));
    CHECK(server.received().ends_with("\r\n\r\nb"));
    CHECK(stage.fetch({.method = "DELETE", .url = url_of(server.port())}).status == 200);
    CHECK(server.received().starts_with("DELETE / "));
    CHECK(server.received().find("urlencoded") == std::string::npos);
    const RawServer empty("HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(stage.fetch({.method = "HEAD", .url = url_of(empty.port())}).status == 204);
    CHECK(empty.received().starts_with("HEAD / "));
}

TEST_CASE("a refusal is an answer, with the time after which to come back") {
    Stage stage;
    const RawServer server("HTTP/1.1 429 Too Many Requests\r\nretry-after: 7 \r\nContent-Length: 4\r\n\r\nlate");
    const auto answer = stage.get(url_of(server.port()));
    CHECK(answer.status == 429);
    CHECK(answer.body == "late");
    CHECK(answer.retry_after == 7s);
}

TEST_CASE("a client that is never asked loads nothing, and ends") {
    net::Loop loop;
    const net::HttpClient client(loop, "libno-such.so.4");
}

TEST_CASE("a library that is missing is an answer like any other failure, and told beforehand to whoever asks") {
    net::Loop loop;
    net::HttpClient client(loop, "libno-such.so.4");
    const auto problem = client.start();
    CHECK(problem.ends_with("install libcurl4, 7.88 or later"));
    std::optional<seam::HttpAnswer> answer;
    const auto call =
        client.fetch({.url = "http://127.0.0.1/"}, [&](const seam::HttpAnswer& given) { answer = given; });
    CHECK_FALSE(answer);
    REQUIRE(support::turn_until(loop, [&] { return answer.has_value(); }));
    CHECK(answer->error == problem);
    bool called = false;
    client.fetch({.url = "http://127.0.0.1/"}, [&](const seam::HttpAnswer&) { called = true; }).reset();
    bool later = false;
    loop.post([&] { later = true; });
    REQUIRE(support::turn_until(loop, [&] { return later; }));
    CHECK_FALSE(called);
}

TEST_CASE("a client that was started is ready, and may be started again") {
    Stage stage;
    CHECK(stage.client.start().empty());
    CHECK(stage.client.start().empty());
    const RawServer server(kHello);
    CHECK(stage.get(url_of(server.port())).body == "hello");
    CHECK(stage.client.start().empty());
}

TEST_CASE("a redirect is not followed") {
    Stage stage;
    const RawServer elsewhere(kHello);
    const RawServer server(
        fmt::format("HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", url_of(elsewhere.port())));
    CHECK(stage.get(url_of(server.port())).status == 302);
    CHECK(elsewhere.received().empty());
}

TEST_CASE("an error says what happened and nothing of what may be secret") {
    Stage stage;
    const auto port = closed_port();
    const auto secret = fmt::format("127.0.0.1:{}/secret?token=secret", port);
    const auto refused = stage.get("http://user:secret@" + secret);
    CHECK(refused.error == fmt::format("127.0.0.1:{} cannot be reached: Connection refused", port));
    CHECK(refused.status == 0);
    CHECK(stage.fetch({.url = "http://" + secret, .shown_host = "<host>"}).error.starts_with("<host>:"));
    CHECK(stage.get("http://secret:secret@no-such-host.invalid/secret?secret").error ==
          "no-such-host.invalid has no address");
    const RawServer nonsense("nonsense");
    const auto unreadable = stage.get(url_of(nonsense.port(), "/secret?secret"));
    CHECK_FALSE(unreadable.error.empty());
    CHECK(unreadable.error.find("secret") == std::string::npos);
}

TEST_CASE("what is no request is refused before anything is opened") {
    Stage stage;
    for (const auto* url : {"", "secret", "http://", "ftp://127.0.0.1/secret", "file:///etc/passwd", "ws://127.0.0.1/",
                            "http://127.0.0.1:secret/", "http://127.0.0.1/\r\nHost: secret"}) {
        CAPTURE(url);
        const auto answer = stage.get(url);
        CHECK_FALSE(answer.error.empty());
        CHECK(answer.error.find("secret") == std::string::npos);
    }
    const auto url = url_of(closed_port());
    CHECK(stage.fetch({.url = url, .headers = {{"A", "b\r\nc: d"}}}).error.find("header") != std::string::npos);
    CHECK(stage.fetch({.url = url, .headers = {{"A:", "b"}}}).error.find("header") != std::string::npos);
    CHECK(stage.fetch({.method = "GET / HTTP/1.1\r\n", .url = url}).error.find("method") != std::string::npos);
}

TEST_CASE("a server that says nothing is given up after the timeout") {
    Stage stage;
    const RawServer silent("");
    CHECK(stage.fetch({.url = url_of(silent.port()), .timeout = 200ms}).error ==
          "no answer from 127.0.0.1 within 200ms");
}

TEST_CASE("what is above the bounds is not kept") {
    Stage stage;
    const std::string body(1001, 'x');
    const RawServer server(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
    const auto answer = stage.fetch({.url = url_of(server.port()), .max_body_bytes = 1000});
    CHECK(answer.error == "the answer is above 1000 bytes");
    CHECK(answer.body.empty());
    CHECK(stage.fetch({.url = url_of(server.port()), .max_body_bytes = 1001}).body == body);

    std::string head = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 100; ++i)
        head += fmt::format("X-{}: {}\r\n", i, std::string(1000, 'x'));
    const RawServer boastful(head + "Content-Length: 0\r\n\r\n");
    CHECK(stage.get(url_of(boastful.port())).error == "the head of the answer is too large");
}

TEST_CASE("a call that is destroyed is not answered, the others are") {
    Stage stage;
    const RawServer silent("");
    const RawServer server(kHello);
    bool called = false;
    auto never = stage.client.fetch({.url = url_of(silent.port())}, [&](const seam::HttpAnswer&) { called = true; });
    REQUIRE(support::turn_until(stage.loop, [&] {
        stage.loop.turn_again();
        return !silent.received().empty();
    }));
    auto at_once = stage.client.fetch({.url = url_of(silent.port())}, [&](const seam::HttpAnswer&) { called = true; });
    never.reset();
    at_once.reset();
    CHECK(stage.get(url_of(server.port())).status == 200);
    stage.settle();
    CHECK_FALSE(called);
}

TEST_CASE("a callback may destroy its own call and begin another") {
    Stage stage;
    const RawServer server(kHello);
    std::unique_ptr<seam::HttpCall> call;
    int answers = 0;
    const seam::HttpRequest request{.url = url_of(server.port())};
    call = stage.client.fetch(request, [&](const seam::HttpAnswer&) {
        ++answers;
        call = stage.client.fetch(request, [&](const seam::HttpAnswer&) { ++answers; });
    });
    CHECK(support::turn_until(stage.loop, [&] { return answers == 2; }));
}

TEST_CASE("calls beyond the bound fail at once") {
    Stage stage;
    const RawServer silent("");
    const seam::HttpRequest request{.url = url_of(silent.port())};
    std::vector<std::unique_ptr<seam::HttpCall>> calls;
    int answers = 0;
    while (calls.size() < seam::HttpClient::kMaxCalls)
        calls.push_back(stage.client.fetch(request, [&](const seam::HttpAnswer&) { ++answers; }));
    CHECK(stage.fetch(request).error == "too many HTTP requests at once");
    CHECK(answers == 0);
    calls.pop_back();
    const RawServer server(kHello);
    CHECK(stage.get(url_of(server.port())).status == 200);
}

TEST_CASE("the end of the client waits for no server and no name, and answers nobody") {
    net::Loop loop;
    const RawServer silent("");
    bool over = false;
    bool called_late = false;  // the lookup may have failed before
    const auto done = [&](const seam::HttpAnswer&) { called_late = called_late || over; };
    std::unique_ptr<seam::HttpCall> call;
    std::unique_ptr<seam::HttpCall> lookup;
    {
        net::HttpClient client(loop);
        call = client.fetch({.url = url_of(silent.port()), .timeout = 1h}, done);
        lookup = client.fetch({.url = "http://no-such-host.invalid/"}, done);
        REQUIRE(support::turn_until(loop, [&] {
            loop.turn_again();
            return !silent.received().empty();
        }));
        over = true;
    }
    bool later = false;
    loop.post([&] { later = true; });
    REQUIRE(support::turn_until(loop, [&] { return later; }));
    call.reset();
    CHECK_FALSE(called_late);
}

TEST_CASE("a proxy is used where it is given, and never because the environment names one") {
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    Stage stage;
    const RawServer server(kHello);
    CHECK(stage.get(url_of(server.port())).status == 200);
    unsetenv("ALL_PROXY");

    const auto proxy = fmt::format("http://user:pass@127.0.0.1:{}", server.port());
    CHECK(stage.fetch({.url = "http://venue.invalid/x", .proxy = proxy}).status == 200);
    CHECK(server.received().starts_with("GET http://venue.invalid/x HTTP/1.1\r\n"));
    CHECK(server.received().find("Proxy-Authorization: Basic ") != std::string::npos);
    const auto dead = fmt::format("http://user:pass@127.0.0.1:{}", closed_port());
    CHECK(stage.fetch({.url = "http://venue.invalid/x", .proxy = dead}).error ==
          "the proxy cannot be reached: Connection refused");
}

TEST_CASE("TLS is verified: authority and name") {
    Stage stage;
    const TlsServer server(kHello, "IP:127.0.0.1");
    const TlsServer other(kHello, "DNS:venue.invalid");
    const auto url = fmt::format("https://127.0.0.1:{}/secret", server.port());
    CHECK(stage.fetch({.url = url, .ca_file = server.ca_file()}).body == "hello");
    CHECK(stage.fetch({.url = url, .ca_file = other.ca_file()}).error.starts_with("TLS: "));
    CHECK(stage.get(url).error.starts_with("TLS: "));
    CHECK(stage.fetch({.url = url, .ca_file = "/no/such/file"}).error.starts_with("TLS: "));
    const auto wrong_name = stage.fetch({.url = fmt::format("https://127.0.0.1:{}/secret", other.port()),
                                         .shown_host = "<host>",
                                         .ca_file = other.ca_file()});
    CHECK(wrong_name.error.starts_with("TLS: "));
    CHECK(wrong_name.error.find("<host>") != std::string::npos);
    CHECK(wrong_name.error.find("127.0.0.1") == std::string::npos);
}
