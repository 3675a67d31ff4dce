#include "agent/engine/datagram_listener.hpp"

#include "common/log/log.hpp"
#include "common/net/address.hpp"

#include <string>
#include <utility>

namespace apiary::agent {

static constexpr int kReceivedAtOnce = 32;  // then others have their turn

DatagramListener::DatagramListener(Loop& loop, OpenSessions& open, EngineState& engine,
                                   std::shared_ptr<const CurrentService> current, Descriptor socket,
                                   const Endpoint& bound, std::shared_ptr<const AnsweringSockets> answering)
    : Listener(loop, std::move(current)),
      open_(open),
      engine_(engine),
      watch_(loop, std::move(socket), answering != nullptr),  // who gave it may hold it for a moment more
      socket_(watch_.fd(), bound),
      bound_(bound),
      answering_(std::move(answering)) {}

void DatagramListener::close() {
    closed_ = true;
    watch_.close();
    wake();
}

Task DatagramListener::run() {
    while (!closed_) {
        watch_.wantRead(*this);
        co_await until(Steady::time_point::max());
        if (!closed_ && watch_.readable()) {
            receiveSome();
        }
    }
    rest();
}

void DatagramListener::receiveSome() {
    watch_.tookRead();
    for (int i = 0; i < kReceivedAtOnce && !closed_; ++i) {
        Arrival arrival;
        if (!socket_.receive(loop().buffer(), arrival)) {
            return;
        }
        try {
            welcome(arrival);
        } catch (const std::exception& failure) {  // the boundary of one datagram
            log::error("service " + service()->spec.name + ": dropped a datagram from " +
                       logText(arrival.from.endpoint()) + ": " + failure.what());
        }
    }
}

void DatagramListener::welcome(const Arrival& arrival) {
    const FlowKey key{arrival.from.endpoint(), arrival.target};
    const auto known = flows_.find(key);
    if (known != flows_.end()) {
        const auto keep = known->second->shared_from_this();  // it may end with this datagram
        known->second->deliver(arrival.bytes);
        return;
    }
    const auto serving = service();
    if (answering_ && !(serving->spec.hosts && serving->spec.hosts->covers(key.second))) {
        refuse(*serving, key.first, key.second, "no host of this service");
        return;
    }
    if (engine_.memory.over()) {
        ++engine_.refused.memory;
        refuse(*serving, key.first, key.second, "memory");
        return;
    }
    if (engine_.recorders.full()) {
        ++engine_.refused.recorders;
        refuse(*serving, key.first, key.second, "room for records");
        return;
    }
    auto share = engine_.flows.take();
    if (!share) {
        ++engine_.refused.connections;
        refuse(*serving, key.first, key.second, "connections in all");
        return;
    }
    const auto self = std::static_pointer_cast<DatagramListener>(shared_from_this());
    const auto flow = std::make_shared<DatagramFlow>(loop(), open_, engine_, serving, std::move(*share), self, arrival,
                                                     mayAnswer(*serving, arrival));
    if (flow->admit()) {
        flows_.emplace(key, flow.get());
        flow->play();
        flow->deliver(arrival.bytes);
    }
}

/// Not what came to many at once, nor who cannot be an honest peer; nor another decoy, or this one, under whose address
/// somebody would have two of them talk for ever: another sensor's has the same port. From the loopback all come under
/// one address: there the port tells.
bool DatagramListener::mayAnswer(const Service& serving, const Arrival& arrival) const {
    const Endpoint source = arrival.from.endpoint();
    if (!arrival.unicast || !answerable(source) || answersByItself(source, arrival.target)) {
        return false;
    }
    if (serving.spec.hosts && serving.spec.hosts->isHost(source)) {
        return false;
    }
    const auto v4 = source.v4();
    const bool loopback =
        v4 ? (*v4)[0] == 127 : source == Endpoint{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, source.port};
    return loopback ? source.port != bound_.port : !isOwnAddress(source);
}

bool DatagramListener::reply(std::string_view bytes, const Endpoint& from, const SocketAddress& to) {
    return !closed_ && (answering_ ? answering_->send(bytes, from, to) : socket_.send(bytes, from, to));
}

void DatagramListener::flowOver(const Endpoint& source, const Endpoint& target) {
    flows_.erase(FlowKey{source, target});
}

}  // namespace apiary::agent
