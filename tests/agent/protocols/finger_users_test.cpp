#include "agent/protocols/finger_users.hpp"

#include "agent/protocols/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace apiary::agent::test {
namespace {

using std::chrono::days;
using std::chrono::hours;

/// The users whom a sensor makes up, rendered at `now`.
std::string usersOf(std::uint64_t sensorSeed, WallTime now) {
    const auto prepared = prepare(*findModule("finger"), {}, sensorSeed);
    std::string text;
    for (const FingerUser& user : static_cast<const FingerService&>(**prepared).users) {
        text += user.login + ' ' + user.name + ' ' + user.lastLogin(now);
    }
    return text;
}

FingerUser onFridays() {
    return {"anna", "Anna Berg", "/home/anna", "/bin/bash", " on pts/0 from 10.0.0.7", days(1) + hours(9)};
}

TEST(FingerUsersTest, AreTheSameAtEveryStartOfASensorAndOthersOnAnother) {
    EXPECT_EQ(usersOf(1, WallTime{}), usersOf(1, WallTime{}));
    EXPECT_NE(usersOf(1, WallTime{}), usersOf(2, WallTime{}));
}

TEST(FingerUsersTest, LoggedInLastAtOneMomentUntilTheNextLogin) {
    const FingerUser user = onFridays();
    const WallTime friday{days(1) + hours(9)};
    const std::string second = "Last login Fri Jan  2 09:00 (UTC) on pts/0 from 10.0.0.7\n";
    EXPECT_EQ(user.lastLogin(friday - std::chrono::seconds(1)),
              "Last login Fri Dec 26 09:00 (UTC) on pts/0 from 10.0.0.7\n");
    EXPECT_EQ(user.lastLogin(friday), second);
    EXPECT_EQ(user.lastLogin(friday + days(7) - std::chrono::seconds(1)), second);
    EXPECT_NE(user.lastLogin(friday + days(7)), second);
}

TEST(FingerUsersTest, RefusesAPersonWithoutARealName) {
    const auto prepared = prepare(*findModule("finger"), {{"people", "anna:Anna Berg,marek"}});
    ASSERT_FALSE(prepared);
    EXPECT_NE(prepared.error().find("people has 'marek'"), std::string::npos) << prepared.error();
}

}  // namespace
}  // namespace apiary::agent::test
