#include "app/config_record.hpp"

#include "config/load.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <utility>

namespace fairlead::app {
namespace {

std::uint64_t nanoseconds(core::WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

ConfigRecord::ConfigRecord(config::Config config, std::string file, core::WallTime loaded)
    : config_(std::move(config)), file_(std::move(file)), loaded_(loaded) {}

void ConfigRecord::applied(config::Config config, std::string detail, core::WallTime at) {
    config_ = std::move(config);
    loaded_ = last_reload_ = at;
    last_ok_ = true;
    last_detail_ = std::move(detail);
    ++succeeded_;
}

void ConfigRecord::refused(std::string detail, core::WallTime at) {
    last_reload_ = at;
    last_ok_ = false;
    last_detail_ = std::move(detail);
    ++failed_;
}

void ConfigRecord::describe(v1::Status& status) const {
    status.set_config_loaded_ns(nanoseconds(loaded_));
    describe(*status.mutable_last_reload());
}

void ConfigRecord::describe(v1::ConfigResult& result) const {
    result.set_toml(config::to_toml(config_));
    result.set_digest(sha256(result.toml()));
    result.set_file(file_);
    result.set_loaded_ns(nanoseconds(loaded_));
    describe(*result.mutable_last_reload());
}

void ConfigRecord::describe(v1::ReloadOutcome& outcome) const {
    outcome.set_time_ns(nanoseconds(last_reload_));
    outcome.set_ok(last_ok_);
    outcome.set_detail(last_detail_);
    outcome.set_succeeded(succeeded_);
    outcome.set_failed(failed_);
}

std::string sha256(std::string_view text) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return {};
    std::string hexadecimal;
    for (unsigned i = 0; i < size; ++i)
        hexadecimal += fmt::format("{:02x}", digest[i]);
    return hexadecimal;
}

}  // namespace fairlead::app
