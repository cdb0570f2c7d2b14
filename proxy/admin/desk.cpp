#include "admin/desk.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace fairlead::admin {

struct Desk::Hall {
    std::mutex mutex;
    std::condition_variable changed;
    bool closed = false;
};

Desk::Desk(AskRelay ask, std::chrono::milliseconds patience)
    : ask_(std::move(ask)), patience_(patience), hall_(std::make_shared<Hall>()) {}

std::optional<v1::Reply> Desk::ask(const v1::Request& request) {
    auto answer = std::make_shared<std::optional<std::string>>();
    ask_(request.SerializeAsString(), [hall = hall_, answer](std::string reply) {
        const std::lock_guard lock(hall->mutex);
        *answer = std::move(reply);
        hall->changed.notify_all();
    });
    std::unique_lock lock(hall_->mutex);
    hall_->changed.wait_for(lock, patience_, [&] { return answer->has_value() || hall_->closed; });
    v1::Reply reply;
    if (!answer->has_value() || !reply.ParseFromString(**answer)) return {};
    return reply;
}

void Desk::close() {
    const std::lock_guard lock(hall_->mutex);
    hall_->closed = true;
    hall_->changed.notify_all();
}

}  // namespace fairlead::admin
