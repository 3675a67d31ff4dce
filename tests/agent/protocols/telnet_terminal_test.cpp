/// What the transcripts do not reach in the terminal, the keys and the line editor: bounds, and windows that cannot be.

#include "agent/protocols/telnet_terminal.hpp"

#include "agent/protocols/telnet_editor.hpp"

#include <gtest/gtest.h>

#include <string>

namespace apiary::agent::test {
namespace {

void type(TelnetTerminal& terminal, std::string_view bytes) {
    for (const char byte : bytes) {
        terminal.input(byte);
    }
}

TEST(TelnetTerminalTest, KeepsTheBeginningAndTheEndOfALineThatIsTooLong) {
    TelnetTerminal terminal;
    type(terminal, std::string(10'000, 'x') + "\r");
    const auto line = terminal.readLine();
    ASSERT_TRUE(line);
    EXPECT_TRUE(line->newline);
    EXPECT_EQ(line->bytes, std::string(TelnetTerminal::kMostQueued - 1, 'x'));
    EXPECT_FALSE(terminal.readLine());
}

TEST(TelnetTerminalTest, HoldsBackABoundedEchoWhileItIsStopped) {
    TelnetTerminal terminal;
    type(terminal, "\x13" + std::string(100'000, '\x01'));
    EXPECT_FALSE(terminal.hasOutput());
    EXPECT_LE(terminal.outputSize(), TelnetTerminal::kMostQueued + 8);
    type(terminal, "\x11");
    EXPECT_TRUE(terminal.takeOutput(4).starts_with("^A^A"));
}

TEST(TelnetTerminalTest, ShowsALongLineAgainOnlySoOften) {
    TelnetTerminal terminal;
    type(terminal, std::string(TelnetTerminal::kMostQueued - 1, '\x01'));
    terminal.takeOutput(1U << 20U);
    type(terminal, std::string(10'000, '\x12'));
    EXPECT_GT(terminal.outputSize(), TelnetTerminal::kMostQueued);
    EXPECT_LE(terminal.outputSize(), 4 * TelnetTerminal::kMostQueued);
}

TEST(TelnetTerminalTest, ShowsNothingOfAPassword) {
    TelnetTerminal terminal;
    terminal.setMode(TelnetTerminal::Mode::Hidden);
    type(terminal,
         "wrong\x15se\x7f"
         "ecret\t\x16\x03\r");
    EXPECT_EQ(terminal.outputSize(), 0U);
    EXPECT_EQ(terminal.readLine()->bytes, "secret\t\x03");
}

TEST(TelnetTerminalTest, ReadsWhatWasTypedAheadAsKeysOnceTheLineEditorIsBack) {
    TelnetTerminal terminal;
    type(terminal, "ab\rc");
    terminal.setMode(TelnetTerminal::Mode::Keys);
    std::string keys;
    while (const auto key = terminal.readKey()) {
        keys += *key;
    }
    EXPECT_EQ(keys, "ab\nc");
    EXPECT_FALSE(terminal.hasInput());
}

TEST(TelnetTerminalTest, ExpandsTabsToTheColumn) {
    TelnetTerminal terminal;
    terminal.write("ab\tc\n\td");
    EXPECT_EQ(terminal.takeOutput(100), "ab      c\r\n        d");
}

class TelnetEditorTest : public testing::Test {
protected:
    TelnetEditor::Outcome type(std::string_view bytes) {
        auto outcome = TelnetEditor::Outcome::More;
        for (const char byte : bytes) {
            outcome = editor_.take(byte, screen_);
        }
        return outcome;
    }

    void begin(unsigned width = 0) { editor_.begin("~ # ", 4, width, screen_); }

    TelnetEditor editor_;
    std::string screen_;
};

TEST_F(TelnetEditorTest, KeepsFifteenLines) {
    for (int i = 0; i < 40; ++i) {
        begin();
        type("line " + std::to_string(i) + "\n");
    }
    begin();
    for (int i = 0; i < 40; ++i) {
        type("\x1b[A");
    }
    EXPECT_EQ(editor_.line(), "line 25");
}

TEST_F(TelnetEditorTest, TakesAWindowThatCannotBeForOneOfEightyColumns) {
    for (const unsigned width : {0U, 1U, 30'000U, 65'535U}) {
        begin(width);
        screen_.clear();
        type(std::string(77, 'x'));
        EXPECT_EQ(screen_, std::string(76, 'x') + "\r\nx") << width;
    }
}

TEST_F(TelnetEditorTest, LosesNoKeyInTheNarrowestWindow) {
    begin(2);
    type(
        "abc\x01\x7f\x0c"
        "x\x1b[Fz\x17");
    EXPECT_EQ(type("echo ok\n"), TelnetEditor::Outcome::Line);
    EXPECT_EQ(editor_.line(), "echo ok");
}

TEST_F(TelnetEditorTest, TakesNoMoreThanALineHolds) {
    begin();
    type(std::string(5000, 'x'));
    EXPECT_EQ(editor_.line().size(), TelnetEditor::kMostLine);
}

TEST_F(TelnetEditorTest, ForgetsAnUnknownSequenceAndWhatFollowsItAtOnce) {
    begin();
    type("a\x1bxyz");
    EXPECT_TRUE(editor_.awaitsKey());
    editor_.giveUpKey(screen_);
    type("b");
    EXPECT_EQ(editor_.line(), "ab");
}

TEST_F(TelnetEditorTest, LearnsFromTheTerminalThatThePromptBeganFarther) {
    begin(20);
    editor_.askPosition(screen_);
    type("\x1b[24;19R");
    EXPECT_FALSE(editor_.asked());
    screen_.clear();
    type("xyz");
    EXPECT_EQ(screen_, "xy\r\nz");
}

}  // namespace
}  // namespace apiary::agent::test
