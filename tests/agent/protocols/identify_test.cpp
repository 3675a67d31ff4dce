#include "agent/protocols/identify.hpp"

#include "tests/agent/protocols/identify_examples.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace apiary::agent::test {
namespace {

constexpr unsigned kSeed = 20170418;

std::string_view nameOf(const Verdict& verdict) {
    return verdict.matcher == nullptr ? "" : verdict.matcher->name;
}

std::string randomBytes(std::mt19937& random, std::size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) {
        c = static_cast<char>(random() & 0xffU);
    }
    return bytes;
}

/// Fails if the answer to a beginning of the stream is contradicted by that to a longer one.
void expectSteady(std::string_view stream) {
    Verdict before = identify(Transport::Stream, stream.substr(0, 1), false);
    for (std::size_t size = 2; size <= stream.size(); ++size) {
        const Verdict now = identify(Transport::Stream, stream.substr(0, size), false);
        if (before.match != Match::NeedMore) {
            ASSERT_EQ(before.matcher, now.matcher) << "at " << size << " of " << testing::PrintToString(stream);
            ASSERT_EQ(before.match, now.match) << "at " << size << " of " << testing::PrintToString(stream);
        }
        before = now;
    }
}

TEST(IdentifyTest, NamesTheFirstBytesOfRealClients) {
    for (const Example& example : examples()) {
        EXPECT_EQ(example.protocol, nameOf(identify(example.transport, example.bytes, true))) << example.source;
    }
}

TEST(IdentifyTest, DecidesOnAStreamWithoutWaitingForItsEnd) {
    for (const Example& example : examples()) {
        if (example.transport == Transport::Stream) {
            EXPECT_EQ(example.protocol, nameOf(identify(Transport::Stream, example.bytes, false))) << example.source;
        }
    }
}

TEST(IdentifyTest, HasARealClientForEachOfItsMatchers) {
    std::set<const Matcher*> shown;
    for (const Example& example : examples()) {
        shown.insert(identify(example.transport, example.bytes, true).matcher);
    }
    for (const auto matchers : {streamMatchers(), datagramMatchers()}) {
        for (const Matcher& matcher : matchers) {
            EXPECT_TRUE(shown.contains(&matcher)) << matcher.name;
        }
    }
}

TEST(IdentifyTest, NeverContradictsItselfAsAStreamGoesOn) {
    for (const Example& example : examples()) {
        if (example.transport == Transport::Stream) {
            expectSteady(example.bytes + "\r\nand more\r\n");
        }
    }
}

TEST(IdentifyTest, NeverContradictsItselfOnDamagedStreams) {
    std::mt19937 random(kSeed);
    for (int round = 0; round < 1'000 && !testing::Test::HasFatalFailure(); ++round) {
        std::string stream = examples()[random() % examples().size()].bytes.substr(0, 60);
        for (auto damage = 1 + random() % 3; damage > 0; --damage) {
            stream[random() % stream.size()] = static_cast<char>(random() & 0xffU);
        }
        expectSteady(stream + randomBytes(random, random() % 20));
    }
}

TEST(IdentifyTest, FindsNothingInRandomBytes) {
    for (const Transport transport : {Transport::Stream, Transport::Datagram}) {
        std::mt19937 random(kSeed);
        int found = 0;
        for (int i = 0; i < 10'000; ++i) {
            found += identify(transport, randomBytes(random, 1 + random() % 200), true).matcher == nullptr ? 0 : 1;
        }
        EXPECT_LE(found, 5) << (transport == Transport::Stream ? "streams" : "datagrams");
    }
}

TEST(IdentifyTest, FindsNothingInProse) {
    for (const std::string_view text : {"hello\r\n", "\r\n\r\n", "help\r\n", "root\r\n", "getting there\r\n", "{}\n"}) {
        EXPECT_EQ("", nameOf(identify(Transport::Stream, text, true))) << text;
    }
}

TEST(IdentifyTest, WaitsWhileMoreThanOneCouldBeMeant) {
    EXPECT_EQ(Match::NeedMore, identify(Transport::Stream, "OPTIONS ", false).match);
    EXPECT_EQ(Match::NeedMore, identify(Transport::Stream, "USER anonymous", false).match);
    EXPECT_EQ(Match::NeedMore, identify(Transport::Stream, "", false).match);
}

TEST(IdentifyTest, TakesTheNextBestWhenNoMoreWillCome) {
    EXPECT_EQ("ftp", nameOf(identify(Transport::Stream, "USER anonymous", true)));
    EXPECT_EQ(Match::No, identify(Transport::Stream, "OPTIONS ", true).match);
}

}  // namespace
}  // namespace apiary::agent::test
