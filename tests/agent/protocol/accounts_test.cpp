#include "agent/protocol/accounts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace apiary::agent::test {
namespace {

Result<Accounts> accounts(const std::string& kind, const std::string& users = {}, std::uint64_t seed = 0) {
    return Accounts::of({{"accounts", kind}, {"users", users}}, seed);
}

TEST(AccountsTest, AdmitsNobody) {
    const auto none = accounts("nobody");
    ASSERT_TRUE(none);
    EXPECT_TRUE(none->all().empty());
    EXPECT_FALSE(none->admits("", ""));
}

TEST(AccountsTest, AdmitsTheListedPairsAndNothingElse) {
    const auto listed = accounts("listed", "bob:se:cret,eve:");
    ASSERT_TRUE(listed) << listed.error();
    EXPECT_TRUE(listed->admits("bob", "se:cret"));
    EXPECT_TRUE(listed->admits("eve", ""));
    EXPECT_FALSE(listed->admits("bob", ""));
    EXPECT_FALSE(listed->admits("BOB", "se:cret"));
    EXPECT_FALSE(listed->admits("eve", "se:cret"));
}

TEST(AccountsTest, GivesEachSensorOneOrTwoPairsThatStay) {
    std::set<std::string> kinds;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const auto first = accounts("seeded", {}, seed);
        const auto again = accounts("seeded", {}, seed);
        ASSERT_TRUE(first);
        ASSERT_GE(first->all().size(), 1U);
        ASSERT_LE(first->all().size(), 2U);
        const Account& account = first->all().front();
        EXPECT_TRUE(again->admits(account.user, account.password));
        kinds.insert(account.user + ":" + account.password);
    }
    EXPECT_GT(kinds.size(), 50U);
}

TEST(AccountsTest, SaysWhatIsWrongWithASetting) {
    for (const auto& [kind, users] : {std::pair("anybody", ""), std::pair("listed", ""), std::pair("listed", "bob"),
                                      std::pair("listed", ":x"), std::pair("seeded", "bob:x")}) {
        const auto refused = accounts(kind, users);
        ASSERT_FALSE(refused) << kind << ' ' << users;
        EXPECT_FALSE(refused.error().empty());
    }
}

}  // namespace
}  // namespace apiary::agent::test
