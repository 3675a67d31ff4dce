#include "agent/engine/activity.hpp"

#include <cassert>
#include <poll.h>
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

Watch::Watch(Loop& loop, Descriptor socket) : descriptor_(loop.io()) {
    descriptor_.assign(socket.get());
    socket.release();
}

void Watch::want(What what, Activity& owner) {
    if (state_[what] == State::Asked) {
        return;
    }
    constexpr LoopDescriptor::wait_type kWaits[] = {LoopDescriptor::wait_read, LoopDescriptor::wait_write,
                                                    LoopDescriptor::wait_error};
    state_[what] = State::Asked;
    descriptor_.async_wait(kWaits[what], [this, what, self = owner.shared_from_this()](error_code error) {
        if (error != boost::asio::error::operation_aborted) {
            state_[what] = State::Ready;
            self->wake();
        }
    });
}

bool Watch::failed() {
    pollfd state{fd(), 0, 0};  // asks for nothing: only a reset or an error shows
    return ::poll(&state, 1, 0) > 0;
}

void Watch::close() {
    error_code ignored;
    descriptor_.close(ignored);
}

}  // namespace apiary::agent
