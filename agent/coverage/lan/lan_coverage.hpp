#pragma once

#include "agent/coverage/lan/lan_claims.hpp"
#include "agent/coverage/lan/lan_links.hpp"
#include "common/process/crew.hpp"
#include "common/result.hpp"

#include <memory>
#include <string>
#include <vector>

namespace apiary::agent {

/// What a plan asks for on links, beside what CoverageNetwork makes of it: the kernel's silence in ARP first, claims
/// last. Owns the threads that claim. For one thread.
class LanCoverage {
public:
    /// Opens what claiming takes: call before capabilities are given up.
    LanCoverage();
    ~LanCoverage();
    LanCoverage(const LanCoverage&) = delete;
    LanCoverage& operator=(const LanCoverage&) = delete;

    /// An Error if there are links and this process may not claim on any.
    Status able(const std::vector<LanLink>& links) const;

    /// Whether the kernel would take the rules for these links, asked without changing anything.
    static Status consider(const std::vector<LanLink>& links);

    /// Those rules, as nft takes them; but for what is done in ARP: the claims.
    static std::string rules(const std::vector<LanLink>& links);

    /// Gives up what is claimed and not of these links, and what a process that was killed has left: call before what
    /// steers it changes. Claims nothing new.
    Status keepOnly(const std::vector<LanLink>& links, unsigned framesPerSecond);

    /// Has the kernel leave ARP to us, for the addresses of these links: call after keepOnly(), so that no others are
    /// claimed.
    Status quieten(const std::vector<LanLink>& links);

    /// Has these claimed, from now on and one after another, and no others any more; then the kernel hears ARP for the
    /// others again.
    Status claim(const std::vector<LanLink>& links, unsigned framesPerSecond);

    /// Gives all claims up, and waits for that.
    void end();

    /// Takes away claims and rules of whichever process. Good too if there are none.
    static Status remove();

    /// The rules as the kernel has them, and the addresses that are claimed; empty if there is nothing.
    static Result<std::string> show();

private:
    Status follow(const std::vector<LanLink>& links, unsigned framesPerSecond);

    std::unique_ptr<LanClaims> claims_;
    std::string whyNot_;
    std::vector<LanLink> links_;  // as claimed now
    bool started_ = false;
    Crew crew_;
};

}  // namespace apiary::agent
