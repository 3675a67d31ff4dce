#pragma once

#include "agent/coverage/lan/lan_links.hpp"
#include "common/concurrent/guarded.hpp"
#include "common/net/descriptor.hpp"
#include "common/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace apiary::agent {

/// Has somebody make tables (LinkStations) for one that cannot wait for nft. What is wanted of an interface replaces
/// what was wanted of it before, so that it holds no more than there are interfaces.
///
/// run() is a thread of its own; want(), take() and finish() are for another.
class StationKeeper {
public:
    using Make = std::function<Status(const LanLink& link)>;

    /// What became of it.
    struct Given {
        std::string interface;
        std::uint64_t request = 0;  // as it was wanted
        Status status = Done{};
    };

    explicit StationKeeper(Make make);

    /// Has the table of that interface be made, or taken away if its hosts have no hardware addresses of their own.
    void want(LanLink link, std::uint64_t request);

    /// What was made since the last call, in order.
    std::vector<Given> take();

    /// Readable when there is something to take.
    int fd() const { return made_.get(); }

    /// Makes what is wanted until finish() and all is made.
    void run();

    /// Nothing more will be wanted.
    void finish();

private:
    struct Wish {
        LanLink link;
        std::uint64_t request = 0;
    };
    struct Shared {
        std::vector<Wish> wanted;
        std::vector<Given> given;
        bool finished = false;
    };

    Make make_;
    Descriptor wake_;
    Descriptor made_;
    Guarded<Shared> shared_;
};

}  // namespace apiary::agent
