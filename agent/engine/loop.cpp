#include "agent/engine/loop.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace apiary::agent {

Loop::Loop(RecorderSource& recorders) : recorders_(recorders) {}

Loop::~Loop() {
    door_->with([](auto& io) { io = nullptr; });
}

void Loop::refuse(const Refusal& refusal) {
    for (const Refusal& due : refusals_.add(refusal, Steady::now())) {
        recorders_.refused(due);
    }
    awaitRefusals();
}

void Loop::tellRefusals() {
    for (const Refusal& due : refusals_.takeDue(Steady::now(), true)) {
        recorders_.refused(due);
    }
}

void Loop::awaitRefusals() {
    if (refusalsAwaited_ || refusals_.empty()) {
        return;
    }
    refusalsAwaited_ = true;
    refusalTimer_.expires_after(std::chrono::seconds(1));
    refusalTimer_.async_wait([this](boost::system::error_code error) {
        refusalsAwaited_ = false;
        if (!error) {
            for (const Refusal& due : refusals_.takeDue(Steady::now())) {
                recorders_.refused(due);
            }
            awaitRefusals();
        }
    });
}

std::function<void()> Loop::callback(std::function<void()> then) {
    return [door = door_, then = std::move(then)]() mutable {
        door->with([&](boost::asio::io_context* io) {
            if (io == nullptr) {
                return;
            }
            boost::asio::post(*io, std::move(then));
        });
    };
}

}  // namespace apiary::agent
