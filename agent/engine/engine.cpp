#include "agent/engine/engine.hpp"

#include "agent/engine/bound_socket.hpp"
#include "agent/engine/datagram_listener.hpp"
#include "agent/engine/descriptor_limit.hpp"
#include "agent/engine/service_view.hpp"
#include "agent/engine/stream_listener.hpp"
#include "common/log/log.hpp"
#include "common/net/address.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <sys/socket.h>

namespace apiary::agent {
namespace {

constexpr std::chrono::seconds kLoopAnswers{2};  // how long a caller waits for a thread to close its sockets

}  // namespace

/// Services are started and stopped under one lock; sockets are used by their threads only. What a thread must do is
/// posted to it, in order.
class Engine::Impl {
public:
    Impl(EngineSettings settings, RecorderSource& recorders)
        : descriptors_(descriptorLimit(settings.reserve)),
          state_(recorders, settings.seed, affordableConnections(settings.connections, descriptors_),
                 descriptors_.usable, settings.memory),
          steered_(std::move(settings.steered)) {
        for (std::size_t i = 0; i < std::max<std::size_t>(settings.threads, 1); ++i) {
            threads_.push_back(std::make_unique<Thread>(recorders));
        }
    }

    void run(std::size_t index) {
        Thread& thread = *threads_.at(index);
        thread.running = true;
        thread.loop.io().run();
        thread.running = false;
        thread.loop.tellRefusals();
    }

    Status start(ServiceSpec spec) {
        return services_.with([&](Services& services) -> Status {
            auto& entry = services[spec.name];
            if (!entry.state) {
                entry.state = std::make_shared<ServiceState>(spec.name);
                entry.current = std::make_shared<CurrentService>();
            }
            entry.protocol = spec.module->name;
            Status started =
                state_.stopping ? Status(Error{"the agent is stopping"}) : begin(services, entry, std::move(spec));
            entry.on = static_cast<bool>(started);
            entry.reason = started ? "" : started.error();
            if (!started) {
                closeAll(entry);
            }
            return started;
        });
    }

    void stop(std::string_view name) {
        services_.with([&](Services& services) {
            const auto entry = services.find(name);
            if (entry != services.end()) {
                entry->second.on = false;
                entry->second.reason.clear();
                closeAll(entry->second);
            }
        });
    }

    std::vector<ServiceView> services() const {
        return services_.with([](const Services& services) {
            std::vector<ServiceView> views;
            for (const auto& [name, entry] : services) {
                views.push_back(view(name, entry));
            }
            return views;
        });
    }

    std::vector<SessionView> sessions(std::size_t most) const {
        std::vector<SessionView> views;
        for (const auto& thread : threads_) {
            thread->open.view(most, views);
        }
        std::ranges::sort(views, std::ranges::greater{}, &SessionView::number);
        views.resize(std::min(views.size(), most));
        return views;
    }

    Visits& visits() { return state_.visits; }

    EngineBounds bounds() const {
        const EngineState::Refused& refused = state_.refused;
        return {.connections = {state_.sessions.used(), state_.sessions.most(), refused.connections},
                .descriptors = {openDescriptors(), descriptors_.limit, refused.descriptors},
                .memory = {state_.memory.used(), state_.memory.limit(), refused.memory},
                .refusedByRecorders = refused.recorders};
    }

    void relieve() { state_.memory.relieve(); }

    std::size_t shutDown(std::chrono::milliseconds within) {
        const auto deadline = Steady::now() + within;
        if (state_.stopping.exchange(true)) {
            return state_.unrecorded;
        }
        services_.with([&](Services& services) {
            for (auto& [name, entry] : services) {
                entry.on = false;
                closeAll(entry);
            }
        });
        perform([](Thread& thread) { thread.open.stopAll(); }, deadline);
        {
            std::unique_lock lock(state_.mutex);
            state_.noneUnrecorded.wait_until(lock, deadline, [&] { return state_.unrecorded == 0; });
        }
        for (const auto& thread : threads_) {
            thread->loop.io().stop();
        }
        return state_.unrecorded;
    }

private:
    using Clock = Steady::time_point;

    struct Thread {
        explicit Thread(RecorderSource& recorders) : loop(recorders), work(loop.io().get_executor()) {}
        ~Thread() {
            listeners.clear();
            open.dropAll();
        }

        OpenSessions open;  // outlives the loop, whose handlers hold sessions
        Loop loop;
        boost::asio::executor_work_guard<LoopExecutor> work;
        std::atomic<bool> running{false};
        std::map<std::uint64_t, std::shared_ptr<Listener>> listeners;  // of this thread alone
    };

    /// An address that a service listens on: a socket for each thread.
    struct Bound {
        Endpoint asked;
        Endpoint bound;
        Transport transport;
        bool steered;
        std::vector<std::uint16_t> answering;  // if steered
        std::uint64_t number;                  // of the listeners in each thread
        std::vector<int> sockets;              // owned by the listeners; valid until they are told to close
        std::vector<Allowance::Share> shares;
    };

    struct Entry {
        std::shared_ptr<ServiceState> state;
        std::shared_ptr<CurrentService> current;  // shared with the listeners of all threads
        std::string protocol;
        std::vector<Bound> bound;
        bool on = false;
        std::string reason;
    };
    using Services = std::map<std::string, Entry, std::less<>>;

    static ServiceView view(const std::string& name, const Entry& entry) {
        ServiceView view;
        view.name = name;
        view.protocol = entry.protocol;
        for (const Bound& bound : entry.bound) {
            if (!bound.steered) {
                view.listens.push_back(bound.bound);
            }
            view.transport = bound.transport;
        }
        if (!entry.bound.empty()) {
            entry.current->with(
                [&](const auto& now) { std::ranges::copy(now->spec.shown, std::back_inserter(view.listens)); });
        }
        showState(*entry.state, view);
        view.reason = entry.reason;
        view.actual = entry.on                ? ServiceActual::On
                      : !entry.reason.empty() ? ServiceActual::Failed
                      : view.openSessions > 0 ? ServiceActual::Draining
                                              : ServiceActual::Off;
        return view;
    }

    Status begin(const Services& services, Entry& entry, ServiceSpec spec) {
        Service service{std::move(spec), nullptr, entry.state};
        if (service.spec.tls) {
            auto tls = loadTls(service.spec.tls->certificate, service.spec.tls->key, service.spec.module->tls);
            if (!tls) {
                return Error{tls.error()};
            }
            service.tls = std::move(*tls);
        } else if (service.spec.implicitTls) {
            return Error{"service " + service.spec.name +
                         " begins with TLS but has no certificate; name one and its key"};
        }
        const auto shared = std::make_shared<const Service>(std::move(service));
        const Transport transport = shared->spec.module->transport;
        entry.current->with([&](auto& current) { current = shared; });
        std::vector<Bound> before = std::exchange(entry.bound, {});
        std::vector<Endpoint> all = shared->spec.listens;
        const std::size_t steeredFrom = all.size();
        all.insert(all.end(), shared->spec.steered.begin(), shared->spec.steered.end());
        std::vector<std::optional<Bound>> after;
        for (std::size_t i = 0; i < all.size(); ++i) {
            const auto same = std::ranges::find_if(before, [&](const Bound& bound) {
                return bound.asked == all[i] && bound.transport == transport && bound.steered == (i >= steeredFrom) &&
                       (!bound.steered || bound.answering == shared->spec.answering);
            });
            after.emplace_back();
            if (same != before.end()) {
                after.back() = std::move(*same);
                before.erase(same);
            }
        }
        entry.bound = std::move(before);
        closeAll(entry);
        awaitClosed(transport);
        Status done = Done{};
        for (std::size_t i = 0; i < after.size(); ++i) {
            if (after[i]) {
                entry.bound.push_back(std::move(*after[i]));
            } else if (done) {
                done = listen(services, entry, all[i], *shared, i >= steeredFrom);
            }
        }
        return done;
    }

    Status listen(const Services& services, Entry& entry, const Endpoint& wanted, const Service& service,
                  bool steered) {
        const Transport transport = service.spec.module->transport;
        for (const auto& [name, other] : services) {
            for (const Bound& bound : other.bound) {
                if (bound.bound == wanted && bound.transport == transport) {
                    return Error{endpointText(wanted) + " is served by " + name +
                                 " already; give one of the two services another port"};
                }
            }
        }
        auto sockets = steered ? takeSockets(steered_, service.spec, wanted, threads_.size())
                               : bindSockets(wanted, transport, threads_.size());
        if (!sockets) {
            return Error{sockets.error()};
        }
        Bound bound{wanted, sockets->bound, transport, steered, service.spec.answering, ++lastListener_, {}, {}};
        for (std::size_t i = 0; i < threads_.size() + (sockets->answering ? sockets->answering->size() : 0); ++i) {
            if (auto share = state_.descriptors.take()) {
                bound.shares.push_back(std::move(*share));
            }
        }
        for (std::size_t i = 0; i < threads_.size(); ++i) {
            bound.sockets.push_back(sockets->sockets[i].get());
            adopt(*threads_[i], bound, entry.current, std::move(sockets->sockets[i]), sockets->answering);
        }
        entry.bound.push_back(std::move(bound));
        return Done{};
    }

    /// Has a thread serve a socket. The socket takes connections from now on, the thread when it comes to it.
    void adopt(Thread& thread, const Bound& bound, const std::shared_ptr<const CurrentService>& current,
               Descriptor socket, const std::shared_ptr<const AnsweringSockets>& answering) {
        boost::asio::post(thread.loop.io(),
                          [this, &thread, number = bound.number, where = bound.bound, transport = bound.transport,
                           steered = bound.steered, current, answering, socket = std::move(socket)]() mutable {
                              if (transport == Transport::Stream) {
                                  const auto listener = std::make_shared<StreamListener>(
                                      thread.loop, thread.open, state_, current, std::move(socket), steered);
                                  thread.listeners.emplace(number, listener);
                                  listener->begin();
                              } else {
                                  const auto listener = std::make_shared<DatagramListener>(
                                      thread.loop, thread.open, state_, current, std::move(socket), where, answering);
                                  thread.listeners.emplace(number, listener);
                                  listener->begin();
                              }
                          });
    }

    /// The ports of streams refuse when this returns; those of datagrams when their threads have come to it.
    void closeAll(Entry& entry) {
        std::vector<std::uint64_t> numbers;
        for (const Bound& bound : entry.bound) {
            numbers.push_back(bound.number);
            for (const int socket : bound.sockets) {
                if (bound.transport == Transport::Stream) {
                    ::shutdown(socket, SHUT_RDWR);  // ends listening, from any thread; the descriptor stays
                }
            }
        }
        entry.bound.clear();
        if (numbers.empty()) {
            return;
        }
        {
            const std::lock_guard lock(closingMutex_);
            closing_ += threads_.size();
        }
        for (const auto& thread : threads_) {
            boost::asio::post(thread->loop.io(), [this, numbers, &thread = *thread] {
                for (const std::uint64_t number : numbers) {
                    if (auto listener = thread.listeners.extract(number)) {
                        listener.mapped()->close();
                    }
                }
                {
                    const std::lock_guard lock(closingMutex_);
                    --closing_;
                }
                closed_.notify_all();
            });
        }
    }

    /// A port of datagrams is free again only when the threads have closed their sockets.
    void awaitClosed(Transport transport) {
        if (transport == Transport::Datagram) {
            std::unique_lock lock(closingMutex_);
            closed_.wait_for(lock, kLoopAnswers, [&] { return closing_ == 0; });
        }
    }

    /// Has every thread do something, and waits for those that are running, until `deadline`.
    template <typename What>
    void perform(What what, Steady::time_point deadline) {
        std::vector<std::future<void>> running;
        for (const auto& thread : threads_) {
            auto task = std::make_shared<std::packaged_task<void()>>([what, &thread = *thread] { what(thread); });
            if (thread->running && !thread->loop.io().get_executor().running_in_this_thread()) {
                running.push_back(task->get_future());
            }
            boost::asio::post(thread->loop.io(), [task] { (*task)(); });
        }
        for (const auto& done : running) {
            done.wait_until(deadline);
        }
    }

    const DescriptorLimit descriptors_;
    EngineState state_;
    const SteeredSockets steered_;
    std::vector<std::unique_ptr<Thread>> threads_;
    std::uint64_t lastListener_ = 0;  // under the lock of services_
    std::mutex closingMutex_;
    std::condition_variable closed_;
    std::size_t closing_ = 0;  // threads that were told to close sockets and have not come to it
    Guarded<Services> services_;
};

Engine::Engine(EngineSettings settings, RecorderSource& recorders)
    : impl_(std::make_unique<Impl>(std::move(settings), recorders)) {}
Engine::~Engine() = default;

void Engine::run(std::size_t index) {
    impl_->run(index);
}
Status Engine::start(ServiceSpec service) {
    return impl_->start(std::move(service));
}
void Engine::stop(std::string_view name) {
    impl_->stop(name);
}
std::vector<ServiceView> Engine::services() const {
    return impl_->services();
}
std::vector<SessionView> Engine::sessions(std::size_t most) const {
    return impl_->sessions(most);
}
Visits& Engine::visits() {
    return impl_->visits();
}
EngineBounds Engine::bounds() const {
    return impl_->bounds();
}
void Engine::relieve() {
    impl_->relieve();
}
std::size_t Engine::shutDown(std::chrono::milliseconds deadline) {
    return impl_->shutDown(deadline);
}

}  // namespace apiary::agent
