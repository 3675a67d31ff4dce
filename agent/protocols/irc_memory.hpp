#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace apiary::agent {

/// What a source is to find again at its next visit: who it was, and whom it banned as an operator.
///
/// Times are seconds since 1970.
class IrcMemory {
public:
    static constexpr std::size_t kMostFormers = 10;
    static constexpr std::size_t kMostBans = 100;
    static constexpr std::size_t kMostBytes = 4096;  // of text()

    /// Somebody who was there, as WHOWAS tells it.
    struct Former {
        std::string nick;
        std::string ident;
        std::string realName;
        std::int64_t signon;
    };

    /// A G-, K-, E-, Z- or Q-line.
    struct Ban {
        char kind;
        std::string mask;
        std::string reason;
        std::int64_t expires;  // 0: never
    };

    /// The oldest first.
    const std::vector<Former>& formers() const { return formers_; }
    void left(Former former);

    const std::vector<Ban>& bans() const { return bans_; }

    /// False if there is one already, or there are too many.
    bool add(Ban ban);
    bool remove(char kind, std::string_view mask);
    void expire(std::int64_t now);

    /// Lines, and what such lines say; what cannot be read is skipped, what does not fit is left out.
    std::string text() const;
    void recall(std::string_view text);

private:
    bool has(char kind, std::string_view mask) const;

    std::vector<Former> formers_;
    std::vector<Ban> bans_;
};

}  // namespace apiary::agent
