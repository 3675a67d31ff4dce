#include "agent/protocols/telnet_editor.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {
namespace {

constexpr unsigned kUsualWidth = 80;
constexpr unsigned kGreatestWidth = 30000;
constexpr std::size_t kMostBackspaces = 4;  // a longer way is shorter as a sequence
constexpr std::string_view kClearBelow = "\x1b[J";
constexpr std::string_view kBeep = "\a";

constexpr char control(char letter) {
    return static_cast<char>(letter & ~0x40);
}

bool isBlank(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

bool endsWord(char c) {
    return c == ' ' || std::ispunct(static_cast<unsigned char>(c)) != 0;
}

std::string sequence(std::size_t count, char letter) {
    return "\x1b[" + std::to_string(count) + letter;
}

unsigned usable(unsigned width) {
    return width <= 1 || width >= kGreatestWidth ? kUsualWidth : width;
}

}  // namespace

void TelnetEditor::begin(std::string_view prompt, unsigned promptWidth, unsigned width, std::string& screen) {
    keys_ = {};
    prompt_ = prompt;
    promptWidth_ = promptWidth;
    line_.clear();
    width_ = usable(width);
    matches_.clear();
    shown_ = remembered_;
    asked_ = lastWasTab_ = false;
    showPrompt(prompt_, screen);
}

std::string_view TelnetEditor::lastPromptLine() const {
    return std::string_view(prompt_).substr(prompt_.rfind('\n') + 1);
}

void TelnetEditor::askPosition(std::string& screen) {
    screen += "\x1b[6n";
    asked_ = true;
}

TelnetEditor::Outcome TelnetEditor::take(char byte, std::string& screen) {
    const auto key = keys_.take(byte);
    return key ? press(*key, screen) : Outcome::More;
}

TelnetEditor::Outcome TelnetEditor::giveUpKey(std::string& screen) {
    const auto key = keys_.giveUp();
    const auto left = keys_.leftOver();
    if (key) {
        press(*key, screen);
    }
    return left ? take(*left, screen) : Outcome::More;
}

TelnetEditor::Outcome TelnetEditor::press(const TelnetKeys::Key& key, std::string& screen) {
    if (key.special == Special::CursorReport && asked_) {
        placeCursor(key.column);
        return Outcome::More;  // that was no key
    }
    const bool again = std::exchange(lastWasTab_, key.special == Special::None && key.byte == '\t');
    if (lastWasTab_ && again) {
        showMatches(screen);
    }
    if (lastWasTab_) {
        return again ? Outcome::More : Outcome::Completes;
    }
    const Outcome outcome = key.special == Special::None ? pressByte(key.byte, screen) : pressSpecial(key, screen);
    if (outcome == Outcome::Line) {
        remember();
    }
    return outcome;
}

TelnetEditor::Outcome TelnetEditor::pressSpecial(const TelnetKeys::Key& key, std::string& screen) {
    switch (key.special) {
        case Special::Up:
            if (!recall(true, screen)) {
                screen += kBeep;
            }
            break;
        case Special::Down:
            recall(false, screen);
            break;
        case Special::Left:
            back(1, screen);
            break;
        case Special::Right:
            if (cursor_ < line_.size()) {
                showGlyph(screen);
            }
            break;
        case Special::Home:
            back(cursor_, screen);
            break;
        case Special::End:
            showRest(screen);
            break;
        case Special::Delete:
            remove(screen);
            break;
        case Special::WordLeft:
            wordLeft(screen);
            break;
        case Special::WordRight:
            wordRight(screen);
            break;
        case Special::DeleteWord:
            removeNextWord(screen);
            break;
        case Special::BackspaceWord:
            removePreviousWord(screen);
            break;
        default:
            break;
    }
    return Outcome::More;
}

TelnetEditor::Outcome TelnetEditor::pressByte(char byte, std::string& screen) {
    switch (byte) {
        case '\n':
            goToNewLine(screen);
            return Outcome::Line;
        case control('C'):
            line_.clear();
            return Outcome::Interrupted;
        case control('D'):
            if (line_.empty()) {
                return Outcome::EndOfFile;
            }
            remove(screen);
            break;
        case control('A'):
            back(cursor_, screen);
            break;
        case control('B'):
            back(1, screen);
            break;
        case control('E'):
            showRest(screen);
            break;
        case control('F'):
            if (cursor_ < line_.size()) {
                showGlyph(screen);
            }
            break;
        case '\b':
        case '\x7f':
            backspace(screen);
            break;
        case control('K'):
            removeRest(screen);
            break;
        case control('L'):
            clearScreen(screen);
            break;
        case control('N'):
            recall(false, screen);
            break;
        case control('P'):
            recall(true, screen);
            break;
        case control('U'):
            removeLineBefore(screen);
            break;
        case control('W'):
            removeWord(screen);
            break;
        default:
            insert(byte, screen);
    }
    return Outcome::More;
}

void TelnetEditor::insert(char byte, std::string& screen) {
    if (static_cast<unsigned char>(byte) < ' ' || line_.size() >= kMostLine) {
        return;
    }
    line_.insert(cursor_, 1, byte);
    const std::size_t behind = line_.size() - cursor_ - 1;
    showRest(screen);
    back(behind, screen);
}

void TelnetEditor::remove(std::string& screen) {
    if (cursor_ == line_.size()) {
        return;
    }
    line_.erase(cursor_, 1);
    const std::size_t behind = line_.size() - cursor_;
    showRest(screen);
    screen += kClearBelow;
    back(behind, screen);
}

void TelnetEditor::backspace(std::string& screen) {
    if (cursor_ > 0) {
        back(1, screen);
        remove(screen);
    }
}

void TelnetEditor::removeWord(std::string& screen) {
    while (cursor_ > 0 && isBlank(line_[cursor_ - 1])) {
        backspace(screen);
    }
    while (cursor_ > 0 && !isBlank(line_[cursor_ - 1])) {
        backspace(screen);
    }
}

void TelnetEditor::removeLineBefore(std::string& screen) {
    if (cursor_ > 0) {
        line_.erase(0, cursor_);
        draw(y_, line_.size(), lastPromptLine(), screen);
    }
}

void TelnetEditor::removeRest(std::string& screen) {
    line_.resize(cursor_);
    screen += kClearBelow;
}

void TelnetEditor::clearScreen(std::string& screen) {
    screen += "\x1b[H\x1b[J";
    draw(0, line_.size() - cursor_, prompt_, screen);
}

void TelnetEditor::wordLeft(std::string& screen) {
    do {
        back(1, screen);
    } while (cursor_ > 0 && endsWord(line_[cursor_]));
    while (cursor_ > 0 && !endsWord(line_[cursor_ - 1])) {
        back(1, screen);
    }
}

void TelnetEditor::wordRight(std::string& screen) {
    while (cursor_ < line_.size() && endsWord(line_[cursor_])) {
        showGlyph(screen);
    }
    while (cursor_ < line_.size() && !endsWord(line_[cursor_])) {
        showGlyph(screen);
    }
}

void TelnetEditor::removeNextWord(std::string& screen) {
    const std::size_t from = cursor_;
    wordRight(screen);
    const std::size_t count = cursor_ - from;
    back(count, screen);
    for (std::size_t i = 0; i < count; ++i) {
        remove(screen);
    }
}

void TelnetEditor::removePreviousWord(std::string& screen) {
    const std::size_t from = cursor_;
    wordLeft(screen);
    for (std::size_t i = cursor_; i < from; ++i) {
        remove(screen);
    }
}

/// The prompt did not begin at the left: something stood before it.
void TelnetEditor::placeCursor(unsigned column) {
    asked_ = false;
    if (cursor_ > 0 || column - 1 <= promptWidth_) {
        return;
    }
    x_ += column - 1 - promptWidth_;
    y_ += x_ / width_;
    x_ %= width_;
}

/// False if there is nothing older or newer.
bool TelnetEditor::recall(bool older, std::string& screen) {
    if (older ? shown_ == 0 : shown_ >= remembered_) {
        screen += kBeep;
        return false;
    }
    saveInHistory();
    shown_ = older ? shown_ - 1 : shown_ + 1;
    line_ = history_[shown_];
    draw(y_, 0, lastPromptLine(), screen);
    return true;
}

void TelnetEditor::saveInHistory() {
    if (!line_.empty()) {
        history_[shown_] = line_;
    }
}

void TelnetEditor::remember() {
    if (line_.empty() || (remembered_ > 0 && history_[remembered_ - 1] == line_)) {
        return;
    }
    if (remembered_ == kMostHistory) {
        history_.erase(history_.begin());
        history_.resize(kMostHistory + 1);
        --remembered_;
    }
    history_[remembered_++] = line_;
}

/// Shows the character at the cursor, or a blank behind the end, and goes on to the next line at the right margin.
void TelnetEditor::showGlyph(std::string& screen) {
    const bool behindEnd = cursor_ == line_.size();
    screen += behindEnd ? ' ' : line_[cursor_];
    cursor_ += behindEnd ? 0 : 1;
    x_ += behindEnd ? 0 : 1;
    if (x_ >= width_) {
        screen += "\r\n";
        ++y_;
        x_ = 0;
    }
}

void TelnetEditor::showRest(std::string& screen) {
    while (cursor_ < line_.size()) {
        showGlyph(screen);
    }
}

void TelnetEditor::goToNewLine(std::string& screen) {
    showRest(screen);
    screen += cursor_ == 0 || x_ != 0 ? "\n" : "";
}

void TelnetEditor::showPrompt(std::string_view prompt, std::string& screen) {
    screen += prompt;
    cursor_ = 0;
    y_ = promptWidth_ / width_;
    x_ = promptWidth_ % width_;
}

/// Moves the cursor to the left, and up where the line began above.
void TelnetEditor::back(std::size_t count, std::string& screen) {
    count = std::min(count, cursor_);
    if (count == 0) {
        return;
    }
    cursor_ -= count;
    if (x_ >= count) {
        x_ -= static_cast<unsigned>(count);
        screen += count <= kMostBackspaces ? std::string(count, '\b') : sequence(count, 'D');
        return;
    }
    const auto left = static_cast<unsigned>(count) - x_;  // to go from the right margin of the line above
    const unsigned up = 1 + (left - 1) / width_;
    x_ = (width_ * y_ - left) % width_;
    y_ -= up;
    screen += '\r' + sequence(up, 'A');
    screen += x_ > 0 ? sequence(x_, 'C') : std::string();
}

void TelnetEditor::draw(unsigned up, std::size_t behind, std::string_view prompt, std::string& screen) {
    screen += up > 0 ? sequence(up, 'A') : std::string();
    screen += '\r';
    showPrompt(prompt, screen);
    showRest(screen);
    screen += kClearBelow;
    back(behind, screen);
}

void TelnetEditor::resize(unsigned width, std::string& screen) {
    width_ = usable(width);
    const auto row = static_cast<unsigned>((cursor_ + promptWidth_) / width_);
    draw(std::max(row, y_), line_.size() - cursor_, lastPromptLine(), screen);
}

}  // namespace apiary::agent
