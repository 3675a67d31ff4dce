/// What transcripts cannot say of transfers: a peer that leaves before all is sent.

#include "agent/protocol/conversation.hpp"
#include "agent/protocols/ftp_decoys.hpp"
#include "agent/protocols/registry.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

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

/// Visits of one source to one service, each uploading and downloading over data connections of its own.
class FtpVisits {
public:
    explicit FtpVisits(std::size_t room = std::size_t{4} << 20U) : shelf_(std::make_shared<Shelf>(room)) { begin(); }

    /// Ends the visit, and begins the next.
    void begin() {
        Environment environment;
        environment.recalled = recalled_;
        environment.shelf = shelf_;
        channel_ = kControl;
        conversation_.reset();
        conversation_.emplace(*findModule("ftp"), *prepare(*findModule("ftp")), environment);
        perform(conversation_->open(WallTime{}));
        say("USER anonymous\r\nPASS x\r\nTYPE I\r\n");
    }

    /// The last reply.
    std::string upload(const std::string& command, const std::string& content) {
        connect();
        say(command + "\r\n");
        for (std::size_t at = 0; at < content.size(); at += 1000) {
            perform(conversation_->channelBytes(channel_, content.substr(at, 1000), WallTime{}));
        }
        said_.clear();
        perform(conversation_->channelClosed(channel_, ChannelEnd::Whole, WallTime{}));
        return said_;
    }

    /// What comes over the data connection, or the last reply if it is a refusal.
    std::string download(const std::string& name) {
        connect();
        content_.clear();
        say("RETR " + name + "\r\n");
        return said_.starts_with("150 ") ? content_ : said_;
    }

private:
    void connect() {
        say("PASV\r\n");
        said_.clear();
        perform(conversation_->channelOpen(channel_, WallTime{}));
    }

    void say(const std::string& bytes) {
        said_.clear();
        perform(conversation_->bytes(bytes, WallTime{}));
        while (conversation_->awaits() != Awaits::Peer) {
            perform(conversation_->awaits() == Awaits::Passive ? conversation_->passive(Endpoint{}, WallTime{})
                                                               : conversation_->resume(WallTime{}));
        }
    }

    void perform(const Conversation::Actions& actions) {
        for (const Action& action : actions) {
            if (const auto* send = std::get_if<Send>(&action)) {
                said_ += send->bytes;
            } else if (const auto* open = std::get_if<OpenPassive>(&action)) {
                channel_ = open->channel;
            } else if (const auto* shared = std::get_if<SendShared>(&action)) {
                content_ += std::string_view(*shared->whole).substr(shared->offset, shared->length);
            } else if (const auto* remember = std::get_if<Remember>(&action)) {
                recalled_ = remember->bytes;
            }
        }
    }

    std::shared_ptr<Shelf> shelf_;
    std::optional<Conversation> conversation_;
    ChannelId channel_ = kControl;
    std::string recalled_;
    std::string said_;
    std::string content_;
};

std::string content(std::size_t size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) {
        bytes += static_cast<char>(i * i / 251);
    }
    return bytes;
}

constexpr const char* kStored = "226 Transfer complete.\r\n";
constexpr const char* kNoFile = "550 Failed to open file.\r\n";

TEST(FtpUploadTest, IsGivenBackNowAndAtTheNextVisit) {
    FtpVisits source;
    for (const std::size_t size : {10, 3072, 3073, 100'000, 1 << 20}) {
        const std::string name = "incoming/" + std::to_string(size);
        EXPECT_EQ(source.upload("STOR " + name, content(size)), kStored);
    }
    for (int visit = 0; visit < 2; ++visit) {
        for (const std::size_t size : {10, 3072, 3073, 100'000, 1 << 20}) {
            EXPECT_EQ(source.download("incoming/" + std::to_string(size)), content(size)) << size;
        }
        source.begin();
    }
}

TEST(FtpUploadTest, KnowsItsSizeAloneWhereThereIsNoRoom) {
    FtpVisits source(5000);
    EXPECT_EQ(source.upload("STOR incoming/a", content(4000)), kStored);
    EXPECT_EQ(source.download("incoming/a"), content(4000));
    EXPECT_EQ(source.upload("STOR incoming/b", content(4500)), kStored);
    EXPECT_EQ(source.download("incoming/b"), content(4500));
    EXPECT_EQ(source.download("incoming/a"), kNoFile);
    EXPECT_EQ(source.upload("STOR incoming/c", content(6000)), kStored);
    EXPECT_EQ(source.download("incoming/c"), kNoFile);
}

TEST_F(FtpDownloadTest, TakesNothingFromThePeerMeanwhile) {
    perform(conversation_.channelBytes(channel_, "what is this", WallTime{}));
    EXPECT_EQ(reply(), "");
    EXPECT_TRUE(said_.starts_with("150 "));
}

}  // namespace
}  // namespace apiary::agent::test
