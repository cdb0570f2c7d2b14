// tap: the stream as lines. One line per message on stdout; gaps, changes of connections and ends in plain words, on
// lines that begin with '#' (with --raw they go to stderr).
#pragma once

#include "arguments.hpp"
#include "fairlead/subscriber.hpp"

#include <string>

namespace fairlead::ctl {

// Each as one line without its newline. Pure.
std::string describe(const client::Message& message);
std::string describe(const client::Gap& gap);
std::string describe(const client::ConnectionChange& change);
std::string describe(const client::End& end);

// What it subscribes to, and where it fetches again what was lost on the way: from the control socket that was given,
// else from the one that the sidecar names. Pure.
client::SubscriberOptions tap_options(const Arguments& arguments, const Tap& tap);

// Until SIGINT, SIGTERM, a closed stdout or the wanted count. Returns the exit code.
int run_tap(const Arguments& arguments, const Tap& tap);

}  // namespace fairlead::ctl
