#include "app/application.hpp"
#include "app/commands.hpp"
#include "app/logger.hpp"
#include "app/problems.hpp"
#include "config/load.hpp"

#include <fmt/format.h>
#include <google/protobuf/stubs/common.h>
#include <libwebsockets.h>
#include <openssl/crypto.h>
#include <sys/resource.h>
#include <zmq.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <variant>

namespace fairlead::app {
namespace {

// Before any thread is started: they inherit the mask, and the loop reads the signals from a descriptor.
void block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

// Unless it is asked for. It would hold every secret, for as long as somebody keeps it. Which connections have some is
// known only later: a command or a reload may bring them. The hard limit stays: prlimit(1) can allow one while the
// process runs.
bool forbid_core_file() {
    const char* wanted = std::getenv("FAIRLEAD_CORE");
    if (wanted && *wanted == '1') return true;
    rlimit limit{};
    if (getrlimit(RLIMIT_CORE, &limit) != 0) return false;
    limit.rlim_cur = 0;
    return setrlimit(RLIMIT_CORE, &limit) == 0;
}

}  // namespace

void quiet_libwebsockets() {
    const char* wanted = std::getenv("FAIRLEAD_LWS_LOG");
    lws_set_log_level(wanted && *wanted == '1' ? LLL_ERR | LLL_WARN : 0, nullptr);
}

int run(const std::string& config_file) {
    const bool is_core_safe = forbid_core_file();
    const auto loaded = config::load_file(config_file);
    if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
        print_problems(*problems);
        return kExitConfig;
    }
    const auto& [config, notices] = std::get<config::Loaded>(loaded);
    block_signals();
    quiet_libwebsockets();
    Logger log(config.log);
    for (const auto& notice : notices)
        log.write(seam::LogLevel::Warning, "", "config", {{"notice", notice.to_string()}});
    if (!is_core_safe) log.write(seam::LogLevel::Warning, "", "core_file", {{"notice", "cannot be forbidden"}});
    try {
        Application application(config, log, config_file);
        application.obey_signals();
        application.on_log_level([&log](const std::string& level) { log.set_level(level); });
        application.run();
        return kExitOk;
    } catch (const std::exception& error) {
        log.write(seam::LogLevel::Error, "", "failed", {{"cause", error.what()}});
        return kExitFailed;
    }
}

int version(bool json) {
    int major = 0;
    int minor = 0;
    int patch = 0;
    zmq_version(&major, &minor, &patch);
    const auto zeromq = fmt::format("{}.{}.{}", major, minor, patch);
    const std::string lws = lws_get_library_version();
    const std::string openssl = OpenSSL_version(OPENSSL_VERSION_STRING);
    const auto protobuf = google::protobuf::internal::VersionString(GOOGLE_PROTOBUF_VERSION);
    if (json)
        fmt::print(R"({{"version":"{}","libwebsockets":"{}","openssl":"{}","zeromq":"{}","protobuf":"{}"}})"
                   "\n",
                   FAIRLEAD_VERSION, lws, openssl, zeromq, protobuf);
    else
        fmt::print("fairlead {} (libwebsockets {}, OpenSSL {}, ZeroMQ {}, protobuf {})\n", FAIRLEAD_VERSION, lws,
                   openssl, zeromq, protobuf);
    return kExitOk;
}

}  // namespace fairlead::app
