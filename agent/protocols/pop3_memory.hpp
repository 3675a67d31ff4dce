#pragma once

#include "agent/protocol/session.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// How long Dovecot's auth process lets an address wait that has failed before: 4, 8, then 15 s, fading within half a
/// minute. The same user and password again do not make it worse.
class Pop3Penalty {
public:
    static constexpr std::int64_t kExpires = 29;  // seconds after the last change
    static constexpr std::size_t kSeen = 10;

    /// What an attempt at `now` (seconds since 1970) meets; 0 for none.
    unsigned levelAt(std::int64_t now) const;
    static Millis pauseOf(unsigned level);

    /// An attempt that met `level` has failed. `pair` tells user and password; 0 where there was no password.
    void failed(unsigned level, std::uint32_t pair, std::int64_t now);
    void clear() { *this = {}; }

    /// One line without its end; empty where there is nothing to remember.
    std::string text() const;
    void recall(std::string_view line);

private:
    unsigned level_ = 0;
    std::int64_t since_ = 0;           // seconds since 1970
    std::vector<std::uint32_t> seen_;  // the last pairs, newest first
};

/// What a source is to find again at its next visit: its penalty, and the messages that it deleted.
class Pop3Memory {
public:
    static constexpr std::size_t kMostUsers = 24;  // so that all of it fits into what a service remembers

    Pop3Penalty penalty;

    bool deleted(std::string_view user, std::size_t index) const;

    /// `index` is below kMostMessages; past kMostUsers users nothing is noted.
    void remove(std::string_view user, std::size_t index);

    /// Text of at most 4096 bytes, and what such a text says; lines that cannot be read are skipped.
    std::string text() const;
    void recall(std::string_view text);

private:
    std::map<std::string, std::string, std::less<>> deleted_;  // user, by its hash in hexadecimal: bits, likewise
};

/// FNV-1a, for what must be told apart but need not be kept.
std::uint64_t pop3Hash(std::string_view text);

}  // namespace apiary::agent
