#include "agent/protocols/irc_world.hpp"

#include "agent/protocols/irc_decoys.hpp"

#include <gtest/gtest.h>

#include <string>

namespace apiary::agent {
namespace {

class IrcWorldTest : public testing::Test {
protected:
    IrcUser& add(const std::string& nick) {
        return world_.add({.nick = nick, .ident = "i", .host = "h", .realName = ""}, nick + "-id");
    }

    IrcWorld world_;
};

TEST_F(IrcWorldTest, FindsAUserByItsNickAlone) {
    IrcUser& user = add("One");
    EXPECT_EQ(world_.user("oNE"), &user);
    EXPECT_EQ(world_.user("One-id"), nullptr);
    world_.rename(user, "two");
    EXPECT_EQ(world_.user("One"), nullptr);
    EXPECT_EQ(world_.user("TWO"), &user);
}

TEST_F(IrcWorldTest, MakesTheFirstInAChannelItsOperator) {
    IrcUser& one = add("one");
    IrcUser& two = add("two");
    IrcChannel& channel = world_.join(one, "#x", 5);
    world_.join(two, "#X", 6);
    EXPECT_EQ(channel.rankOf(&one), kIrcOperator);
    EXPECT_EQ(channel.rankOf(&two), 0U);
    EXPECT_EQ(channel.created, 5);
    EXPECT_TRUE(IrcWorld::share(one, two));
}

TEST_F(IrcWorldTest, ForgetsAChannelWhenTheLastOneLeaves) {
    IrcUser& one = add("one");
    world_.leave(one, world_.join(one, "#x", 5));
    EXPECT_EQ(world_.channel("#x"), nullptr);
    EXPECT_TRUE(one.channels.empty());
}

TEST_F(IrcWorldTest, RemovesAUserFromItsChannels) {
    IrcUser& one = add("one");
    IrcUser& two = add("two");
    IrcChannel& channel = world_.join(one, "#x", 5);
    world_.join(two, "#x", 5);
    world_.remove(one);
    EXPECT_EQ(world_.user("one"), nullptr);
    EXPECT_EQ(channel.members.size(), 1U);
}

TEST_F(IrcWorldTest, KeepsTheHighestStatusFirst) {
    IrcMember member{nullptr, ""};
    EXPECT_TRUE(member.set('v', true));
    EXPECT_TRUE(member.set('o', true));
    EXPECT_FALSE(member.set('o', true));
    EXPECT_EQ(member.prefixes(), "@+");
    EXPECT_TRUE(member.set('o', false));
    EXPECT_EQ(member.rank(), kIrcVoice);
}

TEST_F(IrcWorldTest, BarsByNickIdentAndHostOrAddress) {
    IrcChannel channel{.name = "#x"};
    const IrcUser user{.nick = "bad", .ident = "i", .host = "h.example", .realName = ""};
    for (const char* mask : {"bad!*@*", "*!*@H.example", "*!i@10.0.0.*"}) {
        channel.bans = {{mask, "", 0}};
        EXPECT_TRUE(channel.bars(user, "10.0.0.1")) << mask;
    }
    for (const char* mask : {"m:bad", "bad", "*!x@*", "@"}) {
        channel.bans = {{mask, "", 0}};
        EXPECT_FALSE(channel.bars(user, "10.0.0.1")) << mask;
    }
}

TEST(IrcDecoysTest, AreTheSameForASeedAndOthersForAnother) {
    const auto nicks = [](std::uint64_t seed) {
        std::string text;
        for (const auto& person : IrcDecoys::of(seed, "a.lan", "Net").people) {
            text += person.nick + ' ' + person.host + ' ';
        }
        return text;
    };
    EXPECT_EQ(nicks(7), nicks(7));
    EXPECT_NE(nicks(7), nicks(8));
}

TEST(IrcDecoysTest, StayBetweenTwoSignOns) {
    const IrcDecoys decoys = IrcDecoys::of(0, "a.lan", "Net");
    constexpr std::int64_t kNow = 1795658401;
    const IrcWorld before = decoys.world(kNow, "000");
    const IrcWorld after = decoys.world(kNow + 3600, "000");
    for (const auto& [nick, user] : before.users()) {
        EXPECT_LE(user->signon, kNow);
        EXPECT_GE(user->spoke, user->signon);
        EXPECT_EQ(after.user(nick)->signon, user->signon);
    }
    EXPECT_TRUE(before.channel("#ops")->is('s'));
    EXPECT_EQ(before.channel("#lobby")->members.size(), 5U);
}

TEST(IrcDecoysTest, ComeBackAfterTheirPeriod) {
    EXPECT_EQ(ircLatest(100, 7, 10), 97);
    EXPECT_EQ(ircLatest(3, 7, 10), -3);
    EXPECT_EQ(ircLatest(7, 7, 10), 7);
}

}  // namespace
}  // namespace apiary::agent
