#include "agent/protocols/telnet_terminal.hpp"

#include <algorithm>

namespace apiary::agent {
namespace {

constexpr char kEndOfFile = 0x04;
constexpr char kErase = 0x7f;
constexpr char kKill = 0x15;
constexpr char kEraseWord = 0x17;
constexpr char kLiteral = 0x16;
constexpr char kReprint = 0x12;
constexpr char kStart = 0x11;
constexpr char kStop = 0x13;
constexpr char16_t kEndMark = 0x100;         // as the kernel has it: read as NUL where lines are not whole
constexpr char16_t kLiteralNewline = 0x20a;  // after Control-V
constexpr unsigned kTab = 8;
constexpr std::string_view kRubOut = "\b \b";

/// The kernel's own, of Latin-1.
bool isControl(char16_t unit) {
    const auto byte = unit & 0xffU;
    return byte < 0x20 || byte == 0x7f;
}

bool isWord(char16_t unit) {
    const auto byte = unit & 0xffU;
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           byte == '_' || (byte >= 0xc0 && byte != 0xd7 && byte != 0xf7);
}

char16_t unitOf(char byte) {
    return static_cast<unsigned char>(byte);
}

}  // namespace

void TelnetTerminal::input(char byte) {
    if (std::exchange(literal_, false)) {
        typed(byte);
        return;
    }
    if (flowControl(byte) || (mode_ != Mode::Keys && raiseSignal(byte))) {
        return;
    }
    byte = byte == '\r' ? '\n' : byte;
    if (mode_ == Mode::Keys) {
        enqueue(unitOf(byte));
    } else if (!edit(byte)) {
        typed(byte);
    }
}

bool TelnetTerminal::flowControl(char byte) {
    if (byte != kStart && byte != kStop) {
        return false;
    }
    stopped_ = byte == kStop;
    return true;
}

/// What was typed is forgotten, and what was to be shown of it.
bool TelnetTerminal::raiseSignal(char byte) {
    const Signal signal = byte == '\x03'   ? Signal::Interrupt
                          : byte == '\x1c' ? Signal::Quit
                          : byte == '\x1a' ? Signal::Suspend
                                           : Signal::None;
    if (signal == Signal::None) {
        return false;
    }
    signal_ = signal;
    stopped_ = false;
    flushInput();
    output_.clear();
    echo(byte);
    return true;
}

/// True if the key is one that edits or ends the line.
bool TelnetTerminal::edit(char byte) {
    switch (byte) {
        case kErase:
        case kKill:
        case kEraseWord:
            erase(byte);
            return true;
        case kLiteral:
            literal_ = true;
            if (echoes()) {
                put('^');
                put('\b');
            }
            return true;
        case kReprint:
            if (echoes()) {
                reprint();
            }
            return echoes();
        case '\n':
            if (echoes()) {
                put('\n');
            }
            commit(unitOf(byte));
            return true;
        case kEndOfFile:
            commit(kEndMark);
            return true;
        default:
            return false;
    }
}

void TelnetTerminal::typed(char byte) {
    if (echoes()) {
        lineColumn_ = committed_ == queue_.size() ? column_ : lineColumn_;
        echo(byte);
    }
    enqueue(byte == '\n' ? kLiteralNewline : unitOf(byte));
}

/// A line that is too long keeps its beginning, and the end that is still to come.
void TelnetTerminal::enqueue(char16_t unit) {
    if (queue_.size() < kMostQueued - 1) {
        queue_ += unit;
    }
}

void TelnetTerminal::commit(char16_t unit) {
    if (queue_.size() < kMostQueued) {
        queue_ += unit;
        committed_ = queue_.size();
    }
}

void TelnetTerminal::reprint() {
    if (output_.size() >= kMostQueued) {  // the kernel's buffer of echoes is as small
        return;
    }
    echo(kReprint);
    put('\n');
    for (std::size_t i = committed_; i < queue_.size(); ++i) {
        echo(static_cast<char>(queue_[i]));
    }
}

void TelnetTerminal::erase(char key) {
    bool seenWord = false;
    while (queue_.size() > committed_) {
        const char16_t last = queue_.back();
        if (key == kEraseWord && !isWord(last) && seenWord) {
            return;
        }
        seenWord = seenWord || isWord(last);
        queue_.pop_back();
        eraseOnScreen(last);
        if (key == kErase) {
            return;
        }
    }
}

void TelnetTerminal::eraseOnScreen(char16_t erased) {
    if (!echoes()) {
        return;
    }
    if (erased == u'\t') {
        bool afterTab = false;
        unsigned before = widthBeforeTab(afterTab) % kTab;
        before += afterTab ? 0 : lineColumn_;
        for (unsigned back = kTab - before % kTab; back > 0; --back) {
            put('\b');
        }
        return;
    }
    for (int i = 0; i < (isControl(erased) ? 2 : 1); ++i) {
        std::ranges::for_each(kRubOut, [this](char c) { put(c); });
    }
}

/// Columns of the line since its beginning or the last tab.
unsigned TelnetTerminal::widthBeforeTab(bool& afterTab) const {
    unsigned width = 0;
    for (std::size_t i = queue_.size(); i > committed_; --i) {
        if (queue_[i - 1] == u'\t') {
            afterTab = true;
            break;
        }
        width += isControl(queue_[i - 1]) ? 2 : 1;
    }
    return width;
}

void TelnetTerminal::echo(char byte) {
    if (!echoes()) {
        return;
    }
    if (isControl(unitOf(byte)) && byte != '\t') {
        put('^');
        put(static_cast<char>(byte ^ 0x40));
    } else {
        put(byte);
    }
}

void TelnetTerminal::write(std::string_view text) {
    std::ranges::for_each(text, [this](char c) { put(c); });
}

/// Output processing.
void TelnetTerminal::put(char byte) {
    if (stopped_ && output_.size() >= kMostQueued) {
        return;
    }
    switch (byte) {
        case '\n':
            output_ += "\r\n";
            column_ = lineColumn_ = 0;
            break;
        case '\r':
            output_ += byte;
            column_ = lineColumn_ = 0;
            break;
        case '\t':
            output_.append(expandsTabs_ ? kTab - column_ % kTab : 1, expandsTabs_ ? ' ' : '\t');
            column_ += kTab - column_ % kTab;
            break;
        case '\b':
            output_ += byte;
            column_ -= column_ > 0 ? 1 : 0;
            break;
        default:
            output_ += byte;
            column_ += isControl(unitOf(byte)) ? 0 : 1;
    }
}

std::string TelnetTerminal::takeOutput(std::size_t most) {
    if (stopped_) {
        return {};
    }
    std::string taken = output_.substr(0, most);
    output_.erase(0, taken.size());
    return taken;
}

bool TelnetTerminal::resize(unsigned columns, unsigned rows) {
    const bool changed = columns_ != columns || rows_ != rows;
    columns_ = columns;
    rows_ = rows;
    return changed;
}

/// What was typed as keys can be read as one line, and the other way round.
void TelnetTerminal::setMode(Mode mode) {
    if ((mode == Mode::Keys) != (mode_ == Mode::Keys)) {
        committed_ = queue_.size();
    }
    mode_ = mode;
}

void TelnetTerminal::flushInput() {
    queue_.clear();
    committed_ = 0;
}

std::optional<TelnetTerminal::Chunk> TelnetTerminal::readLine() {
    if (committed_ == 0) {
        return std::nullopt;
    }
    Chunk chunk;
    std::size_t taken = 0;
    bool over = false;
    while (taken < committed_ && !over) {
        const char16_t unit = queue_[taken++];
        over = unit == u'\n' || unit == kEndMark;
        chunk.newline = unit == u'\n';
        chunk.end = unit == kEndMark && taken == 1;
        if (!over) {
            chunk.bytes += static_cast<char>(unit);
        }
    }
    queue_.erase(0, taken);
    committed_ -= taken;
    return chunk;
}

std::optional<char> TelnetTerminal::readKey() {
    if (queue_.empty()) {
        return std::nullopt;
    }
    const char key = static_cast<char>(queue_.front());
    queue_.erase(0, 1);
    committed_ -= committed_ > 0 ? 1 : 0;
    return key;
}

}  // namespace apiary::agent
