// What one would write instead of fairlead, and the measure that it is held against: websocketpp on asio, each message
// published straight from its handler over cppzmq, two frames. It gets what it can have without changing its nature:
// one thread without locks, no log, TCP_NODELAY, the high-water mark of fairlead. It does not reconnect, number, stamp,
// route or tell anybody anything.
//
//   plain_relay --bind ENDPOINT --url URL [--connections N] [--hwm N] [--ca FILE]
#include "arguments.hpp"

#include <websocketpp/client.hpp>
#include <websocketpp/concurrency/none.hpp>
#include <websocketpp/config/asio_client.hpp>
#include <websocketpp/config/asio_no_tls_client.hpp>
#include <websocketpp/logger/stub.hpp>
#include <zmq.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace fairlead::bench {
namespace {

// The library's own configurations, without locks and with a log that is compiled out. Names are the library's.
// NOLINTBEGIN(readability-identifier-naming)
template <class Base>
struct Quick : Base {
    using type = Quick;
    using concurrency_type = websocketpp::concurrency::none;
    using alog_type = websocketpp::log::stub;
    using elog_type = websocketpp::log::stub;

    struct transport_config : Base::transport_config {
        using concurrency_type = websocketpp::concurrency::none;
        using alog_type = websocketpp::log::stub;
        using elog_type = websocketpp::log::stub;
        static const bool enable_multithreading = false;
    };
    using transport_type = websocketpp::transport::asio::endpoint<transport_config>;
    static const bool enable_multithreading = false;
};
// NOLINTEND(readability-identifier-naming)

template <class Client>
void use_tls(Client& client, const std::string& ca_file) {
    client.set_tls_init_handler([ca_file](const websocketpp::connection_hdl&) {
        auto context = websocketpp::lib::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
        context->set_verify_mode(asio::ssl::verify_peer);
        context->load_verify_file(ca_file);
        return context;
    });
}

template <class Config>
void relay(zmq::socket_t& publisher, const Arguments& arguments) {
    using Client = websocketpp::client<Config>;
    Client client;
    client.init_asio();
    if constexpr (std::is_base_of_v<websocketpp::config::asio_tls_client, Config>)
        use_tls(client, arguments.text("--ca"));
    client.set_tcp_post_init_handler([&client](const websocketpp::connection_hdl& handle) {
        client.get_con_from_hdl(handle)->get_raw_socket().set_option(asio::ip::tcp::no_delay{true});
    });
    for (int index = 0; index < arguments.number("--connections", "1"); ++index) {
        std::error_code error;
        const auto connection = client.get_connection(arguments.text("--url"), error);
        if (error) throw std::runtime_error(error.message());
        const std::string topic = "data/c" + std::to_string(index) + "/";
        connection->set_message_handler(
            [&publisher, topic](const websocketpp::connection_hdl&, const typename Client::message_ptr& message) {
                publisher.send(zmq::buffer(topic), zmq::send_flags::sndmore);
                publisher.send(zmq::buffer(message->get_payload()), zmq::send_flags::none);
            });
        client.connect(connection);
    }
    client.run();
}

void run(const Arguments& arguments) {
    zmq::context_t context;
    zmq::socket_t publisher{context, ZMQ_PUB};
    publisher.set(zmq::sockopt::sndhwm, arguments.number("--hwm", "65536"));
    publisher.set(zmq::sockopt::linger, 0);
    publisher.bind(arguments.text("--bind"));
    if (arguments.text("--url").rfind("wss:", 0) == 0)
        relay<Quick<websocketpp::config::asio_tls_client>>(publisher, arguments);
    else
        relay<Quick<websocketpp::config::asio_client>>(publisher, arguments);
}

}  // namespace
}  // namespace fairlead::bench

int main(int argc, char** argv) {
    try {
        fairlead::bench::run({argc, argv});
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "plain_relay: %s\n", error.what());
        return 1;
    }
}
