#include "net/http_client.hpp"

#include "net/curl_library.hpp"
#include "net/http_transfer.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace fairlead::net {
namespace {

constexpr int kIdleMs = 60'000;  // libcurl's own deadlines and wakeup() come first
constexpr long kMaxConnectionsKept = 8;

}  // namespace

// The thread's side. Everything but run() is for the relay thread.
class HttpClient::Worker {
public:
    using Answered = std::function<void(std::uint64_t id, seam::HttpAnswer answer)>;

    Worker(const CurlLibrary& curl, Answered answered)
        : curl_(curl),
          answered_(std::move(answered)),
          is_initialised_(curl_.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK),
          multi_(is_initialised_ ? curl_.multi_init() : nullptr) {
        if (multi_) curl_.multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMaxConnectionsKept);
    }
    ~Worker() {
        if (multi_) curl_.multi_cleanup(multi_);
        if (is_initialised_) curl_.global_cleanup();
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // Of no other use if it is not.
    bool is_ready() const { return multi_ != nullptr; }
    void begin(std::uint64_t id, const seam::HttpRequest& request) {
        {
            const std::lock_guard lock(mutex_);
            begun_.emplace(id, request);
        }
        curl_.multi_wakeup(multi_);
    }
    void cancel(std::uint64_t id) {
        {
            const std::lock_guard lock(mutex_);
            if (begun_.erase(id) == 0) cancelled_.push_back(id);
        }
        curl_.multi_wakeup(multi_);
    }
    void stop() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        curl_.multi_wakeup(multi_);
    }

    void run() {
        while (take_orders()) {
            int running = 0;
            auto code = curl_.multi_perform(multi_, &running);
            collect();
            if (code == CURLM_OK) code = curl_.multi_poll(multi_, nullptr, 0, kIdleMs, nullptr);
            if (code != CURLM_OK) fail_all(curl_.multi_strerror(code));
        }
        for (const auto& [id, transfer] : transfers_)
            curl_.multi_remove_handle(multi_, transfer->handle());
        transfers_.clear();
    }

private:
    // False = the end.
    bool take_orders() {
        std::map<std::uint64_t, seam::HttpRequest> begun;
        std::vector<std::uint64_t> cancelled;
        {
            const std::lock_guard lock(mutex_);
            if (stopping_) return false;
            begun.swap(begun_);
            cancelled.swap(cancelled_);
        }
        for (const auto id : cancelled)
            end(id);
        for (auto& [id, request] : begun)
            start(id, std::move(request));
        return true;
    }

    void start(std::uint64_t id, seam::HttpRequest request) {
        auto transfer = std::make_unique<HttpTransfer>(curl_, std::move(request));
        if (!transfer->refused().empty()) return answered_(id, {.error = transfer->refused()});
        if (const auto code = curl_.multi_add_handle(multi_, transfer->handle()); code != CURLM_OK)
            return answered_(id, {.error = curl_.multi_strerror(code)});
        transfers_.emplace(id, std::move(transfer));
    }

    void end(std::uint64_t id) {
        const auto found = transfers_.find(id);
        if (found == transfers_.end()) return;
        curl_.multi_remove_handle(multi_, found->second->handle());
        transfers_.erase(found);
    }

    void collect() {
        int left = 0;
        while (const CURLMsg* message = curl_.multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;  // the message does not outlive its handle
            for (const auto& [id, transfer] : transfers_) {
                if (transfer->handle() != message->easy_handle) continue;
                const auto ended = id;
                answered_(ended, transfer->answer(code));
                end(ended);
                break;
            }
        }
    }

    void fail_all(const std::string& why) {
        while (!transfers_.empty()) {
            answered_(transfers_.begin()->first, {.error = why});
            end(transfers_.begin()->first);
        }
    }

    const CurlLibrary curl_;
    const Answered answered_;
    const bool is_initialised_;
    CURLM* const multi_;
    std::map<std::uint64_t, std::unique_ptr<HttpTransfer>> transfers_;  // the thread's alone
    std::mutex mutex_;
    std::map<std::uint64_t, seam::HttpRequest> begun_;  // guarded by mutex_
    std::vector<std::uint64_t> cancelled_;              // guarded by mutex_
    bool stopping_ = false;                             // guarded by mutex_
};

// The relay thread's side: who waits for what. Destroying a callback may destroy other calls, so it is always taken out
// first.
struct HttpClient::Desk {
    std::map<std::uint64_t, std::function<void(const seam::HttpAnswer&)>> waiting;
    std::uint64_t last_id = 0;
    Worker* worker = nullptr;  // null before the client has started, and once it has gone

    void deliver(std::uint64_t id, const seam::HttpAnswer& answer) {
        const auto taken = waiting.extract(id);
        if (taken) taken.mapped()(answer);
    }
    void cancel(std::uint64_t id) {
        const auto taken = waiting.extract(id);
        if (taken && worker) worker->cancel(id);
    }
};

class HttpClient::Call final : public seam::HttpCall {
public:
    Call(std::shared_ptr<Desk> desk, std::uint64_t id) : desk_(std::move(desk)), id_(id) {}
    ~Call() override { desk_->cancel(id_); }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

private:
    std::shared_ptr<Desk> desk_;
    std::uint64_t id_;
};

HttpClient::HttpClient(Loop& loop) : HttpClient(loop, kCurlLibrary) {}

HttpClient::HttpClient(Loop& loop, std::string library)
    : loop_(loop), library_(std::move(library)), desk_(std::make_shared<Desk>()) {}

std::string HttpClient::start() {
    if (worker_) return {};
    auto loaded = load_curl(library_.c_str());
    if (auto* problem = std::get_if<std::string>(&loaded)) return std::move(*problem);
    auto worker = std::make_unique<Worker>(
        std::get<CurlLibrary>(loaded), [&loop = loop_, desk = desk_](std::uint64_t id, seam::HttpAnswer answer) {
            loop.post([desk, id, answer = std::move(answer)] { desk->deliver(id, answer); });
        });
    if (!worker->is_ready()) return "libcurl cannot be started: is memory short?";
    // The thread inherits the mask: no signal is meant for it, SIGPIPE least of all.
    sigset_t all{};
    sigset_t before{};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    std::string problem;
    try {
        thread_ = std::thread([worker = worker.get()] { worker->run(); });
    } catch (const std::system_error& error) {
        problem = fmt::format("no thread for HTTP can be started: {}", error.what());
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    if (!problem.empty()) return problem;
    worker_ = std::move(worker);
    desk_->worker = worker_.get();
    return {};
}

std::string HttpClient::what_is_missing() const {
    auto loaded = load_curl(library_.c_str());
    auto* problem = std::get_if<std::string>(&loaded);
    return problem ? std::move(*problem) : std::string();
}

HttpClient::~HttpClient() {
    desk_->worker = nullptr;
    const auto waiting = std::exchange(desk_->waiting, {});
    if (!worker_) return;
    worker_->stop();
    thread_.join();
}

std::unique_ptr<seam::HttpCall> HttpClient::fetch(const seam::HttpRequest& request,
                                                  std::function<void(const seam::HttpAnswer&)> done) {
    const auto id = ++desk_->last_id;
    const auto refused = desk_->waiting.size() < kMaxCalls ? start() : std::string("too many HTTP requests at once");
    if (refused.empty())
        worker_->begin(id, request);
    else
        loop_.post([desk = desk_, id, refused] { desk->deliver(id, {.error = refused}); });
    desk_->waiting.emplace(id, std::move(done));
    return std::make_unique<Call>(desk_, id);
}

}  // namespace fairlead::net
