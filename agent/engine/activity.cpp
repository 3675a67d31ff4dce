#include "agent/engine/activity.hpp"

#include <algorithm>
#include <poll.h>
#include <sys/epoll.h>
#include <utility>

namespace apiary::agent {

using boost::system::error_code;

void Activity::wake() {
    const auto self = shared_from_this();  // it may end here, and let go of itself
    if (waiting_) {
        std::exchange(waiting_, {}).resume();
    } else {
        woken_ = true;
    }
}

void Activity::launch(Task task) {
    task_ = std::move(task);
    task_.start();
}

void Activity::setTimer(Steady::time_point deadline) {
    if (deadline >= timerSet_) {
        return;
    }
    timerSet_ = deadline;
    timer_.expires_at(deadline);
    timer_.async_wait([self = shared_from_this()](error_code error) {
        if (!error) {  // a wait that a nearer deadline replaced says "aborted", or comes early, which does no harm
            self->timerSet_ = Steady::time_point::max();
            self->wake();
        }
    });
}

void Activity::rest() {
    timer_.cancel();
}

static constexpr std::uint32_t kBroken = EPOLLERR | EPOLLHUP;

Watch::Watch(Loop& loop, Descriptor socket, bool shared)
    : poller_(&loop.poller()),
      socket_(std::move(socket)),
      events_(EPOLLIN | EPOLLRDHUP | EPOLLPRI),
      armed_{true, false, true},
      shared_(shared) {
    poller_->add(fd(), events_, *this);
}

Watch::~Watch() {
    close();
}

void Watch::want(What what, Activity& owner) {
    if (state_[what] == State::Asked || poller_ == nullptr) {
        return;
    }
    state_[what] = State::Asked;
    owner_ = owner.shared_from_this();
    if (!armed_[what]) {
        events_ |= what == Write ? EPOLLOUT : 0U;
        armed_ = {true, (events_ & EPOLLOUT) != 0, true};
        poller_->change(fd(), events_, *this);
    }
}

void Watch::tookRead(bool drained) {
    state_[Read] = State::Idle;
    armed_[Read] = armed_[Read] || (drained && !endless_);
}

bool Watch::asked() const {
    return std::ranges::find(state_, State::Asked) != state_.end();
}

void Watch::happened(std::uint32_t events) {
    constexpr std::array<std::uint32_t, 3> kMeans{EPOLLIN | EPOLLRDHUP | kBroken, EPOLLOUT | kBroken,
                                                  EPOLLPRI | kBroken};
    endless_ = endless_ || (events & (EPOLLRDHUP | EPOLLPRI | kBroken)) != 0;
    bool wakes = false;
    for (std::size_t what = 0; what < kMeans.size(); ++what) {
        if ((events & kMeans.at(what)) != 0) {
            armed_.at(what) = false;
            if (state_.at(what) == State::Asked) {
                state_.at(what) = State::Ready;
                wakes = true;
            }
        }
    }
    if (wakes) {
        const auto owner = asked() ? owner_ : std::move(owner_);
        owner->wake();  // this may be gone when it returns
    }
}

void Watch::abandoned() {
    poller_ = nullptr;
    const auto owner = std::move(owner_);  // this may be gone with it
}

bool Watch::failed() const {
    pollfd state{fd(), 0, 0};  // asks for nothing: only a reset or an error shows
    return ::poll(&state, 1, 0) > 0;
}

void Watch::close() {
    if (poller_ != nullptr) {
        std::exchange(poller_, nullptr)->remove(fd(), shared_, *this);
    }
    socket_.reset();
    const auto owner = std::move(owner_);
}

}  // namespace apiary::agent
