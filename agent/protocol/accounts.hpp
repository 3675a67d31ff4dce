#pragma once

#include "agent/protocol/session.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

struct Account {
    std::string user;
    std::string password;
};

/// Who may log in to a host: a short, stable list. A pair on it always works, everything else never does.
///
/// Never "any password" and never "the n-th try": two made-up logins that both succeed give a decoy away. The seeded
/// list depends on the sensor alone, so that a pair which opens one of its services opens the others. Immutable.
class Accounts {
public:
    /// What a module with accounts puts into its table of settings.
    static constexpr Setting kAccounts{
        "accounts", "seeded", "who may log in: nobody, seeded (one or two weak pairs of the sensor's own) or listed"};
    static constexpr Setting kUsers{"users", "", "the pairs of accounts = listed: name:password,name:password"};

    /// Reads the two settings. An Error says what is wrong with them.
    static Result<Accounts> of(const Settings& settings, std::uint64_t sensorSeed);

    /// User names are told apart by case, as on Unix.
    bool admits(std::string_view user, std::string_view password) const;

    const std::vector<Account>& all() const { return all_; }

private:
    static std::vector<Account> seeded(std::uint64_t sensorSeed);

    std::vector<Account> all_;
};

}  // namespace apiary::agent
