#pragma once

#include <stdexcept>

namespace fairlead::client {

// A Subscriber or Control cannot be made: an endpoint that ZeroMQ does not understand, no sockets left. Thrown by
// constructors only; what() names the endpoint and the cause.
class ClientError : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace fairlead::client
