// Replies about the sidecar as a whole, for people. Pure.
#pragma once

#include "fairlead/v1/control.pb.h"

#include <string>

namespace fairlead::ctl {

std::string status_text(const v1::Status& status);
std::string consumers_text(const v1::Consumers& consumers);
std::string alerts_text(const v1::Alerts& alerts);
std::string alert_channels_text(const v1::AlertChannels& channels);
// TOML that can be loaded again; what is said about it stands behind '#'.
std::string config_text(const v1::ConfigResult& config);

// "done at 2026-01-31T12:34:56Z: a rotated (3 done, 1 failed)"
std::string reload_outcome(const v1::ReloadOutcome& outcome);

}  // namespace fairlead::ctl
