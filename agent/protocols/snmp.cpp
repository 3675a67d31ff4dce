/// SNMP (RFC 3411 to 3418, 3584) as Debian 12's snmpd 5.9.3 answers it with the configuration that comes with it, but
/// on all addresses: who knows the community "public" reads the groups system and hrSystem, nobody writes, and of
/// version 3 there are no users, so that its answers are reports. The host is a small ARM machine: its description is
/// short enough for a first question to be answered within what a source may be sent for what it sent. Left out on
/// purpose: notifications, AgentX, users of version 3. A GetBulk gets as many rows as fit into three times the request,
/// where the real one fills what it is asked for: an agent may return fewer (RFC 3416, 4.2.3), and the engine would
/// hold back more. Answers of more than 8 kB are left out.

#include "agent/protocol/seeded.hpp"
#include "agent/protocols/snmp_message.hpp"
#include "agent/protocols/snmp_objects.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLargestAnswer = 8192;
constexpr std::size_t kBulkTimes = 3;     // of the request, that a GetBulk may be answered with
constexpr std::int64_t kLeastSize = 484;  // RFC 3412: what everybody must take
constexpr std::int64_t kLargestSize = 65507;
constexpr std::int64_t kUserModel = 3;
constexpr std::size_t kLongestText = 255;  // DisplayString
constexpr std::size_t kNotedNames = 20;

// Error-status of RFC 3416.
constexpr std::int64_t kNoSuchName = 2;
constexpr std::int64_t kBadValue = 3;
constexpr std::int64_t kNoAccess = 6;
constexpr std::int64_t kWrongType = 7;

constexpr Setting kCommunities{"communities", "public", "who may read: public,monitor"};
constexpr Setting kHostname{"hostname", "", "sysName; empty: one that the sensor's seed chooses"};
constexpr Setting kDescription{"description", "", "sysDescr; empty: a Debian 12 on a small ARM machine"};
constexpr Setting kContact{"contact", "Me <me@example.org>", "sysContact, as Debian's file has it"};
constexpr Setting kLocation{"location", "Sitting on the Dock of the Bay", "sysLocation, as Debian's file has it"};

struct SnmpService final : Prepared {
    explicit SnmpService(const SnmpHost& host) : objects(host) {}

    static Result<std::shared_ptr<const Prepared>> prepare(const Settings& settings, std::uint64_t sensorSeed);

    SnmpObjects objects;
    std::vector<std::string> communities;
    std::string engine;
};

/// As net-snmp makes it: its enterprise, a number drawn once, and the time of that, low byte first.
std::string engineId(std::uint64_t seed) {
    constexpr std::uint64_t kFirstStart = 1'730'000'000;
    Seeded choice(seed, 5);
    std::string id("\x80\x00\x1f\x88\x80", 5);
    const auto append = [&](std::uint64_t value, int bytes) {
        for (int i = 0; i < bytes; ++i) {
            id += static_cast<char>(value >> static_cast<unsigned>(8 * i));
        }
    };
    append(choice.next(), 4);
    append(kFirstStart + choice.below(20'000'000), 8);
    return id;
}

Result<std::shared_ptr<const Prepared>> SnmpService::prepare(const Settings& settings, std::uint64_t sensorSeed) {
    SnmpHost host{.name = settings.at(std::string(kHostname.name)),
                  .description = settings.at(std::string(kDescription.name)),
                  .contact = settings.at(std::string(kContact.name)),
                  .location = settings.at(std::string(kLocation.name)),
                  .seed = sensorSeed};
    if (host.name.empty()) {
        host.name = "node-" + std::to_string(10 + Seeded(sensorSeed, 6).below(90));
    }
    if (host.description.empty()) {
        host.description = "Linux " + host.name + " 6.1.0-28-armmp #1 SMP Debian 6.1.119-1 (2024-11-22) armv7l";
    }
    for (const auto& [setting, text] : {std::pair(&kHostname, &host.name), std::pair(&kDescription, &host.description),
                                        std::pair(&kContact, &host.contact), std::pair(&kLocation, &host.location)}) {
        if (text->size() > kLongestText) {
            return Error{std::string(setting->name) + " has " + std::to_string(text->size()) +
                         " bytes; it may have 255"};
        }
    }
    auto service = std::make_shared<SnmpService>(host);
    std::string_view left = settings.at(std::string(kCommunities.name));
    while (true) {
        const auto comma = left.find(',');
        const std::string_view name = left.substr(0, comma);
        if (name.empty() || name.size() > kLongestText) {
            return Error{"communities is '" + settings.at(std::string(kCommunities.name)) +
                         "'; it takes names of 1 to 255 bytes, with commas between them: public,monitor"};
        }
        service->communities.emplace_back(name);
        if (comma == std::string_view::npos) {
            break;
        }
        left.remove_prefix(comma + 1);
    }
    service->engine = engineId(sensorSeed);
    return std::shared_ptr<const Prepared>(std::move(service));
}

std::string_view verbOf(std::uint8_t kind) {
    static constexpr std::array<std::string_view, 9> kVerbs{"get",     "getnext", "response", "set",   "trap",
                                                            "getbulk", "inform",  "trap2",    "report"};
    return kVerbs.at(kind - SnmpTag::kGet);
}

bool ended(const SnmpVariable& variable) {
    return static_cast<std::uint8_t>(variable.value[0]) == SnmpTag::kEndOfMib;
}

bool missing(const SnmpVariable& variable) {
    return (static_cast<std::uint8_t>(variable.value[0]) & 0xf0U) == SnmpTag::kNoSuchObject;
}

class SnmpSession final : public Session {
public:
    SnmpSession(const SnmpService& service, const Environment&) : service_(service) {}

    void onBytes(std::string_view bytes, Turn& turn) override {
        const auto message = readSnmp(bytes);
        if (!message) {
            turn.observe(Anomaly{"not a message of SNMP that snmpd reads"});
        } else if (const auto* plain = std::get_if<SnmpCommunityMessage>(&*message)) {
            answer(*plain, bytes.size(), turn);
        } else {
            answer(std::get<SnmpSecuredMessage>(*message), turn);
        }
    }

private:
    void answer(const SnmpCommunityMessage& asked, std::size_t size, Turn& turn) {
        const bool known = std::ranges::find(service_.communities, asked.community) != service_.communities.end();
        if (asked.community != tried_ || !std::exchange(triedOne_, true)) {
            turn.observe(Credential{"", asked.community, known});
            tried_ = asked.community;
        }
        note(asked.pdu, "", turn);
        if (!known) {
            return;
        }
        SnmpPdu reply{SnmpTag::kResponse, asked.pdu.id, 0, 0, {}};
        switch (asked.pdu.kind) {
            case SnmpTag::kGet:
            case SnmpTag::kNext:
                for (const SnmpVariable& each : asked.pdu.variables) {
                    reply.variables.push_back(
                        asked.pdu.kind == SnmpTag::kNext
                            ? service_.objects.next(each.name, turn.now())
                            : SnmpVariable{each.name, service_.objects.value(each.name, turn.now())});
                }
                break;
            case SnmpTag::kBulk:
                reply.variables = bulk(asked, size, turn.now());
                break;
            case SnmpTag::kSet:
                refuseToWrite(asked, reply);
                break;
            default:
                return;  // nobody waits for an answer to those, and to a response there must be none
        }
        if (asked.version == 0) {
            tellAsVersionOne(asked.pdu, reply);
        }
        send(writeSnmp(SnmpCommunityMessage{asked.version, asked.community, std::move(reply)}), turn);
    }

    /// Rows of what is next to each name, until the first column has ended or the answer is large enough.
    std::vector<SnmpVariable> bulk(const SnmpCommunityMessage& asked, std::size_t size, WallTime now) const {
        const std::vector<SnmpVariable>& names = asked.pdu.variables;
        const auto once = static_cast<std::size_t>(
            std::clamp<std::int64_t>(asked.pdu.status, 0, static_cast<std::int64_t>(names.size())));
        std::vector<SnmpVariable> found;
        std::size_t room = kBulkTimes * size - std::min(kBulkTimes * size, size);  // heads are as long as the request's
        const auto take = [&](const SnmpOid& behind) {
            SnmpVariable variable = service_.objects.next(behind, now);
            const std::size_t takes = 4 + snmpObject(variable.name).size() + variable.value.size();
            if (takes > room && !found.empty()) {
                return false;
            }
            room -= std::min(room, takes);
            found.push_back(std::move(variable));
            return true;
        };
        for (std::size_t i = 0; i < once; ++i) {
            if (!take(names[i].name)) {
                return found;
            }
        }
        std::vector<SnmpOid> columns;
        for (std::size_t i = once; i < names.size(); ++i) {
            columns.push_back(names[i].name);
        }
        for (std::int64_t row = 0; row < asked.pdu.index && !columns.empty(); ++row) {
            const std::size_t first = found.size();
            for (SnmpOid& column : columns) {
                if (!take(column)) {
                    return found;
                }
                column = found.back().name;
            }
            if (ended(found[first])) {
                break;
            }
        }
        return found;
    }

    static void refuseToWrite(const SnmpCommunityMessage& asked, SnmpPdu& reply) {
        const auto& wanted = asked.pdu.variables;
        reply.variables = wanted;
        if (wanted.empty()) {
            return;
        }
        const auto empty = std::ranges::find_if(wanted, [](const SnmpVariable& variable) {
            return static_cast<std::uint8_t>(variable.value[0]) == SnmpTag::kNull;
        });
        const bool plain = empty == wanted.end();
        reply.index = plain ? 1 : empty - wanted.begin() + 1;
        reply.status = asked.version == 0 ? (plain ? kNoSuchName : kBadValue) : (plain ? kNoAccess : kWrongType);
    }

    /// Version 1 has no words for one name that is missing: the whole answer is an error, with what was asked.
    static void tellAsVersionOne(const SnmpPdu& asked, SnmpPdu& reply) {
        if (asked.kind == SnmpTag::kSet) {
            return;
        }
        const auto bad = std::ranges::find_if(reply.variables, missing);
        if (bad != reply.variables.end()) {
            reply.status = kNoSuchName;
            reply.index = bad - reply.variables.begin() + 1;
            reply.variables = asked.variables;
        }
    }

    void answer(const SnmpSecuredMessage& asked, Turn& turn) {
        if (!asked.user.empty()) {
            turn.observe(Credential{asked.user, "", false});
        }
        if (asked.pdu) {
            note(*asked.pdu, "v3 ", turn);
        }
        constexpr std::uint8_t kAuthenticated = 1;
        constexpr std::uint8_t kEncrypted = 2;
        constexpr std::uint8_t kReportable = 4;
        const bool encrypted = (asked.flags & kEncrypted) != 0;
        const bool confirmed = asked.pdu ? asked.pdu->kind == SnmpTag::kGet || asked.pdu->kind == SnmpTag::kNext ||
                                               asked.pdu->kind == SnmpTag::kSet || asked.pdu->kind == SnmpTag::kBulk ||
                                               asked.pdu->kind == SnmpTag::kInform
                                         : (asked.flags & kReportable) != 0;
        if (asked.model != kUserModel || asked.mostBytes < kLeastSize || !confirmed ||
            (encrypted && (asked.flags & kAuthenticated) == 0)) {
            return;
        }
        const bool known = asked.engine == service_.engine;
        const auto up = service_.objects.agentUp(turn.now());
        const std::uint32_t counter = known ? 3 : 4;  // usmStatsUnknownUserNames, usmStatsUnknownEngineIDs
        const std::int64_t before = up.count() / (known ? 40'000 : 7'000);  // what others have asked since the start
        SnmpPdu report{SnmpTag::kReport, asked.pdu ? asked.pdu->id : 0, 0, 0, {}};
        report.variables.push_back({{1, 3, 6, 1, 6, 3, 15, 1, 1, counter, 0},
                                    snmpNumber(before + ++reports_[known ? 1 : 0], SnmpTag::kCounter)});
        const auto octets = [](std::string_view text) { return snmpElement(SnmpTag::kOctets, text); };
        const std::string head =
            snmpElement(SnmpTag::kSequence, snmpNumber(asked.id) + snmpNumber(kLargestSize) +
                                                octets(std::string_view("\0", 1)) + snmpNumber(kUserModel));
        const std::string security =
            snmpElement(SnmpTag::kSequence, octets(service_.engine) + snmpNumber(1) + snmpNumber(up.count()) +
                                                octets(asked.user) + octets("") + octets(""));
        const std::string scoped =
            snmpElement(SnmpTag::kSequence, octets(service_.engine) + octets("") + writeSnmp(report));
        send(snmpElement(SnmpTag::kSequence, snmpNumber(3) + head + octets(security) + scoped), turn);
    }

    static void note(const SnmpPdu& pdu, std::string_view before, Turn& turn) {
        std::string names;
        for (std::size_t i = 0; i < std::min(pdu.variables.size(), kNotedNames); ++i) {
            names += (names.empty() ? "" : " ") + snmpOidText(pdu.variables[i].name);
        }
        if (pdu.variables.size() > kNotedNames) {
            names += " ...";
        }
        turn.observe(Command{std::string(before) + std::string(verbOf(pdu.kind)), std::move(names)});
    }

    static void send(const std::string& answer, Turn& turn) {
        if (answer.size() <= kLargestAnswer) {
            turn.send(answer);
        }
    }

    const SnmpService& service_;
    std::string tried_;
    bool triedOne_ = false;
    std::array<std::int64_t, 2> reports_{};  // of this flow: of unknown engines, of unknown users
};

constexpr std::uint16_t kPorts[] = {161};
constexpr Setting kSettings[] = {kCommunities, kHostname, kDescription, kContact, kLocation};

}  // namespace

extern constinit const Module snmp{
    "snmp", Transport::Datagram, false, kPorts, kSettings, SnmpService::prepare, openSession<SnmpSession, SnmpService>};

}  // namespace apiary::agent
