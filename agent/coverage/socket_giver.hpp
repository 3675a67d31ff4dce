#pragma once

#include "agent/coverage/socket_message.hpp"
#include "agent/hosts/host_plan.hpp"
#include "common/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// Hands transparent sockets on the loopback to the agent, whenever it asks. Answers root and the agent's user only,
/// and gives only what the plan has: a service by its name with its port. Not thread-safe.
class SocketGiver {
public:
    /// How many packets of the agent were refused so far.
    using Refused = std::function<Result<std::uint64_t>()>;

    /// Takes the name, which only one process of a network namespace can have. `refused` is asked when the agent asks.
    static Result<SocketGiver> open(Refused refused, std::string_view name = kCoverageName);

    /// Gives out the sockets of this plan from now on, and keeps others from its ports. An Error names a port that
    /// another program has.
    Status follow(const HostPlan& plan, std::uint32_t user);

    /// Readable when somebody asks: call answerOne() then.
    int fd() const { return listening_.get(); }

    /// Answers one who asks; waits for his request two seconds at the longest.
    void answerOne();

private:
    SocketGiver(Descriptor listening, Refused refused)
        : listening_(std::move(listening)), refused_(std::move(refused)) {}

    std::string answer(const std::string& request, std::vector<Descriptor>& sockets) const;
    std::string give(const std::string& request, std::vector<Descriptor>& sockets) const;

    Descriptor listening_;
    Refused refused_;
    std::vector<HostService> services_;
    std::uint32_t user_ = 0;
    std::vector<Descriptor> kept_;  // bound, not listening: they take nothing, and nobody else has the port
};

}  // namespace apiary::agent
