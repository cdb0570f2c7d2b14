// The C++ client of fairlead: everything in one include.
//
//   Subscriber  reads the stream socket: messages, changes of connection, every loss with its cause
//   Control     asks the control socket: status, reconnect, subscribe, send ...
//
// Both belong to one thread and start none of their own (ZeroMQ keeps its I/O thread). Only constructors throw
// (ClientError); afterwards every outcome is a value. The headers show the protobuf types of the contract
// (fairlead/v1/*.pb.h) and no ZeroMQ type.
#pragma once

#include "fairlead/control.hpp"
#include "fairlead/envelope.hpp"
#include "fairlead/error.hpp"
#include "fairlead/sequence_tracker.hpp"
#include "fairlead/subscriber.hpp"
