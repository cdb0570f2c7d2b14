// replay and snapshot: the past, asked for page by page and shown as lines like those of tap.
#pragma once

#include "arguments.hpp"
#include "fairlead/v1/control.pb.h"

#include <string>

namespace fairlead::ctl {

// As one line without its newline: DATA as tap shows it, anything else behind a '#'. Pure.
std::string describe(const v1::StreamMessage& message);
// Where the numbering of a topic is, behind a '#'. Pure.
std::string describe(const v1::TopicSnapshot& topic);
// Why a replay is not whole; empty = it is. Pure.
std::string incomplete(const v1::ReplayResult& result);

// Until the last page. With --json each page is one line. Return the exit code: a replay that is not whole has failed.
int run_replay(const Arguments& arguments, const Replay& replay);
int run_snapshot(const Arguments& arguments, const Snapshot& snapshot);

}  // namespace fairlead::ctl
