#include "agent/protocol/conversation.hpp"

#include "agent/protocol/line_session.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace apiary::agent::test {
namespace {

using Awaits = Conversation::Awaits;

struct Nothing final : Prepared {
    static Result<std::shared_ptr<const Prepared>> prepare(const Settings&, std::uint64_t) {
        return std::shared_ptr<const Prepared>(std::make_shared<const Nothing>());
    }
};

/// Does what its lines say.
class Obedient final : public LineSession {
public:
    Obedient(const Nothing&, const Environment&) {}

    void onTls(const TlsInfo& info, Turn& turn) override { turn.send("sni " + info.sni); }
    void onTlsFailed(std::string_view error, Turn& turn) override { turn.send("no TLS: " + std::string(error)); }
    void onPassive(std::optional<Endpoint> where, Turn& turn) override { turn.send(where ? "port" : "none"); }
    void onChannelOpen(ChannelId channel, Turn&) override { channel_ = channel; }
    void onChannelBytes(ChannelId channel, std::string_view bytes, Turn& turn) override { turn.sendOn(channel, bytes); }
    void onChannelClosed(ChannelId, ChannelEnd end, Turn& turn) override {
        turn.send(end == ChannelEnd::Whole ? "closed" : "broken");
    }
    void onChannelTls(ChannelId, const TlsInfo& info, Turn& turn) override {
        turn.send(info.resumed ? "resumed" : "secured");
    }
    void onChannelTlsFailed(ChannelId, Turn& turn) override { turn.send("not secured"); }
    void onCut(Turn& turn) override {
        turn.send("more");
        turn.observe(Anomaly{"cut"});
    }
    bool readsChannel() const override { return reads_; }

private:
    void onProgress(Turn& turn) override {
        if (std::exchange(asked_, false)) {
            turn.send("done");
        }
    }
    void onLine(std::string_view line, Turn& turn) override {
        if (line == "tls") {
            turn.startTls("hello");
        } else if (line == "passive") {
            turn.openPassive();
        } else if (line == "on") {
            turn.sendOn(channel_, "data");
        } else if (line == "secure") {
            turn.secureChannel(channel_);
        } else if (line == "end") {
            turn.endChannel(channel_);
        } else if (line == "payload") {
            turn.observe(PayloadPiece{1, "0123456789", false});
        } else if (line == "file") {
            turn.observe(PayloadPiece{++file_, "x", false});
            turn.observe(Command{"STORE", ""});
            turn.observe(PayloadPiece{file_, "", true, "name"});
        } else if (line == "deaf" || line == "read") {
            reads_ = line == "read";
        } else if (line == "ask") {
            turn.askResume();
            asked_ = true;
        } else if (line == "remember") {
            turn.remember(std::string(100000, 'x'));
        } else {
            turn.observe(Command{"LINE", std::string(line)});
            turn.send("500 what?\r\n");
        }
    }

    ChannelId channel_ = kControl;
    std::uint32_t file_ = 0;
    bool reads_ = true;
    bool asked_ = false;
};

const Module kObedient{"obedient", Transport::Stream, false, {}, {}, Nothing::prepare, openSession<Obedient, Nothing>};

class ConversationTest : public testing::Test {
protected:
    Conversation talk(Limits limits = {}) { return {kObedient, *prepare(kObedient), {}, limits}; }

    template <typename A>
    static std::size_t count(const Conversation::Actions& actions) {
        return static_cast<std::size_t>(
            std::ranges::count_if(actions, [](const Action& a) { return std::holds_alternative<A>(a); }));
    }

    /// One with an open channel, number 1.
    Conversation withChannel() {
        Conversation conversation = talk();
        (void)conversation.bytes("passive\n", now_);
        (void)conversation.passive(port_, now_);
        (void)conversation.channelOpen(1, now_);
        return conversation;
    }

    /// What is said on the connection first.
    static std::string said(const Conversation::Actions& actions) {
        return actions.empty() ? "" : std::get<Send>(actions[0]).bytes;
    }

    const WallTime now_{};
    const Endpoint port_ = Endpoint::of({192, 0, 2, 1}, 50000);
};

TEST_F(ConversationTest, AnswersAFloodOfLinesInPortionsAndCutsItAtTheLimit) {
    Conversation conversation = talk();
    std::size_t turns = 0;
    std::size_t sent = 0;
    for (auto actions = conversation.bytes(std::string(1 << 20, '\n'), now_); !actions.empty(); ++turns) {
        EXPECT_LE(actions.size(), Turn::kFullActions + 2);
        for (const Action& action : actions) {
            sent += std::holds_alternative<Send>(action) ? std::get<Send>(action).bytes.size() : 0;
        }
        actions = conversation.awaits() == Awaits::Resume ? conversation.resume(now_) : Conversation::Actions{};
    }
    EXPECT_EQ(sent, Limits{}.sent);
    EXPECT_GT(turns, 60U);
    EXPECT_TRUE(conversation.over() && conversation.cutShort());
}

TEST_F(ConversationTest, TakesLastEvidenceAndNothingElseWhenTheConnectionIsCut) {
    Conversation conversation = talk();
    const auto actions = conversation.cut(WallTime{});
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_EQ(std::get<Anomaly>(std::get<Evidence>(actions[0])).what, "cut");
    EXPECT_TRUE(std::holds_alternative<Close>(actions[1]));
    EXPECT_TRUE(conversation.over() && !conversation.cutShort());
    EXPECT_TRUE(conversation.cut(WallTime{}).empty());
}

TEST_F(ConversationTest, DropsEvidencePastTheLimitAndGoesOn) {
    Conversation conversation = talk({.evidence = 2});
    const auto actions = conversation.bytes("a\nb\nc\n", now_);
    EXPECT_EQ(count<Evidence>(actions), 2U);
    EXPECT_EQ(count<Send>(actions), 3U);
    EXPECT_FALSE(conversation.over());
}

TEST_F(ConversationTest, CountsAPayloadOnceAndDropsItWholePastTheLimit) {
    Conversation conversation = talk({.evidence = 5});
    const auto actions = conversation.bytes("file\nfile\nfile\nfile\n", now_);
    std::vector<std::string> pieces;
    for (const Action& action : actions) {
        const auto* evidence = std::get_if<Evidence>(&action);
        const auto* piece = evidence == nullptr ? nullptr : std::get_if<PayloadPiece>(evidence);
        if (piece != nullptr) {
            pieces.push_back(std::to_string(piece->id) + piece->bytes + piece->name);
        }
    }
    EXPECT_EQ(pieces, (std::vector<std::string>{"1x", "1name", "2x", "2name"}));
    EXPECT_EQ(count<Evidence>(actions), 7U);  // two commands, and that it was cut
}

TEST_F(ConversationTest, TakesLastEvidenceBehindTheLastWordsOfASilentPeer) {
    Conversation conversation = talk();
    const auto actions = conversation.idle(now_);
    ASSERT_EQ(actions.size(), 1U);
    EXPECT_EQ(std::get<Anomaly>(std::get<Evidence>(actions[0])).what, "cut");
    EXPECT_TRUE(conversation.over() && !conversation.cutShort());
}

TEST_F(ConversationTest, EndsASessionThatReceivesTooMuch) {
    Conversation conversation = talk({.received = 3});
    EXPECT_EQ(count<Close>(conversation.bytes("abcd", now_)), 1U);
    EXPECT_TRUE(conversation.cutShort());
}

TEST_F(ConversationTest, TakesLastEvidenceOfASessionThatItCuts) {
    Conversation conversation = talk({.received = 3});
    const auto actions = conversation.bytes("abcd", now_);
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_EQ(std::get<Anomaly>(std::get<Evidence>(actions[0])).what, "cut");
    EXPECT_TRUE(std::holds_alternative<Close>(actions[1]));
}

TEST_F(ConversationTest, CutsPayloadsAndMemories) {
    Conversation conversation = talk({.payload = 15});
    (void)conversation.bytes("payload\n", now_);
    const auto actions = conversation.bytes("payload\nremember\n", now_);
    ASSERT_EQ(actions.size(), 2U);
    EXPECT_EQ(std::get<PayloadPiece>(std::get<Evidence>(actions[0])).bytes, "01234");
    EXPECT_EQ(std::get<Remember>(actions[1]).bytes.size(), Conversation::kRemembered);
    EXPECT_TRUE(conversation.bytes("payload\n", now_).empty());
}

TEST_F(ConversationTest, TellsBytesHandedBackFromBytesSmuggled) {
    Conversation conversation = talk();
    conversation.bytes("tls\nQUIT\n", now_);
    EXPECT_TRUE(conversation.bytes("more", now_).empty());
    EXPECT_EQ(conversation.awaits(), Awaits::Handshake);
    const auto early = conversation.takeEarlyBytes();
    EXPECT_EQ(early.handedBack, "hello");
    EXPECT_EQ(early.smuggled, "QUIT\nmore");
    EXPECT_EQ(std::get<Send>(conversation.tls({"example.org", "TLSv1.3"}, now_).at(0)).bytes, "sni example.org");
}

TEST_F(ConversationTest, EndsAfterLastWordsWhenThereIsNoHandshake) {
    Conversation conversation = talk();
    conversation.bytes("tls\n", now_);
    EXPECT_EQ(std::get<Send>(conversation.tlsFailed("broken", now_).at(0)).bytes, "no TLS: broken");
    EXPECT_TRUE(conversation.over());
}

TEST_F(ConversationTest, InterpretsNothingUntilThePortIsKnown) {
    Conversation conversation = talk();
    EXPECT_EQ(conversation.bytes("passive\nx\n", now_).size(), 1U);
    EXPECT_EQ(conversation.awaits(), Awaits::Passive);
    EXPECT_EQ(std::get<Send>(conversation.passive(port_, now_).at(0)).bytes, "port");
    EXPECT_EQ(conversation.awaits(), Awaits::Resume);
    EXPECT_EQ(count<Send>(conversation.resume(now_)), 1U);
    EXPECT_EQ(conversation.awaits(), Awaits::Peer);
}

TEST_F(ConversationTest, KnowsOnlyTheNewestChannel) {
    Conversation conversation = talk();
    const ChannelId first = std::get<OpenPassive>(conversation.bytes("passive\n", now_).at(0)).channel;
    conversation.passive(port_, now_);
    const ChannelId second = std::get<OpenPassive>(conversation.bytes("passive\n", now_).at(0)).channel;
    conversation.passive(port_, now_);
    conversation.channelOpen(second, now_);
    EXPECT_TRUE(conversation.channelBytes(first, "late", now_).empty());
    EXPECT_EQ(std::get<SendOn>(conversation.channelBytes(second, "new", now_).at(0)).bytes, "new");
}

TEST_F(ConversationTest, DropsWhatIsSaidOnAChannelThatIsGone) {
    Conversation conversation = talk();
    const ChannelId channel = std::get<OpenPassive>(conversation.bytes("passive\n", now_).at(0)).channel;
    conversation.passive(port_, now_);
    conversation.channelOpen(channel, now_);
    EXPECT_EQ(count<SendOn>(conversation.bytes("on\n", now_)), 1U);
    EXPECT_EQ(said(conversation.channelClosed(channel, ChannelEnd::Broken, now_)), "broken");
    EXPECT_TRUE(conversation.bytes("on\n", now_).empty());
}

TEST_F(ConversationTest, KeepsWhatTheChannelGaveUntilTheSessionReadsIt) {
    Conversation conversation = talk();
    (void)conversation.bytes("deaf\npassive\n", now_);
    (void)conversation.passive(port_, now_);
    (void)conversation.channelOpen(1, now_);
    EXPECT_FALSE(conversation.readsChannel());
    EXPECT_TRUE(conversation.channelBytes(1, "early", now_).empty());
    EXPECT_TRUE(conversation.channelClosed(1, ChannelEnd::Whole, now_).empty());
    (void)conversation.resume(now_);
    EXPECT_EQ(conversation.awaits(), Awaits::Peer);

    (void)conversation.bytes("read\n", now_);
    ASSERT_EQ(conversation.awaits(), Awaits::Resume);
    const auto actions = conversation.resume(now_);
    ASSERT_EQ(actions.size(), 1U);  // the echo finds the channel closed
    EXPECT_EQ(std::get<Send>(actions[0]).bytes, "closed");
}

TEST_F(ConversationTest, ForgetsWhatAChannelGaveThatIsReplaced) {
    Conversation conversation = talk();
    (void)conversation.bytes("deaf\npassive\n", now_);
    (void)conversation.passive(port_, now_);
    (void)conversation.channelOpen(1, now_);
    (void)conversation.channelBytes(1, "early", now_);
    (void)conversation.bytes("passive\nread\n", now_);
    (void)conversation.passive(port_, now_);
    EXPECT_TRUE(conversation.channelOpen(2, now_).empty());
    EXPECT_TRUE(conversation.resume(now_).empty());
}

TEST_F(ConversationTest, InterpretsAndSendsNothingOnAChannelBeforeItsHandshake) {
    Conversation conversation = withChannel();
    EXPECT_EQ(count<SecureChannel>(conversation.bytes("secure\n", now_)), 1U);
    EXPECT_FALSE(conversation.readsChannel());
    EXPECT_TRUE(conversation.channelBytes(1, "smuggled", now_).empty());
    EXPECT_TRUE(conversation.bytes("on\nend\nsecure\n", now_).empty());
    EXPECT_EQ(said(conversation.channelTls(1, {"", "TLSv1.3", true}, now_)), "resumed");
    EXPECT_TRUE(conversation.channelTls(1, {}, now_).empty()) << "once";
    EXPECT_EQ(count<SendOn>(conversation.channelBytes(1, "echo", now_)), 1U);
}

TEST_F(ConversationTest, HasNoChannelAnyMoreWhenItsHandshakeFailed) {
    Conversation conversation = withChannel();
    (void)conversation.bytes("secure\n", now_);
    EXPECT_EQ(said(conversation.channelTlsFailed(1, now_)), "not secured");
    EXPECT_TRUE(conversation.bytes("on\nend\n", now_).empty());
    EXPECT_TRUE(conversation.channelClosed(1, ChannelEnd::Whole, now_).empty());
}

TEST_F(ConversationTest, FailsAHandshakeOnAChannelThatHadEndedBefore) {
    Conversation conversation = withChannel();
    (void)conversation.bytes("deaf\n", now_);
    EXPECT_TRUE(conversation.channelClosed(1, ChannelEnd::Whole, now_).empty());
    EXPECT_EQ(count<SecureChannel>(conversation.bytes("secure\n", now_)), 0U);
    ASSERT_EQ(conversation.awaits(), Awaits::Resume);
    EXPECT_EQ(said(conversation.resume(now_)), "not secured");
}

TEST_F(ConversationTest, OnlyListensOnAChannelThatItHasEnded) {
    Conversation conversation = withChannel();
    EXPECT_EQ(count<EndChannel>(conversation.bytes("end\n", now_)), 1U);
    EXPECT_TRUE(conversation.bytes("on\nend\nsecure\n", now_).empty());
    EXPECT_TRUE(conversation.readsChannel());
    EXPECT_TRUE(conversation.channelBytes(1, "echo", now_).empty()) << "the echo does not go out";
    EXPECT_EQ(said(conversation.channelClosed(1, ChannelEnd::Whole, now_)), "closed");
}

TEST_F(ConversationTest, TellsASessionThatAskedWhenItsTurnIsPerformed) {
    Conversation conversation = talk();
    EXPECT_TRUE(conversation.bytes("ask\n", now_).empty());
    ASSERT_EQ(conversation.awaits(), Awaits::Resume);
    EXPECT_EQ(std::get<Send>(conversation.resume(now_).at(0)).bytes, "done");
    EXPECT_EQ(conversation.awaits(), Awaits::Peer);
}

}  // namespace
}  // namespace apiary::agent::test
