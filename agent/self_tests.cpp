#include "agent/self_tests.hpp"

#include "agent/engine/descriptor.hpp"
#include "agent/engine/socket_address.hpp"
#include "common/net/address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto kBetweenLooks = 1s;
constexpr auto kPollStep = 200ms;

/// The address at which the listener is reached from here: for one that listens everywhere the loopback.
Endpoint reachable(Endpoint listen) {
    const bool everywhere = std::ranges::all_of(listen.address, [](std::uint8_t byte) { return byte == 0; });
    if (everywhere) {
        listen.address.back() = 1;  // ::1
    } else if (listen.v4() == Endpoint::V4{0, 0, 0, 0}) {
        listen = Endpoint::of({127, 0, 0, 1}, listen.port);
    }
    return listen;
}

std::string because(const char* what) {
    return std::string(what) + ": " + std::strerror(errno);  // NOLINT(concurrency-mt-unsafe): glibc's is not shared
}

/// One visit on one socket. Waits in short steps, so that the agent's end is not held up.
class Visit {
public:
    Visit(const ServiceView& service, const VisitPatience& patience, Visits& visits, std::function<bool()> stopping)
        : service_(service), patience_(patience), visits_(visits), stopping_(std::move(stopping)) {}
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;
    ~Visit() { visits_.forget(from_); }

    SelfTestReport stream() {
        if (!open(SOCK_STREAM)) {
            return failed("connect");
        }
        bool spoke = ready(POLLIN, patience_.speaksFirst);
        if (!spoke && send(service_.protocol == "http" ? "GET / HTTP/1.0\r\n\r\n" : "\r\n")) {
            spoke = ready(POLLIN, patience_.speaksFirst);
        }
        ::shutdown(socket_.get(), SHUT_WR);  // who says nothing ends at least
        if (!spoke && !ready(POLLIN, patience_.answers)) {
            why_ = "neither a byte nor an end came";
            return failed("answer");
        }
        return readToTheEnd();
    }

    SelfTestReport datagram() {
        if (!open(SOCK_DGRAM) || !send("\r\n")) {
            return failed("connect");
        }
        const auto until = Steady::now() + patience_.connects;
        while (visits_.expects(from_)) {
            if (Steady::now() >= until || stopping_()) {
                why_ = "the datagram did not arrive";
                return failed("connect");
            }
            ::poll(nullptr, 0, static_cast<int>(std::chrono::milliseconds(kPollStep).count()));
        }
        return passed();
    }

private:
    /// At the first of the addresses that is this machine's now: a host on a link may have gone to somebody else.
    bool open(int type) {
        const auto has =
            std::ranges::find_if(service_.listens, [&](const Endpoint& listen) { return bound(listen, type); });
        if (has == service_.listens.end()) {
            return false;
        }
        const SocketAddress to(reachable(*has));
        from_ = localEndpoint(socket_.get());
        visits_.expect(from_);
        if (::connect(socket_.get(), to.raw(), to.size) == 0) {
            return true;
        }
        int error = errno;
        if (error == EINPROGRESS && ready(POLLOUT, patience_.connects)) {
            socklen_t size = sizeof error;
            ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
        }
        errno = error == EINPROGRESS ? ETIMEDOUT : error;
        why_ = error == 0 ? std::string() : because(endpointText(to.endpoint()).c_str());
        return error == 0;
    }

    /// A socket that comes from the address it is to go to.
    bool bound(const Endpoint& listen, int type) {
        const SocketAddress to(reachable(listen));
        socket_ = Descriptor(::socket(to.family(), type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        Endpoint own = to.endpoint();
        own.port = 0;
        const SocketAddress from(own);
        if (!socket_ || ::bind(socket_.get(), from.raw(), from.size) != 0) {
            why_ = because("no socket");
            return false;
        }
        return true;
    }

    bool send(std::string_view bytes) {
        if (::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) {
            return true;
        }
        why_ = because("cannot send");
        return false;
    }

    bool ready(short what, std::chrono::milliseconds within) {
        const auto until = Steady::now() + within;
        while (!stopping_()) {
            pollfd polled{.fd = socket_.get(), .events = what, .revents = 0};
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
            if (left <= 0ms) {
                return false;
            }
            if (::poll(&polled, 1, static_cast<int>(std::min<std::chrono::milliseconds>(left, kPollStep).count())) >
                0) {
                return true;
            }
        }
        return false;
    }

    SelfTestReport readToTheEnd() {
        std::array<char, 4096> buffer{};
        const auto until = Steady::now() + patience_.ends;
        bool answered = false;
        while (ready(POLLIN, std::chrono::floor<std::chrono::milliseconds>(until - Steady::now()))) {
            const auto got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
            if (got == 0) {
                return passed();
            }
            if (got < 0) {
                why_ = because("the session broke");
                return failed(answered ? "record" : "answer");
            }
            answered = true;
        }
        why_ = stopping_() ? "the agent stops" : "no end of the session came, which is there once it is in the spool";
        return failed("record");
    }

    static SelfTestReport passed() {
        return {.at = std::chrono::system_clock::now(), .passed = true, .step = {}, .reason = {}};
    }
    SelfTestReport failed(const char* step) const {
        return {.at = std::chrono::system_clock::now(), .passed = false, .step = step, .reason = why_};
    }

    const ServiceView& service_;
    const VisitPatience& patience_;
    Visits& visits_;
    const std::function<bool()> stopping_;
    Descriptor socket_;
    Endpoint from_;
    std::string why_;
};

}  // namespace

SelfTests::SelfTests(SelfTestSettings settings, Engine& engine, const Spool& spool, ServiceBoard& board)
    : settings_(settings), engine_(engine), spool_(spool), board_(board) {}

void SelfTests::run() {
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            if (changed_.wait_for(lock, kBetweenLooks, [this] { return stopping_; })) {
                return;
            }
        }
        look();
    }
}

void SelfTests::close() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
}

bool SelfTests::stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
}

/// Visits who is due, and sees what became of those before.
void SelfTests::look() {
    const auto now = Steady::now();
    const auto services = settings_.every > 0min ? engine_.services() : std::vector<ServiceView>();
    for (const ServiceView& service : services) {
        if (service.actual != ServiceActual::On || service.listens.empty()) {
            due_.erase(service.name);
            std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.service == service.name; });
            continue;
        }
        const auto due = due_.try_emplace(service.name, now + settings_.first).first;
        if (now >= due->second && !stopping()) {
            due->second = now + settings_.every;
            begin(service, Steady::now() + settings_.acknowledge);
        }
    }
    std::erase_if(waiting_, [this](const Waiting& waiting) { return settled(waiting); });
}

void SelfTests::begin(const ServiceView& service, Steady::time_point until) {
    SelfTestReport report = visit(service);
    if (report.passed && settings_.collector) {
        waiting_.push_back({.service = service.name, .at = report.at, .lanes = spool_.lanes(), .until = until});
    } else if (!stopping()) {
        finish(service.name, std::move(report));
    }
}

SelfTestReport SelfTests::visit(const ServiceView& service) const {
    Visit visit(service, settings_.patience, engine_.visits(), [this] { return stopping(); });
    return service.transport == Transport::Stream ? visit.stream() : visit.datagram();
}

/// Whether all that was in the spool behind the visit has been acknowledged, or the time for that is over; then it is
/// told. What an old lane still has from long before does not concern the visit.
bool SelfTests::settled(const Waiting& waiting) {
    const auto lanes = spool_.lanes();
    const bool there = std::ranges::all_of(waiting.lanes, [&](const LaneView& then) {
        const auto now = std::ranges::find(lanes, then.lane, &LaneView::lane);
        return then.lane != waiting.lanes.back().lane || now == lanes.end() || now->acknowledged >= then.last;
    });
    if (!there && Steady::now() < waiting.until) {
        return false;
    }
    finish(waiting.service, {.at = waiting.at,
                             .passed = there,
                             .step = there ? "" : "acknowledge",
                             .reason = there ? "" : "the collector has not acknowledged the visit's records"});
    return true;
}

void SelfTests::finish(const std::string& service, SelfTestReport report) {
    board_.tested(service, report);
}

Result<std::map<std::string, SelfTestReport>> SelfTests::testNow(std::string_view name) {
    std::map<std::string, SelfTestReport> results;
    for (const ServiceView& service : engine_.services()) {
        if (!name.empty() && service.name != name) {
            continue;
        }
        if (service.actual == ServiceActual::On && !service.listens.empty()) {
            results[service.name] = visit(service);
        } else if (!name.empty()) {
            return Error{"the service " + std::string(name) + " is not on: apiary-agent start " + std::string(name)};
        }
    }
    if (!name.empty() && results.empty()) {
        return Error{"there is no service " + std::string(name) + "; apiary-agent services lists them"};
    }
    const auto lanes = spool_.lanes();
    const auto until = Steady::now() + settings_.patience.acknowledged;
    const auto acknowledged = [&] {
        const auto now = spool_.lanes();
        return now.empty() || lanes.empty() || now.back().lane != lanes.back().lane ||
               now.back().acknowledged >= lanes.back().last;
    };
    std::unique_lock lock(mutex_);
    while (settings_.collector && !acknowledged() && Steady::now() < until && !stopping_) {
        changed_.wait_for(lock, kPollStep);
    }
    lock.unlock();
    const bool there = !settings_.collector || acknowledged();
    for (auto& [service, report] : results) {
        if (report.passed && !there) {
            report = {.at = report.at,
                      .passed = false,
                      .step = "acknowledge",
                      .reason = "the collector has not acknowledged the visit's records"};
        }
        board_.tested(service, report);
    }
    return results;
}

}  // namespace apiary::agent
