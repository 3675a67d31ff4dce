#include "agent/protocol/setting_values.hpp"
#include "agent/protocols/decoy_company.hpp"
#include "agent/protocols/irc_session.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr std::uint64_t kPurpose = 0x19c1;

/// As the server derives the first three digits of its users' ids.
std::string sidOf(const std::string& text) {
    unsigned number = 0;
    for (const char c : text) {
        number = 5 * number + static_cast<unsigned char>(c);
    }
    char sid[8];
    (void)std::snprintf(sid, sizeof sid, "%03u", number % 1000);
    return sid;
}

/// Where the people are at home, who are close to the server.
std::string domainOf(const std::string& host) {
    const auto dot = host.find('.');
    return dot == std::string::npos ? host : host.substr(dot + 1);
}

std::string capital(std::string_view word) {
    std::string text(word);
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

}  // namespace

Result<std::shared_ptr<const Prepared>> IrcService::prepare(const Settings& settings, std::uint64_t sensorSeed) {
    auto service = std::make_shared<IrcService>();
    const auto accounts = Accounts::of(settings, sensorSeed);
    const auto lookup = flagOf(settings, "lookup");
    const auto ping = durationOf(settings, "ping_every", std::chrono::hours(1));
    const auto within = durationOf(settings, "register_within", std::chrono::hours(1));
    const auto threshold = numberOf(settings, "flood_threshold", 1, 1000);
    const auto uptime = settings.at("uptime") == "seeded"
                            ? Result<Millis>(Millis(0))
                            : durationOf(settings, "uptime", std::chrono::hours(24 * 365));
    for (const std::string* error : {accounts ? nullptr : &accounts.error(), lookup ? nullptr : &lookup.error(),
                                     ping ? nullptr : &ping.error(), within ? nullptr : &within.error(),
                                     threshold ? nullptr : &threshold.error(), uptime ? nullptr : &uptime.error()}) {
        if (error != nullptr) {
            return Error{*error};
        }
    }
    const std::string company(decoyCompany(sensorSeed));
    const auto chosen = [&](const char* name, const std::string& seeded) {
        return settings.at(name) == "seeded" ? seeded : settings.at(name);
    };
    service->host = chosen("host", "irc." + company + ".lan");
    service->network = chosen("network", capital(company) + "Net");
    service->description = chosen("description", capital(company) + " IRC server");
    service->admin = {settings.at("admin_name"), settings.at("admin_nick"),
                      chosen("admin_email", "root@" + service->host)};
    service->motd = ircWords(chosen("motd", "Welcome to " + service->network +
                                                ".||Be kind, and keep bots out of #lobby.|Questions: #support"),
                             '|', true);
    for (const std::string* name : {&service->host, &service->network}) {
        if (name->empty() || name->find(' ') != std::string::npos) {
            return Error{"host and network are words without blanks, not '" + *name + "'"};
        }
    }
    Seeded chance(sensorSeed, kPurpose);
    service->accounts = *accounts;
    service->lookup = *lookup;
    service->uptime = uptime->count() / 1000;
    service->pingEvery = std::max<std::int64_t>(1, ping->count() / 1000);
    service->registerWithin = within->count() / 1000;
    service->threshold = static_cast<std::int64_t>(*threshold);
    service->decoys = IrcDecoys::of(sensorSeed, domainOf(service->host), service->network);
    service->sid = sidOf(service->host + service->description);
    service->bootPhase = static_cast<std::int64_t>(chance.below(100 * kDay));
    service->bootPeriod = static_cast<std::int64_t>(60 * kDay + chance.below(40 * kDay));
    service->tokens = {"AWAYLEN=200",
                       "CASEMAPPING=rfc1459",
                       "CHANLIMIT=#:20",
                       "CHANMODES=b,k,l,imnpst",
                       "CHANNELLEN=64",
                       "CHANTYPES=#",
                       "ELIST=CMNTU",
                       "HOSTLEN=64",
                       "KEYLEN=32",
                       "KICKLEN=255",
                       "LINELEN=512",
                       "MAXLIST=b:100",
                       "MAXTARGETS=20",
                       "MODES=20",
                       "NAMELEN=128",
                       "NAMESX",
                       "NETWORK=" + service->network,
                       "NICKLEN=30",
                       "PREFIX=(ov)@+",
                       "SAFELIST",
                       "STATUSMSG=@+",
                       "TOPICLEN=307",
                       "UHNAMES",
                       "USERLEN=10",
                       "USERMODES=,,s,iow",
                       "WHOX"};
    return std::shared_ptr<const Prepared>(std::move(service));
}

}  // namespace apiary::agent
