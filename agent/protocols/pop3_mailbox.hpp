#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

inline constexpr std::size_t kPop3MostMessages = 400;  // of one account

struct Pop3Message {
    std::uint32_t uid = 0;
    std::string text;  // header, empty line and body; lines end in CRLF, dots are not doubled
};

/// One account's mail, oldest first.
struct Pop3Mailbox {
    std::uint32_t validity = 0;  // UIDVALIDITY: when the mailbox was made, in seconds since 1970
    std::vector<Pop3Message> messages;
};

/// What lies in the mailbox of `user` at `host`: mail that a small office's server received over about a year and
/// nobody fetched, all of it more than a year old. Follows from the sensor's seed and the user; about 1 kB a message.
Pop3Mailbox pop3Decoys(std::uint64_t sensorSeed, std::string_view user, std::string_view host, std::size_t messages);

/// How many messages a mailbox has where the settings do not say it: 6 to 17.
std::size_t pop3DecoyCount(std::uint64_t sensorSeed, std::string_view user);

/// The server's name where the settings do not say it, such as mail.halden.lan.
std::string pop3DecoyHost(std::uint64_t sensorSeed);

/// "uuuuuuuuvvvvvvvv": UID and UIDVALIDITY in lower-case hexadecimal, as Dovecot's pop3_uidl_format = %08Xu%08Xv.
std::string pop3Uidl(const Pop3Mailbox& mailbox, std::size_t index);

/// The mailbox as Dovecot keeps one on disk (mbox, lines ending in LF), UIDs and UIDVALIDITY in it.
std::string pop3Mbox(const Pop3Mailbox& mailbox);

}  // namespace apiary::agent
