#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace apiary::agent {

/// The line discipline of a Linux pseudo-terminal (drivers/tty/n_tty.c) with the settings that BusyBox telnetd gives
/// it: ICRNL IXON, OPOST ONLCR XTABS, ISIG ICANON ECHO ECHOE ECHOK ECHOCTL ECHOKE IEXTEN, no IUTF8.
///
/// Between the bytes of a peer and a process that reads and writes: edits lines, echoes, turns keys into signals. What
/// is typed and not yet read is bounded as in the kernel; what does not fit is dropped. Not thread-safe.
class TelnetTerminal {
public:
    static constexpr std::size_t kMostQueued = 4096;

    enum class Mode : std::uint8_t {
        Cooked,  // whole lines, echoed
        Hidden,  // whole lines, not echoed: a password
        Keys,    // single bytes for a line editor, no echo, no signals
    };
    enum class Signal : std::uint8_t { None, Interrupt, Quit, Suspend };

    /// What one read of whole lines gives.
    struct Chunk {
        std::string bytes;
        bool newline = false;  // the line is whole; its end is not in `bytes`
        bool end = false;      // end of file: Control-D on an empty line
    };

    /// One byte from the peer.
    void input(char byte);

    /// Text of a process, with "\n" line ends.
    void write(std::string_view text);

    /// Up to `most` bytes of what is to go to the peer, none while the peer has stopped it.
    std::string takeOutput(std::size_t most);
    bool hasOutput() const { return !stopped_ && !output_.empty(); }
    std::size_t outputSize() const { return output_.size(); }

    /// The peer is gone: forgets what was to go to it, and that it had stopped it.
    void dropOutput() {
        output_.clear();
        stopped_ = false;
    }

    /// True if a process that writes must wait: Control-S was pressed, or output waits to go out.
    bool blocksWriting() const { return stopped_ || !output_.empty(); }

    Mode mode() const { return mode_; }
    void setMode(Mode mode);

    /// Whether tabs come out as blanks, as telnetd has set it at first.
    void setExpandsTabs(bool expands) { expandsTabs_ = expands; }

    /// Forgets what was typed and not yet read.
    void flushInput();

    /// A line, or what Control-D has pushed; nothing if there is none yet.
    std::optional<Chunk> readLine();

    /// The next byte in Mode::Keys.
    std::optional<char> readKey();

    bool hasInput() const { return mode_ == Mode::Keys ? !queue_.empty() : committed_ > 0; }

    /// The signal raised last and not yet taken.
    Signal signal() const { return signal_; }
    Signal takeSignal() { return std::exchange(signal_, Signal::None); }

    /// Of the window; 0 if the peer did not say.
    unsigned columns() const { return columns_; }
    unsigned rows() const { return rows_; }

    /// True if that is another size than before.
    bool resize(unsigned columns, unsigned rows);

private:
    bool echoes() const { return mode_ == Mode::Cooked; }
    bool flowControl(char byte);
    bool raiseSignal(char byte);
    bool edit(char byte);
    void enqueue(char16_t unit);
    void commit(char16_t unit);
    void typed(char byte);
    void reprint();
    void erase(char key);
    void eraseOnScreen(char16_t erased);
    unsigned widthBeforeTab(bool& afterTab) const;
    void echo(char byte);
    void put(char byte);

    std::u16string queue_;       // bytes; with a bit above for the end of a file and for a newline that ends no line
    std::size_t committed_ = 0;  // of queue_, to be read as lines
    std::string output_;
    Mode mode_ = Mode::Cooked;
    Signal signal_ = Signal::None;
    unsigned columns_ = 0;
    unsigned rows_ = 0;
    unsigned column_ = 0;
    unsigned lineColumn_ = 0;  // where the line that is typed begins
    bool literal_ = false;     // Control-V was pressed
    bool stopped_ = false;     // Control-S was pressed
    bool expandsTabs_ = true;
};

}  // namespace apiary::agent
