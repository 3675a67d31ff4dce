#include "agent/protocols/finger_users.hpp"

#include "agent/protocol/accounts.hpp"
#include "agent/protocol/seeded.hpp"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kPurpose = 0xf1296;
constexpr std::string_view kFirst[] = {"Anna", "Peter", "Maria", "Thomas", "Julia", "Erik", "Sofia", "Daniel"};
constexpr std::string_view kLast[] = {"Berg", "Novak", "Keller", "Rossi", "Moreau", "Lind", "Walsh", "Santos"};

constexpr const char* kSystemUsers[][3] = {{"daemon", "daemon", "/usr/sbin"},
                                           {"bin", "bin", "/bin"},
                                           {"sys", "sys", "/dev"},
                                           {"sync", "sync", "/bin"},
                                           {"games", "games", "/usr/games"},
                                           {"man", "man", "/var/cache/man"},
                                           {"lp", "lp", "/var/spool/lpd"},
                                           {"mail", "mail", "/var/mail"},
                                           {"news", "news", "/var/spool/news"},
                                           {"uucp", "uucp", "/var/spool/uucp"},
                                           {"proxy", "proxy", "/bin"},
                                           {"www-data", "www-data", "/var/www"},
                                           {"backup", "backup", "/var/backups"},
                                           {"list", "Mailing List Manager", "/var/list"},
                                           {"irc", "ircd", "/run/ircd"},
                                           {"_apt", "", "/nonexistent"},
                                           {"nobody", "nobody", "/nonexistent"},
                                           {"systemd-network", "systemd Network Management", "/"},
                                           {"messagebus", "", "/nonexistent"},
                                           {"sshd", "", "/run/sshd"}};

/// When, and from where, a user logs in: the same for a name on a sensor.
void seedLogins(FingerUser& user, std::uint64_t sensorSeed) {
    Seeded chance(sensorSeed, kPurpose);
    const auto net = std::to_string(1 + chance.below(60));  // the office's
    std::uint64_t hash = 0;
    for (const char c : user.login) {
        hash = hash * 131 + static_cast<unsigned char>(c);
    }
    chance = Seeded(sensorSeed ^ hash, kPurpose);
    constexpr int kWorkdays[] = {0, 1, 4, 5, 6};  // from Thursday on, as the epoch
    const int day = chance.pick(kWorkdays);
    constexpr std::size_t kWorkMinutes = 660;  // from 7 o'clock on
    const std::chrono::minutes time = std::chrono::hours(7) + std::chrono::minutes(chance.below(kWorkMinutes));
    user.phase = std::chrono::days(day) + time;
    user.from = " on pts/" + std::to_string(chance.below(3)) + " from 192.168." + net + '.' +
                std::to_string(20 + chance.below(200));
    if (user.login == "root") {
        user.from = " on tty1";
        user.period = std::chrono::days(28);
    }
}

}  // namespace

std::string FingerUser::lastLogin(WallTime now) const {
    using namespace std::chrono;
    if (from.empty()) {
        return "Never logged in.\n";
    }
    const auto minute = floor<minutes>(now.time_since_epoch());
    const auto ago = ((minute - phase) % period + period) % period;
    const std::time_t seconds = duration_cast<std::chrono::seconds>(minute - ago).count();
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    char text[64];
    const std::size_t length = std::strftime(text, sizeof text, "Last login %a %b %e %H:%M (UTC)", &utc);
    return std::string(text, length) + from + '\n';
}

Result<std::shared_ptr<const Prepared>> FingerService::prepare(const Settings& settings, std::uint64_t sensorSeed) {
    const auto accounts = Accounts::of(settings, sensorSeed);
    if (!accounts) {
        return Error{accounts.error()};
    }
    auto service = std::make_shared<FingerService>();
    service->add("root", "root", sensorSeed);
    for (const auto& [login, name, home] : kSystemUsers) {
        service->users.push_back({login, name, home});
    }
    std::ranges::find(service->users, "sync", &FingerUser::login)->shell = "/bin/sync";
    if (const auto added = service->addPeople(settings.at("people"), sensorSeed); !added) {
        return Error{added.error()};
    }
    for (const Account& account : accounts->all()) {
        service->add(account.user, "", sensorSeed);
    }
    return std::shared_ptr<const Prepared>(std::move(service));
}

void FingerService::add(const std::string& login, const std::string& name, std::uint64_t sensorSeed) {
    if (std::ranges::find(users, login, &FingerUser::login) != users.end()) {
        return;
    }
    FingerUser user{login, name, login == "root" ? "/root" : "/home/" + login, "/bin/bash"};
    seedLogins(user, sensorSeed);
    users.push_back(std::move(user));
}

Result<bool> FingerService::addPeople(const std::string& people, std::uint64_t sensorSeed) {
    if (people == "seeded") {
        Seeded chance(sensorSeed, kPurpose + 1);
        for (int left = 2; left > 0; --left) {
            const std::string first(chance.pick(kFirst));
            add(fingerLower(first), first + ' ' + std::string(chance.pick(kLast)), sensorSeed);
        }
        return true;
    }
    for (const std::string& person : fingerWords(people, ",")) {
        const auto colon = person.find(':');
        if (colon == 0 || colon == std::string::npos) {
            return Error{"people has '" + person + "'; it may be seeded or login:Real Name,login:Real Name"};
        }
        add(person.substr(0, colon), person.substr(colon + 1), sensorSeed);
    }
    return true;
}

std::vector<std::string> fingerWords(std::string_view text, std::string_view blanks) {
    std::vector<std::string> words;
    for (auto at = text.find_first_not_of(blanks); at != std::string_view::npos;) {
        const auto end = std::min(text.find_first_of(blanks, at), text.size());
        words.emplace_back(text.substr(at, end - at));
        at = text.find_first_not_of(blanks, end);
    }
    return words;
}

std::string fingerLower(std::string_view text) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
    return lower;
}

}  // namespace apiary::agent
