#include "agent/engine/poller.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace apiary::agent {
namespace {

int newSet() {
    const int set = ::epoll_create1(EPOLL_CLOEXEC);
    if (set < 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_create1");
    }
    return set;
}

epoll_event eventOf(std::uint32_t events, Polled& owner) {
    epoll_event event{};
    event.events = events | EPOLLET;
    event.data.ptr = &owner;
    return event;
}

}  // namespace

Poller::Poller(boost::asio::io_context& io) : set_(io, newSet()) {
    await();
}

Poller::~Poller() {
    while (first_ != nullptr) {
        Polled& owner = *std::exchange(first_, first_->after_);
        owner.before_ = owner.after_ = nullptr;
        if (first_ != nullptr) {
            first_->before_ = nullptr;
        }
        owner.abandoned();  // which may destroy others, and take them out of the list
    }
}

void Poller::add(int socket, std::uint32_t events, Polled& owner) {
    epoll_event event = eventOf(events, owner);
    if (::epoll_ctl(set_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0) {
        throw std::system_error(errno, std::generic_category(), "epoll_ctl");
    }
    owner.after_ = first_;
    if (first_ != nullptr) {
        first_->before_ = &owner;
    }
    first_ = &owner;
}

void Poller::change(int socket, std::uint32_t events, Polled& owner) {
    epoll_event event = eventOf(events, owner);
    ::epoll_ctl(set_.native_handle(), EPOLL_CTL_MOD, socket, &event);
}

void Poller::remove(int socket, bool shared, Polled& owner) {
    if (shared) {
        epoll_event none{};
        ::epoll_ctl(set_.native_handle(), EPOLL_CTL_DEL, socket, &none);
    }
    for (std::size_t i = next_; i < count_; ++i) {
        if (due_.at(i).data.ptr == &owner) {
            due_.at(i).data.ptr = nullptr;
        }
    }
    if (owner.after_ != nullptr) {
        owner.after_->before_ = owner.before_;
    }
    (owner.before_ != nullptr ? owner.before_->after_ : first_) = owner.after_;
    owner.before_ = owner.after_ = nullptr;
}

void Poller::await() {
    set_.async_wait(set_.wait_read, [this](boost::system::error_code error) {
        if (!error) {
            deliver();
            await();
        }
    });
}

/// What does not fit is told when the loop has been elsewhere.
void Poller::deliver() {
    const int came = ::epoll_wait(set_.native_handle(), due_.data(), static_cast<int>(due_.size()), 0);
    count_ = static_cast<std::size_t>(std::max(came, 0));
    for (next_ = 0; next_ < count_;) {
        const epoll_event& event = due_.at(next_++);
        if (event.data.ptr != nullptr) {
            static_cast<Polled*>(event.data.ptr)->happened(event.events);
        }
    }
    next_ = count_ = 0;
}

}  // namespace apiary::agent
