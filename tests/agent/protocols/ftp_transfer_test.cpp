/// What transcripts cannot say of transfers: a peer that leaves before all is sent.

#include "agent/protocol/conversation.hpp"
#include "agent/protocols/ftp_decoys.hpp"
#include "agent/protocols/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace apiary::agent::test {
namespace {

using Awaits = Conversation::Awaits;

/// A peer that is logged in, has its data connection, and asks for the largest decoy.
class FtpDownloadTest : public testing::Test {
protected:
    FtpDownloadTest() {
        conversation_.open(WallTime{});
        say("USER anonymous\r\nPASS x\r\nTYPE I\r\nPASV\r\n");
        said_.clear();
        perform(conversation_.channelOpen(channel_, WallTime{}));
        const auto decoys = ftpDecoys(0);
        const auto largest = std::ranges::max_element(decoys, {}, [](const auto& entry) { return entry.second.size; });
        say("RETR " + largest->first + "\r\n", false);
    }

    /// Performs what is asked for; with `sends`, the channel takes all bytes at once.
    void say(const std::string& bytes, bool sends = true) {
        perform(conversation_.bytes(bytes, WallTime{}));
        while (sends && conversation_.awaits() != Awaits::Peer) {
            perform(conversation_.awaits() == Awaits::Passive ? conversation_.passive(Endpoint{}, WallTime{})
                                                              : conversation_.resume(WallTime{}));
        }
    }

    void perform(const Conversation::Actions& actions) {
        for (const Action& action : actions) {
            if (const auto* send = std::get_if<Send>(&action)) {
                said_ += send->bytes;
            } else if (const auto* open = std::get_if<OpenPassive>(&action)) {
                channel_ = open->channel;
            } else if (std::holds_alternative<CloseChannel>(action)) {
                said_ += "[channel closed]";
            }
        }
    }

    std::string reply() const { return said_.substr(std::min(said_.find("\r\n") + 2, said_.size())); }

    Conversation conversation_{*findModule("ftp"), *prepare(*findModule("ftp")), {}};
    ChannelId channel_ = kControl;
    std::string said_;
};

TEST_F(FtpDownloadTest, SaysThatItIsCompleteOnceAllWentOut) {
    EXPECT_TRUE(said_.starts_with("150 "));
    EXPECT_EQ(conversation_.awaits(), Awaits::Resume);
    EXPECT_EQ(reply(), "");
    perform(conversation_.resume(WallTime{}));
    EXPECT_EQ(reply(), "[channel closed]226 Transfer complete.\r\n");
}

TEST_F(FtpDownloadTest, SaysThatItFailedWhenThePeerLeavesFirst) {
    EXPECT_TRUE(conversation_.readsChannel());
    perform(conversation_.channelClosed(channel_, ChannelEnd::Whole, WallTime{}));
    EXPECT_EQ(reply(), "426 Failure writing network stream.\r\n");
    perform(conversation_.resume(WallTime{}));
    EXPECT_EQ(reply(), "426 Failure writing network stream.\r\n");
}

TEST_F(FtpDownloadTest, AnswersWhatWasPipelinedOnceItIsOver) {
    perform(conversation_.bytes("NOOP\r\n", WallTime{}));
    EXPECT_EQ(reply(), "");
    perform(conversation_.channelClosed(channel_, ChannelEnd::Whole, WallTime{}));
    perform(conversation_.resume(WallTime{}));
    EXPECT_EQ(reply(), "426 Failure writing network stream.\r\n200 NOOP ok.\r\n");
}

TEST(FtpUploadTest, IsCompleteAsFarAsItCameWhenALimitEndsTheSession) {
    const Limits limits{.received = 100};
    Conversation conversation(*findModule("ftp"), *prepare(*findModule("ftp")), {}, limits);
    conversation.bytes("USER ftp\r\nPASS x\r\nPASV\r\n", WallTime{});
    conversation.passive(Endpoint{}, WallTime{});
    conversation.channelOpen(1, WallTime{});
    conversation.bytes("STOR incoming/x\r\n", WallTime{});
    conversation.channelBytes(1, "kept", WallTime{});
    const auto actions = conversation.channelBytes(1, std::string(100, 'x'), WallTime{});
    ASSERT_EQ(actions.size(), 3U);  // the piece, what is remembered, Close
    const auto& piece = std::get<PayloadPiece>(std::get<Evidence>(actions[0]));
    EXPECT_TRUE(piece.last);
    EXPECT_EQ(piece.name, "incoming/x");
    EXPECT_EQ(piece.offered, 4U);
}

TEST_F(FtpDownloadTest, TakesNothingFromThePeerMeanwhile) {
    perform(conversation_.channelBytes(channel_, "what is this", WallTime{}));
    EXPECT_EQ(reply(), "");
    EXPECT_TRUE(said_.starts_with("150 "));
}

}  // namespace
}  // namespace apiary::agent::test
