// An HTTP client whose server is the test: it sees what is asked, and answers when it wants.
#pragma once

#include "seam/http_client.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace fairlead::support {

class FakeHttpClient final : public seam::HttpClient {
public:
    std::unique_ptr<seam::HttpCall> fetch(const seam::HttpRequest& request,
                                          std::function<void(const seam::HttpAnswer&)> done) override {
        const auto id = ++asked;
        open_->emplace(id, Pending{request, std::move(done)});
        return std::make_unique<Call>(open_, id);
    }

    // Requests that wait for their answer; cancelled ones are not among them.
    std::size_t open() const { return open_->size(); }
    // The one that has waited longest.
    const seam::HttpRequest& request() const {
        REQUIRE_FALSE(open_->empty());
        return open_->begin()->second.request;
    }
    void answer(const seam::HttpAnswer& answer) {
        REQUIRE_FALSE(open_->empty());
        const auto taken = open_->extract(open_->begin());
        taken.mapped().done(answer);
    }
    void answer(unsigned status, std::string body = "") { answer({.status = status, .body = std::move(body)}); }

    std::uint64_t asked = 0;

private:
    struct Pending {
        seam::HttpRequest request;
        std::function<void(const seam::HttpAnswer&)> done;
    };
    using Open = std::map<std::uint64_t, Pending>;

    class Call final : public seam::HttpCall {
    public:
        Call(std::shared_ptr<Open> open, std::uint64_t id) : open_(std::move(open)), id_(id) {}
        ~Call() override { const auto taken = open_->extract(id_); }
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;

    private:
        std::shared_ptr<Open> open_;
        std::uint64_t id_;
    };

    std::shared_ptr<Open> open_ = std::make_shared<Open>();
};

}  // namespace fairlead::support
