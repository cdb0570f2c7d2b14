#include "net/resolver.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
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
    std::function<void(const Resolved&)> done;
};

}  // namespace

// Lives as long as the last lookup thread; the loop in it only as long as the Resolver.
struct Resolver::Shared {
    std::mutex mutex;
    Loop* loop = nullptr;  // null once the Resolver has gone
    std::deque<Lookup> queue;
    unsigned threads = 0;

    // Hands the answer to the relay thread, where it is dropped if the Resolver has gone meanwhile.
    static void deliver(const std::shared_ptr<Shared>& shared, Lookup lookup, Resolved resolved) {
        const std::lock_guard lock(shared->mutex);
        if (!shared->loop) return;
        shared->loop->post([shared, done = std::move(lookup.done), resolved = std::move(resolved)] {
            {
                const std::lock_guard inner(shared->mutex);
                if (!shared->loop) return;
            }
            done(resolved);
        });
    }

    static void work(const std::shared_ptr<Shared>& shared) {
        while (true) {
            Lookup lookup;
            {
                const std::lock_guard lock(shared->mutex);
                if (shared->queue.empty() || !shared->loop) {
                    --shared->threads;
                    return;
                }
                lookup = std::move(shared->queue.front());
                shared->queue.pop_front();
            }
            auto resolved = look_up(lookup.host, lookup.ipv4_only, AI_ADDRCONFIG);
            deliver(shared, std::move(lookup), std::move(resolved));
        }
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

void Resolver::resolve(const std::string& host, bool ipv4_only, std::function<void(const Resolved&)> done) {
    auto numeric = look_up(host, ipv4_only, AI_NUMERICHOST);
    Lookup lookup{host, ipv4_only, std::move(done)};
    if (std::holds_alternative<Addresses>(numeric))
        return Shared::deliver(shared_, std::move(lookup), std::move(numeric));
    {
        const std::lock_guard lock(shared_->mutex);
        if (shared_->queue.size() < kMaxQueued) {
            shared_->queue.push_back(std::move(lookup));
            if (shared_->threads >= kMaxThreads) return;
            ++shared_->threads;
            try {
                std::thread([shared = shared_] { Shared::work(shared); }).detach();
            } catch (const std::system_error&) {
                --shared_->threads;  // a lookup that runs takes this one along; without any, its attempt times out
            }
            return;
        }
    }
    Shared::deliver(shared_, std::move(lookup), std::string("too many lookups are waiting"));
}

}  // namespace fairlead::net
