#include "agent/engine/loop.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace apiary::agent {

Loop::Loop(RecorderSource& recorders) : recorders_(recorders), door_(std::make_shared<Guarded<Door>>(Door{&io_, {}})) {}

Loop::~Loop() {
    std::vector<std::function<void()>> late;  // destroyed unlocked
    door_->with([&](Door& door) {
        door.io = nullptr;
        late.swap(door.due);
    });
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
        door->with([&](Door& open) {
            if (open.io == nullptr) {
                return;
            }
            open.due.push_back(std::move(then));
            if (open.due.size() == 1) {  // those of one commit come together
                boost::asio::post(*open.io, [door] { runDue(*door); });
            }
        });
    };
}

void Loop::runDue(Guarded<Door>& door) {
    std::vector<std::function<void()>> due;
    door.with([&](Door& open) { due.swap(open.due); });
    for (const auto& then : due) {
        then();
    }
}

}  // namespace apiary::agent
