#pragma once

#include "agent/protocols/telnet_keys.hpp"
#include "agent/shell/shell_completion.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// The line editor of BusyBox 1.35's shells (libbb/lineedit.c) as Debian builds it: emacs keys, a history of 15 lines
/// kept in memory, Tab, no reverse search, no Unicode. Writes the same bytes to the terminal for the same keys.
class TelnetEditor {
public:
    static constexpr std::size_t kMostLine = 1022;
    static constexpr std::size_t kMostHistory = 15;
    static constexpr std::size_t kMostListed = std::size_t{256} << 10U;  // bytes of lists at Tab; then there are none

    /// Completes: Tab was pressed, and complete() is to be called before the next key.
    enum class Outcome : std::uint8_t { More, Completes, Line, Interrupted, EndOfFile };

    /// Begins a line behind a prompt whose last line takes `promptWidth` columns; `width` is the window's, 0 if it is
    /// not known. Adds what is to be shown to `screen`.
    void begin(std::string_view prompt, unsigned promptWidth, unsigned width, std::string& screen);

    /// Asks the terminal where the cursor stands, as ash does where nothing has been typed ahead.
    void askPosition(std::string& screen);

    /// True if the terminal was asked and did not answer yet.
    bool asked() const { return asked_; }

    /// One byte of a key. Anything but More and Completes ends the line.
    Outcome take(char byte, std::string& screen);

    /// What is to be completed, and what fits it.
    std::string_view beforeCursor() const { return std::string_view(line_).substr(0, cursor_); }
    void complete(ShellCompletion completion, std::string& screen);

    /// True while an escape sequence has begun.
    bool awaitsKey() const { return keys_.begun(); }

    /// Nothing came within 50 ms.
    Outcome giveUpKey(std::string& screen);

    /// The window has another width now.
    void resize(unsigned width, std::string& screen);

    const std::string& line() const { return line_; }

private:
    using Special = TelnetKeys::Special;

    Outcome press(const TelnetKeys::Key& key, std::string& screen);
    Outcome pressSpecial(const TelnetKeys::Key& key, std::string& screen);
    Outcome pressByte(char byte, std::string& screen);
    void showMatches(std::string& screen);
    void insert(char byte, std::string& screen);
    void remove(std::string& screen);
    void backspace(std::string& screen);
    void removeWord(std::string& screen);
    void removeLineBefore(std::string& screen);
    void removeRest(std::string& screen);
    void clearScreen(std::string& screen);
    void wordLeft(std::string& screen);
    void wordRight(std::string& screen);
    void removeNextWord(std::string& screen);
    void removePreviousWord(std::string& screen);
    void placeCursor(unsigned column);
    bool recall(bool older, std::string& screen);
    void remember();
    void saveInHistory();

    void showGlyph(std::string& screen);
    void showRest(std::string& screen);
    void goToNewLine(std::string& screen);
    void showPrompt(std::string_view prompt, std::string& screen);
    void back(std::size_t count, std::string& screen);
    void draw(unsigned up, std::size_t behind, std::string_view prompt, std::string& screen);
    char at(std::size_t index) const { return index < line_.size() ? line_[index] : '\0'; }
    std::string_view lastPromptLine() const;

    TelnetKeys keys_;
    std::vector<std::string> history_ = std::vector<std::string>(kMostHistory + 1);  // the last one used is a draft
    std::size_t remembered_ = 0;                                                     // of history_
    std::size_t shown_ = 0;                                                          // which of history_ is edited
    std::string prompt_;
    std::string line_;
    std::size_t cursor_ = 0;
    unsigned width_ = 80;
    unsigned x_ = 0;
    unsigned y_ = 0;  // lines below that of the prompt
    unsigned promptWidth_ = 0;
    bool asked_ = false;
    bool lastWasTab_ = false;
    std::vector<std::string> matches_;  // of the last Tab, to be listed at the next one
    std::size_t listed_ = 0;
};

}  // namespace apiary::agent
