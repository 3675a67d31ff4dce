#include "agent/check/path_check.hpp"

#include "agent/check/connection_try.hpp"
#include "agent/check/tls_peer.hpp"
#include "agent/check/uplink_state.hpp"
#include "agent/uplink/health_question.hpp"
#include "common/text/stamp.hpp"

#include <array>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

namespace apiary::agent {
namespace {

using std::chrono::milliseconds;
using Step = Result<std::string>;  // what is so, or what to do

constexpr milliseconds kSkew{2000};
constexpr std::chrono::seconds kQuiet{60};  // without an acknowledgement while records wait
constexpr std::string_view kSensor = "apiary:sensor/";

std::string secondsText(milliseconds length) {
    const auto tenths = (std::abs(length.count()) + 50) / 100;
    return std::to_string(tenths / 10) + '.' + std::to_string(tenths % 10) + " s";
}

/// The steps, each of which goes on with what the one before it found.
class PathWalk {
public:
    explicit PathWalk(const PathSettings& settings) : settings_(settings) {
        const std::size_t colon = settings.address.rfind(':');
        host_ = settings.address.substr(0, colon);
        port_ = settings.address.substr(colon + 1);
        if (host_.starts_with('[')) {
            host_ = host_.substr(1, host_.size() - 2);
        }
    }

    Step name() {
        auto found = resolve(host_, port_);
        if (!found) {
            return Error{found.error()};
        }
        addresses_ = *std::move(found);
        std::string text = host_ + " is";
        for (const PeerAddress& address : addresses_) {
            text += ' ' + address.text();
        }
        return text;
    }

    Step route() {
        std::string reason;
        std::vector<PeerAddress> reachable;
        std::string text;
        for (const PeerAddress& address : addresses_) {
            if (const auto from = sourceTowards(address)) {
                text += (text.empty() ? "" : ", ") + address.text() + " from " + *from;
                reachable.push_back(address);
            } else {
                reason = from.error();
            }
        }
        if (reachable.empty()) {
            return Error{"no route leads to " + host_ + " (" + reason +
                         "): look at ip route get, the network's cable and its gateway"};
        }
        addresses_ = std::move(reachable);
        return text;
    }

    Step port() {
        std::string reason;
        for (const PeerAddress& address : addresses_) {
            auto opened = connectTo(address, settings_.patience);
            if (opened) {
                socket_ = *std::move(opened);
                return address.text() + " takes connections on port " + port_;
            }
            reason = opened.error();
        }
        return Error{reason};
    }

    Step tls() {
        auto shaken = shakeHands(socket_.number(), host_, settings_.identity);
        socket_ = TrySocket();
        if (!shaken) {
            return Error{settings_.address + ": " + shaken.error()};
        }
        peer_ = *std::move(shaken);
        if (!peer_.speaksHttp2) {
            return Error{settings_.address + " speaks TLS but not gRPC: is it another server, or a proxy in between?"};
        }
        return peer_.version;
    }

    Step certificate() {
        const auto now = settings_.clock();
        const auto theirs = verifyPeer(peer_, settings_.identity.ca, host_, now);
        if (!theirs) {
            return Error{theirs.error()};
        }
        if (const Status own = checkIdentity(settings_.identity, now); !own) {
            return Error{own.error()};
        }
        const auto holder = holderOf(settings_.identity.certificate);
        if (!holder) {
            return Error{holder.error()};
        }
        if (!holder->uri.starts_with(kSensor)) {
            return Error{"the certificate '" + settings_.identity.certificate +
                         "' is not a sensor's: make one with apiary-collector issue sensor NAME"};
        }
        asked_ = settings_.clock();
        auto health = askHealth(settings_.address, settings_.identity, settings_.patience);
        answered_ = settings_.clock();
        if (!health) {
            return Error{health.error()};
        }
        health_ = *health;
        return "theirs for " + host_ + " until " + isoStamp(*theirs) + ", ours a sensor's until " +
               isoStamp(holder->validUntil) + ", taken";
    }

    /// Theirs is compared with the middle of ours before and after the question.
    Step clock() {
        if (!health_.clock) {
            return Error{"the collector does not tell its clock: it is older than this agent"};
        }
        const auto middle = asked_ + (answered_ - asked_) / 2;
        const auto offset = std::chrono::duration_cast<milliseconds>(middle - *health_.clock);
        const std::string differs = secondsText(offset) + (offset.count() < 0 ? " behind" : " ahead of");
        if (offset > kSkew || offset < -kSkew) {
            return Error{"this machine's clock is " + differs + " the collector's (" + isoStamp(*health_.clock) +
                         "): set both by NTP"};
        }
        return differs + " the collector's";
    }

    Step sequence() const {
        if (!health_.takesRecords) {
            return Error{
                "the collector has no database now, records wait in the spool: see apiary-collector doctor there"};
        }
        const auto answer = settings_.askAgent();
        if (!answer) {
            return Error{answer.error()};
        }
        const auto state = readUplinkState(*answer);
        if (!state) {
            return Error{"the running agent does not tell: it is of another version, start it again"};
        }
        if (!state->configured) {
            return Error{"the running agent has no collector: it began with another configuration, start it again"};
        }
        if (!state->connected) {
            return Error{"the running agent is not connected: " + state->reason};
        }
        std::string text;
        for (const UplinkState::Lane& lane : state->lanes) {
            text += "lane " + std::to_string(lane.number) + " is there up to " + std::to_string(lane.acknowledged) +
                    " of " + std::to_string(lane.last) + ", ";
        }
        if (!state->oldest) {
            return text + "nothing waits";
        }
        text += "the oldest record waits for " + std::to_string(state->oldest->count()) + " s";
        if (*state->oldest > kQuiet && (!state->acknowledged || *state->acknowledged > kQuiet)) {
            return Error{text + ", and no acknowledgement has come for " +
                         (state->acknowledged ? std::to_string(state->acknowledged->count()) + " s"
                                              : "as long as the agent runs") +
                         ": see the collector's log"};
        }
        return text;
    }

private:
    const PathSettings& settings_;
    std::string host_;
    std::string port_;
    std::vector<PeerAddress> addresses_;
    TrySocket socket_;
    TlsPeer peer_;
    CollectorHealth health_;
    std::chrono::system_clock::time_point asked_;
    std::chrono::system_clock::time_point answered_;
};

}  // namespace

int checkPath(const PathSettings& settings, const std::function<void(std::string_view line)>& say) {
    constexpr std::array<std::pair<const char*, Step (*)(PathWalk&)>, 7> kSteps{{
        {"name", [](PathWalk& walk) { return walk.name(); }},
        {"route", [](PathWalk& walk) { return walk.route(); }},
        {"port", [](PathWalk& walk) { return walk.port(); }},
        {"tls", [](PathWalk& walk) { return walk.tls(); }},
        {"certificate", [](PathWalk& walk) { return walk.certificate(); }},
        {"clock", [](PathWalk& walk) { return walk.clock(); }},
        {"sequence", [](PathWalk& walk) { return walk.sequence(); }},
    }};
    PathWalk walk(settings);
    int number = 0;
    for (const auto& [name, take] : kSteps) {
        ++number;
        const Step step = take(walk);
        say(step ? std::string("ok ") + name + ' ' + *step : std::string("FAILED ") + name + ' ' + step.error());
        if (!step) {
            return number;
        }
    }
    return 0;
}

}  // namespace apiary::agent
