#include "agent/coverage/steward.hpp"

#include "agent/coverage/coverage_config.hpp"
#include "agent/coverage/lan/lan_coverage.hpp"
#include "agent/coverage/lan/lan_links.hpp"
#include "agent/coverage/network.hpp"
#include "agent/coverage/privileges.hpp"
#include "agent/coverage/socket_giver.hpp"
#include "agent/coverage/synack_retries.hpp"
#include "agent/coverage/traits/route_watch.hpp"
#include "agent/coverage/traits/trait_network.hpp"
#include "common/log/log.hpp"
#include "common/process/signals.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <exception>
#include <iostream>
#include <limits>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

namespace apiary::agent {
namespace {

using namespace std::chrono_literals;

std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) {
        all += (all.empty() ? "" : "\n") + line;
    }
    return all;
}

std::string summary(const HostPlan& plan) {
    const std::uint64_t addresses = plan.addresses();
    return (addresses == std::numeric_limits<std::uint64_t>::max() ? "more than 2^63" : std::to_string(addresses)) +
           " addresses in " + std::to_string(plan.ranges.size()) + " ranges, " + std::to_string(plan.personas.size()) +
           " personas, " + std::to_string(plan.services.size()) + " services";
}

/// Whether the kernel would take all of it: asked before anything is changed.
Status consider(const CoverageConfig& config) {
    Status good = TraitNetwork::consider(config.plan, config.traits);
    if (good) {
        good = CoverageNetwork::consider(config.plan, config.egress);
    }
    return good ? LanCoverage::consider(lanLinks(config.plan)) : good;
}

/// Sockets first: a port that is taken changes nothing. Then traits, so that nobody sees hosts without theirs, then the
/// hosts. Claims last, and given up first: an address is had only while it is steered. After an error nothing of ours
/// is left.
Status take(const CoverageConfig& config, SocketGiver& giver, LanCoverage& lan) {
    const std::vector<LanLink> links = lanLinks(config.plan);
    if (const Status able = lan.able(links); !able) {
        return able;
    }
    if (const Status followed = giver.follow(config.plan, config.egress.user); !followed) {
        return followed;
    }
    Status done = lan.keepOnly(links, config.lanRate);
    if (done) {
        done = TraitNetwork::apply(config.plan, config.traits);
    }
    if (done) {
        done = lan.quieten(links);
    }
    if (done) {
        done = CoverageNetwork::apply(config.plan, config.egress);
    }
    if (done) {
        done = lan.claim(links, config.lanRate);
    }
    if (done) {
        return done;
    }
    const Status claimed = lan.claim({}, config.lanRate);
    const Status hosts = CoverageNetwork::remove();
    const Status traits = TraitNetwork::remove();
    for (const Status& gone : {claimed, hosts, traits}) {
        if (!gone) {
            return Error{done.error() + "; and not all of ours is gone: " + gone.error()};
        }
    }
    return done;
}

/// What is done on links, in words: it cannot be typed.
std::string claimsText(const CoverageConfig& config) {
    std::string text;
    for (const LanLink& link : lanLinks(config.plan)) {
        text += "# on the link of " + link.interface + ", " + std::to_string(config.lanRate) +
                " frames a second: ask for the owner of each of";
        for (const AddressRange& range : link.ranges) {
            text += ' ' + rangeText(range);
        }
        text += "; of one without, ip route add local ADDRESS dev lo table local proto " +
                std::to_string(kClaimProtocol) + '\n';
    }
    return text;
}

/// Everything of ours, of whichever process. Hosts go first, so that nobody sees them without their traits.
Status removeAll() {
    const Status claims = LanCoverage::remove();
    const Status rules = CoverageNetwork::remove();
    const Status traits = TraitNetwork::remove();
    return !claims ? claims : !rules ? rules : traits;
}

/// The agent may ask as often as it likes: nft is started once a second at the most.
SocketGiver::Refused refusedOnceASecond() {
    using Clock = std::chrono::steady_clock;
    return [last = Result<std::uint64_t>(0), until = Clock::time_point::min()]() mutable {
        if (Clock::now() >= until) {
            last = CoverageNetwork::refused();
            until = Clock::now() + 1s;
        }
        return last;
    };
}

void readAgain(const std::string& configFile, CoverageConfig& current, SocketGiver& giver, LanCoverage& lan) {
    CoverageReading reading = readCoverage(configFile);
    for (const std::string& error : reading.errors) {
        log::error(error);
    }
    if (!reading.errors.empty()) {
        log::error("the configuration was not changed");
        return;
    }
    if (const Status good = consider(reading.config); !good) {
        log::error(good.error());
        log::error("the configuration was not changed");
        return;
    }
    if (const Status taken = take(reading.config, giver, lan); !taken) {
        log::error(taken.error() + "; going back to the configuration before");
        if (const Status back = take(current, giver, lan); !back) {
            log::error(back.error() + "; no host is steered now");
        }
        return;
    }
    current = std::move(reading.config);
    log::info("configuration read again: " + summary(current.plan) + "; let the agent read it too");
}

/// Lets replies follow the machine's routes, a second after these begin to change.
class RouteFollower {
public:
    RouteFollower() : watch_(RouteWatch::open()) {
        if (!watch_) {
            log::warn(watch_.error());
        }
    }

    int fd() const { return watch_ ? watch_->fd() : -1; }  // which poll() passes over

    void heard() {
        if (watch_ && watch_->mainChanged() && !due_) {
            due_ = Clock::now() + 1s;
        }
    }

    /// How long to wait, as poll() takes it.
    int patience() const {
        const auto left = due_ ? std::chrono::ceil<std::chrono::milliseconds>(*due_ - Clock::now()).count() : -1;
        return due_ ? static_cast<int>(std::max<std::int64_t>(left, 0)) : -1;
    }

    void followIfDue(const CoverageConfig& config) {
        if (due_ && Clock::now() >= *due_) {
            due_.reset();
            if (const Status followed = TraitNetwork::followRoutes(config.plan, config.traits); !followed) {
                log::error(followed.error() + "; replies go by the main table, and this is tried again");
                due_ = Clock::now() + 10s;
            }
        }
    }

private:
    using Clock = std::chrono::steady_clock;

    Result<RouteWatch> watch_;
    std::optional<Clock::time_point> due_;
};

void serve(const std::string& configFile, CoverageConfig config, SocketGiver& giver, LanCoverage& lan,
           RouteFollower& follower) {
    sigset_t wanted{};
    ::sigemptyset(&wanted);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        ::sigaddset(&wanted, signal);
    }
    const Descriptor signals(::signalfd(-1, &wanted, SFD_CLOEXEC));
    for (;;) {
        pollfd polled[3] = {{.fd = giver.fd(), .events = POLLIN, .revents = 0},
                            {.fd = signals.get(), .events = POLLIN, .revents = 0},
                            {.fd = follower.fd(), .events = POLLIN, .revents = 0}};
        ::poll(polled, 3, follower.patience());  // there is nothing to do until somebody wants something
        if (polled[1].revents != 0) {
            signalfd_siginfo signal{};
            if (::read(signals.get(), &signal, sizeof signal) != sizeof signal) {
                continue;
            }
            if (signal.ssi_signo != SIGHUP) {
                return;
            }
            readAgain(configFile, config, giver, lan);
        }
        if (polled[0].revents != 0) {
            giver.answerOne();
        }
        if (polled[2].revents != 0) {
            follower.heard();
        }
        follower.followIfDue(config);
        log::tellHeld();
    }
}

}  // namespace

Status applyCoverage(const std::string& configFile) {
    holdSignals();
    CoverageReading reading = readCoverage(configFile);
    if (!reading.errors.empty()) {
        return Error{joined(reading.errors)};
    }
    LanCoverage lan;  // takes a capability that is given up
    if (const Status kept = keepNetworkOnly(); !kept) {
        return kept;
    }
    auto giver = SocketGiver::open(refusedOnceASecond());
    if (!giver) {
        return Error{giver.error()};
    }
    if (const Status good = consider(reading.config); !good) {
        return good;
    }
    RouteFollower follower;  // before the first routes are read, so that none is missed
    if (const Status taken = take(reading.config, *giver, lan); !taken) {
        return taken;
    }
    std::cout << "steering " << summary(reading.config.plan) << std::endl;
    Status served = Done{};
    try {
        serve(configFile, std::move(reading.config), *giver, lan, follower);
    } catch (const std::exception& failed) {  // rules without this program would steer to nobody
        served = Error{std::string("ended by an error of this program: ") + failed.what()};
    }
    lan.end();
    const Status gone = removeAll();
    std::cout << (gone ? "rules and routes are gone" : "rules and routes are NOT all gone") << std::endl;
    if (!served && !gone) {
        return Error{served.error() + "; " + gone.error()};
    }
    return served ? gone : served;
}

Status removeCoverage() {
    if (const Status kept = keepNetworkOnly(); !kept) {
        return kept;
    }
    const auto alone = SocketGiver::open(CoverageNetwork::refused);
    if (!alone) {
        return Error{alone.error()};
    }
    return removeAll();
}

Status showCoverage() {
    if (const Status kept = keepNetworkOnly(); !kept) {
        return kept;
    }
    const auto text = CoverageNetwork::show();
    const auto onLinks = LanCoverage::show();
    const auto traits = TraitNetwork::show();
    if (!text || !onLinks || !traits) {
        return Error{!text ? text.error() : !onLinks ? onLinks.error() : traits.error()};
    }
    const std::string all = *text + *onLinks + *traits;
    std::cout << (all.empty() ? "nothing of apiary-coverage is there\n" : all) << std::flush;
    return Done{};
}

Status checkCoverage(const std::string& configFile) {
    const CoverageReading reading = readCoverage(configFile);
    if (!reading.errors.empty()) {
        return Error{joined(reading.errors)};
    }
    const CoverageConfig& config = reading.config;
    const auto change = CoverageNetwork::routeChange(config.plan);
    if (!change) {
        return Error{change.error()};
    }
    const auto rules = CoverageNetwork::rules(config.plan, config.egress);  // none for who may not look at tables
    const auto traits = TraitNetwork::preview(config.plan, config.traits);
    if (!traits) {
        return Error{traits.error()};
    }
    std::cout << "# " << summary(config.plan) << "\n# nft -f - <<END\n"
              << (rules ? *rules : ruleset(config.plan, config.egress, SynAckRetries().now()))
              << LanCoverage::rules(lanLinks(config.plan)) << "# END\n# ip -batch - <<END\n"
              << change->additions << change->removals
              << "# END\n# sysctl -w net.ipv4.tcp_synack_retries=" << SynAckRetries::kOurs << '\n'
              << claimsText(config) << *traits << std::flush;
    if (!keepNetworkOnly()) {
        std::cout << "# not root: the kernel was not asked whether it would take this\n";
        return Done{};
    }
    return consider(config);
}

}  // namespace apiary::agent
