#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace apiary::agent {

/// What BusyBox takes for one key (libbb/read_key.c): a byte, or one of the escape sequences of a terminal.
///
/// An escape sequence that is not known swallows what follows at once, up to 15 bytes, as the real one does.
class TelnetKeys {
public:
    enum class Special : std::uint8_t {
        None,  // a plain byte
        Escape,
        Up,
        Down,
        Left,
        Right,
        Home,
        End,
        Insert,
        Delete,
        PageUp,
        PageDown,
        WordLeft,
        WordRight,
        DeleteWord,
        BackspaceWord,
        CursorReport,
    };
    struct Key {
        Special special = Special::None;
        char byte = 0;        // of a plain one
        unsigned column = 0;  // of a CursorReport, from 1
    };

    /// Nothing while the byte may belong to a longer sequence.
    std::optional<Key> take(char byte);

    /// True while a sequence has begun: if nothing comes for 50 ms, giveUp() says what it was.
    bool begun() const { return begun_; }

    /// The keys that a broken sequence stands for: Escape, and the byte behind it if there is just one.
    std::optional<Key> giveUp();

    /// What giveUp() left, to be taken as if it came now.
    std::optional<char> leftOver() { return std::exchange(leftOver_, std::nullopt); }

private:
    std::optional<Key> takeUnknown();

    std::string sequence_;  // behind the escape
    std::optional<char> leftOver_;
    bool begun_ = false;
    bool unknown_ = false;  // no key begins like this
};

}  // namespace apiary::agent
