#include "agent/protocol/accounts.hpp"

#include "agent/protocol/seeded.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kPurpose = 0xacc0;

// Pairs that guessing bots try early: found by those who guess, not by those who type at random.
constexpr std::string_view kNames[] = {"admin", "test",   "user",  "backup", "ftpuser", "web",
                                       "pi",    "oracle", "guest", "ubuntu", "www",     "support"};
constexpr std::string_view kWeak[] = {"123456",    "password", "12345678", "1234",    "qwerty",   "admin",
                                      "123456789", "admin123", "test123",  "pass123", "P@ssw0rd", "changeme",
                                      "abc123",    "111111",   "letmein",  "welcome", "12345",    "1q2w3e4r",
                                      "000000",    "master",   "password1"};

}  // namespace

Result<Accounts> Accounts::of(const Settings& settings, std::uint64_t sensorSeed) {
    const std::string& kind = settings.at(std::string(kAccounts.name));
    std::string_view rest = settings.at(std::string(kUsers.name));
    Accounts accounts;
    if (kind != "listed" && !rest.empty()) {
        return Error{"users is set, but accounts is '" + kind + "': make it 'listed', or leave users out"};
    }
    if (kind == "nobody") {
        return accounts;
    }
    if (kind == "seeded") {
        accounts.all_ = seeded(sensorSeed);
        return accounts;
    }
    if (kind != "listed") {
        return Error{"accounts is '" + kind + "'; it may be nobody, seeded or listed"};
    }
    while (!rest.empty()) {
        const std::string_view pair = rest.substr(0, rest.find(','));
        const auto colon = pair.find(':');
        if (colon == 0 || colon == std::string_view::npos) {
            return Error{"users has '" + std::string(pair) + "'; it takes name:password,name:password"};
        }
        accounts.all_.push_back({std::string(pair.substr(0, colon)), std::string(pair.substr(colon + 1))});
        rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    }
    if (accounts.all_.empty()) {
        return Error{"accounts is 'listed', but users is empty: name at least one pair, or take accounts = nobody"};
    }
    return accounts;
}

bool Accounts::admits(std::string_view user, std::string_view password) const {
    return std::ranges::any_of(
        all_, [&](const Account& account) { return account.user == user && account.password == password; });
}

std::vector<Account> Accounts::seeded(std::uint64_t sensorSeed) {
    Seeded choice(sensorSeed, kPurpose);
    std::vector<Account> accounts;
    for (std::size_t left = 1 + choice.below(2); left > 0; --left) {
        const std::string user(choice.pick(kNames));
        const bool asName = choice.below(4) == 0;
        const std::string password = asName ? user : std::string(choice.pick(kWeak));
        if (std::ranges::find(accounts, user, &Account::user) == accounts.end()) {
            accounts.push_back({user, password});
        }
    }
    return accounts;
}

}  // namespace apiary::agent
