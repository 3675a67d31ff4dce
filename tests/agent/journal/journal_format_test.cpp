#include "agent/journal/journal_format.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace apiary::agent {
namespace {

const auto kStart = std::chrono::system_clock::time_point(std::chrono::milliseconds(1'492'510'799'123));
const Endpoint kSource = Endpoint::of({192, 0, 2, 1}, 17943);
const Endpoint kTarget = Endpoint::of({198, 51, 100, 7}, 21);

TEST(JournalFormatTest, LooksAsThePaperShowsIt) {
    std::string text;
    appendHeader(text, kStart);
    appendPacket(text, kStart, kTarget, kSource, "220 Service ready for new user.\r\n");
    appendPacket(text, kStart + std::chrono::milliseconds(6900), kSource, kTarget, "user, me\\\x7f");
    appendFooter(text, "ftp", Ending::TimedOut, kSource, 21, kStart + std::chrono::minutes(2));
    EXPECT_EQ(text,
              "*****\n"
              "*****Started at: Tue Apr 18 10:19:59 UTC 2017*****\n"
              "TIMESTAMP, SRC_IP:PRT, DST_IP:PRT, PACKET\n"
              "Tue Apr 18 10:19:59 UTC 2017,198.51.100.7:21,192.0.2.1:17943,220 Service ready for new user.\\x0d\\x0a\n"
              "Tue Apr 18 10:20:06 UTC 2017,192.0.2.1:17943,198.51.100.7:21,user, me\\\\\\x7f\n"
              "*****Protocol FTP TIMED OUT talking to /192.0.2.1 using local port 21, connection closed.****\n"
              "*****Stopped at: Tue Apr 18 10:21:59 UTC 2017*****\n"
              "*****\n");
}

TEST(JournalFormatTest, HasAPhraseForEachEnding) {
    std::string all;
    for (int ending = 1; ending <= 8; ++ending) {
        all += std::string(endingWords(static_cast<Ending>(ending))) + "; ";
    }
    EXPECT_EQ(all,
              "finished talking to; hung up by; reset by; TIMED OUT talking to; cut at a limit, talking to; "
              "failed TLS with; stopped by the agent, talking to; interrupted talking to; ");
}

TEST(JournalFormatTest, StaysPrintableWhateverIsInAPacket) {
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) {
        bytes += static_cast<char>(byte);
    }
    std::string text;
    appendPacket(text, kStart, kSource, kTarget, bytes);
    appendDropped(text, 3, "spool\x1b full");
    for (const char c : text) {
        EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
    }
    EXPECT_EQ(std::ranges::count(text, '\n'), 2);
}

TEST(JournalFormatTest, NamesALogByItsSession) {
    const Uuid session = Uuid::v7(kStart, {});
    EXPECT_EQ(sessionPath("ftp", kSource, session),
              "2017-04-18/10/FTP/20170418T101959.123Z_192.0.2.1_17943_" + session.text() + ".txt");
    Endpoint v6;
    v6.address[15] = 1;
    v6.port = 9;
    EXPECT_EQ(sessionPath("../x\n", v6, session),
              "2017-04-18/10/---X-/20170418T101959.123Z_--1_9_" + session.text() + ".txt");
    EXPECT_EQ(runFolder(kStart), "20170418T101959.123Z");
}

}  // namespace
}  // namespace apiary::agent
