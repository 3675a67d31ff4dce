#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <sys/epoll.h>

namespace apiary::agent {

/// What a Poller tells the owner of a socket.
class Polled {
public:
    Polled() = default;
    Polled(const Polled&) = delete;
    Polled& operator=(const Polled&) = delete;
    virtual ~Polled() = default;

    /// These events of epoll_wait() have come about.
    virtual void happened(std::uint32_t events) = 0;

    /// The poller is gone and tells nothing more: it has forgotten this.
    virtual void abandoned() = 0;

private:
    friend class Poller;
    Polled* before_ = nullptr;  // in the poller's list
    Polled* after_ = nullptr;
};

/// The sockets of one loop: a set of epoll that the loop's io_context watches as a single descriptor.
///
/// A socket is registered once, edge-triggered. asio would ask the kernel anew for each wait, and make each socket
/// non-blocking once more: calls that a connection pays for which is greeted and closed. One thread.
class Poller {
public:
    explicit Poller(boost::asio::io_context& io);
    Poller(const Poller&) = delete;
    Poller& operator=(const Poller&) = delete;
    ~Poller();

    /// Tells `owner` of these events of the socket, from now on until remove(). What is true already is told too.
    /// Throws std::system_error if the kernel takes no more.
    void add(int socket, std::uint32_t events, Polled& owner);

    /// Other events from now on; those that are true at present are told once more.
    void change(int socket, std::uint32_t events, Polled& owner);

    /// Tells nothing more. To be called before the socket is closed, which takes it out of the set unless somebody else
    /// holds it too: say so by `shared`.
    void remove(int socket, bool shared, Polled& owner);

private:
    void await();
    void deliver();

    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> set_;
    std::array<epoll_event, 128> due_{};  // of which those in [next_, count_) are not told yet
    std::size_t next_ = 0;
    std::size_t count_ = 0;
    Polled* first_ = nullptr;  // of all that are registered
};

}  // namespace apiary::agent
