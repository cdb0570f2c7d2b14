#include "net/resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

namespace fairlead::net {
namespace {

Resolved look_up(const std::string& host, bool ipv4_only, int flags) {
    addrinfo hints{};
    hints.ai_family = ipv4_only ? AF_INET : AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    if (const int code = getaddrinfo(host.c_str(), nullptr, &hints, &found); code != 0)
        return std::string(code == EAI_SYSTEM ? std::strerror(errno) : gai_strerror(code));
    Addresses addresses;
    for (const addrinfo* at = found; at; at = at->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0)
            continue;
        if (std::ranges::find(addresses, text.data()) == addresses.end()) addresses.emplace_back(text.data());
    }
    freeaddrinfo(found);
    if (addresses.empty()) return std::string("no address");
    return addresses;
}

struct Lookup {
    std::string host;
    bool ipv4_only = false;
    std::weak_ptr<void> wanted;
    std::function<void(const Resolved&)> done;

    bool asks_the_same_as(const Lookup& other) const { return host == other.host && ipv4_only == other.ipv4_only; }
};

}  // namespace

// Lives as long as the last lookup thread; the loop in it only as long as the Resolver.
struct Resolver::Shared {
    std::mutex mutex;
    Loop* loop = nullptr;  // null once the Resolver has gone
    std::deque<Lookup> queue;
    std::vector<const Lookup*> running;
    unsigned threads = 0;

    // With the mutex held. Hands the answer to the relay thread, where it is dropped if nobody wants it by then.
    static void deliver(const std::shared_ptr<Shared>& shared, Lookup lookup, const Resolved& resolved) {
        if (!shared->loop) return;
        shared->loop->post([shared, lookup = std::move(lookup), resolved] {
            {
                const std::lock_guard lock(shared->mutex);
                if (!shared->loop) return;
            }
            if (!lookup.wanted.expired()) lookup.done(resolved);
        });
    }

    // With the mutex held. The first that is wanted and that nobody is looking up already.
    std::optional<Lookup> take() {
        std::erase_if(queue, [](const Lookup& lookup) { return lookup.wanted.expired(); });
        const auto found = std::ranges::find_if(queue, [this](const Lookup& lookup) {
            return std::ranges::none_of(running, [&](const Lookup* other) { return other->asks_the_same_as(lookup); });
        });
        if (!loop || found == queue.end()) return std::nullopt;
        Lookup taken = std::move(*found);
        queue.erase(found);
        return taken;
    }

    static void work(const std::shared_ptr<Shared>& shared) {
        std::unique_lock lock(shared->mutex);
        while (const auto lookup = shared->take()) {
            shared->running.push_back(&*lookup);
            lock.unlock();
            const auto resolved = look_up(lookup->host, lookup->ipv4_only, AI_ADDRCONFIG);
            lock.lock();
            std::erase(shared->running, &*lookup);
            for (const auto& waiting : shared->queue)
                if (waiting.asks_the_same_as(*lookup)) deliver(shared, waiting, resolved);
            std::erase_if(shared->queue, [&](const Lookup& waiting) { return waiting.asks_the_same_as(*lookup); });
            deliver(shared, *lookup, resolved);
        }
        --shared->threads;
    }
};

Resolver::Resolver(Loop& loop) : shared_(std::make_shared<Shared>()) {
    shared_->loop = &loop;
}

Resolver::~Resolver() {
    const std::lock_guard lock(shared_->mutex);
    shared_->loop = nullptr;
    shared_->queue.clear();
}

void Resolver::resolve(const std::string& host, bool ipv4_only, std::weak_ptr<void> wanted,
                       std::function<void(const Resolved&)> done) {
    const auto numeric = look_up(host, ipv4_only, AI_NUMERICHOST);
    Lookup lookup{host, ipv4_only, std::move(wanted), std::move(done)};
    const std::lock_guard lock(shared_->mutex);
    if (std::holds_alternative<Addresses>(numeric)) return Shared::deliver(shared_, std::move(lookup), numeric);
    if (shared_->queue.size() >= kMaxQueued)
        return Shared::deliver(shared_, std::move(lookup), std::string("too many lookups are waiting"));
    shared_->queue.push_back(std::move(lookup));
    if (shared_->threads >= kMaxThreads) return;
    ++shared_->threads;
    try {
        std::thread([shared = shared_] { Shared::work(shared); }).detach();
    } catch (const std::system_error&) {
        --shared_->threads;  // a lookup that runs takes this one along; without any, its attempt times out
    }
}

}  // namespace fairlead::net
