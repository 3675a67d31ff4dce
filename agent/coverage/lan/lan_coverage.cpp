#include "agent/coverage/lan/lan_coverage.hpp"

#include "agent/coverage/lan/lan_links.hpp"
#include "agent/coverage/lan/lan_rules.hpp"
#include "agent/coverage/lan/link_stations.hpp"
#include "agent/hosts/host_station.hpp"

#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

/// Neighbours joined: the fewest ranges that are just these addresses.
std::vector<AddressRange> joined(const std::vector<AddressRange::Address>& addresses) {
    std::vector<AddressRange> ranges;
    for (const auto& address : addresses) {
        if (!ranges.empty() && AddressRange{ranges.back().last, address}.count() == 2) {
            ranges.back().last = address;
        } else {
            ranges.push_back({address, address});
        }
    }
    return ranges;
}

}  // namespace

LanCoverage::LanCoverage() {
    auto claims = LanClaims::open();
    if (!claims) {
        whyNot_ = claims.error();
        return;
    }
    claims_ = std::move(*claims);
}

LanCoverage::~LanCoverage() {
    end();
}

Status LanCoverage::able(const std::vector<LanLink>& links) const {
    return claims_ == nullptr && !links.empty() ? Status(Error{whyNot_}) : Status(Done{});
}

Status LanCoverage::consider(const std::vector<LanLink>& links) {
    Status good = LanRules::consider(links);
    for (const LanLink& link : links) {
        good = good ? LinkStations::consider(link, machineSeed()) : good;
    }
    return good;
}

std::string LanCoverage::rules(const std::vector<LanLink>& links) {
    std::string text = lanRules(links);
    for (const LanLink& link : links) {
        text += stationRules(link, machineSeed());
    }
    return text;
}

Status LanCoverage::keepOnly(const std::vector<LanLink>& links, unsigned framesPerSecond) {
    std::vector<LanLink> kept = commonLinks(links_, links);
    if (claims_ == nullptr || (started_ && kept == links_)) {
        return Done{};
    }
    const Status followed = follow(kept, framesPerSecond);
    links_ = followed ? std::move(kept) : links_;
    return followed;
}

Status LanCoverage::quieten(const std::vector<LanLink>& links) {
    return LanRules::apply(links);
}

Status LanCoverage::claim(const std::vector<LanLink>& links, unsigned framesPerSecond) {
    if (claims_ == nullptr) {
        return Done{};
    }
    if (const Status followed = follow(links, framesPerSecond); !followed) {
        return followed;
    }
    const auto before = std::exchange(links_, links);
    return before == links && !links.empty() ? Status(Done{}) : LanRules::apply(links);
}

/// The thread takes away leftovers before it goes over to anything.
Status LanCoverage::follow(const std::vector<LanLink>& links, unsigned framesPerSecond) {
    if (!std::exchange(started_, true)) {
        crew_.add("claims", [this] { claims_->run(); });
        crew_.add("stations", [this] { claims_->keepStations(); });
    }
    if (!claims_->follow(links, framesPerSecond)) {
        return Error{"claiming addresses does not go on; end apiary-coverage, and start it again"};
    }
    return Done{};
}

void LanCoverage::end() {
    if (claims_ != nullptr) {
        claims_->stop();
        crew_.join();
    }
}

Status LanCoverage::remove() {
    auto routes = ClaimRoutes::open();
    if (!routes) {
        return Error{routes.error()};
    }
    const auto gone = routes->removeAll();
    const Status stations = LinkStations::removeAll();
    const Status rules = LanRules::remove();
    return !gone ? Status(Error{gone.error()}) : !stations ? stations : rules;
}

Result<std::string> LanCoverage::show() {
    const auto rules = LanRules::show();
    if (!rules) {
        return Error{rules.error()};
    }
    auto routes = ClaimRoutes::open();
    const auto claimed = routes ? routes->list() : Result<std::vector<AddressRange::Address>>(Error{routes.error()});
    if (!claimed) {
        return Error{claimed.error()};
    }
    const auto stations = LinkStations::show();
    if (!stations) {
        return Error{stations.error()};
    }
    std::string text = *rules + *stations;
    for (const AddressRange& range : joined(*claimed)) {
        text += "claimed " + rangeText(range) + ": local routes of proto " + std::to_string(kClaimProtocol) + '\n';
    }
    return text;
}

}  // namespace apiary::agent
