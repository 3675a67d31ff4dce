#pragma once

#include "agent/protocols/irc_text.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace apiary::agent {

struct IrcChannel;

/// Somebody on the network: a decoy, or the peer.
struct IrcUser {
    std::string nick;
    std::string ident;
    std::string host;
    std::string realName;
    std::string away = {};
    std::set<char> modes = {};
    std::int64_t signon = 0;  // seconds since 1970
    std::int64_t spoke = 0;   // likewise: since when idle
    bool registered = false;
    std::vector<IrcChannel*> channels = {};  // the latest first

    bool is(char mode) const { return modes.contains(mode); }
    std::string mask() const { return nick + '!' + ident + '@' + host; }
    std::string modeLetters() const { return '+' + std::string(modes.begin(), modes.end()); }
};

struct IrcMember {
    IrcUser* user;
    std::string status;  // modes, the highest first: o, v

    unsigned rank() const;
    std::string prefixes() const;  // @ and +
    std::string prefix() const { return prefixes().substr(0, 1); }

    /// False if nothing changes.
    bool set(char mode, bool adding);
};

struct IrcBan {
    std::string mask;
    std::string setter;
    std::int64_t at;
};

struct IrcChannel {
    std::string name;
    std::int64_t created = 0;
    std::string topic = {};
    std::string topicBy = {};
    std::int64_t topicAt = 0;
    std::set<char> modes = {};  // k and l included
    std::string key = {};
    std::uint64_t limit = 0;
    std::vector<IrcBan> bans = {};
    std::vector<IrcMember> members = {};
    std::set<const IrcUser*> invited = {};

    bool is(char mode) const { return modes.contains(mode); }
    bool hidden() const { return is('s') || is('p'); }
    IrcMember* member(const IrcUser* user);
    bool has(const IrcUser* user) const;
    unsigned rankOf(const IrcUser* user) const;
    bool bars(const IrcUser& user, std::string_view address) const;
};

inline constexpr unsigned kIrcVoice = 10000;
inline constexpr unsigned kIrcHalfOperator = 20000;
inline constexpr unsigned kIrcOperator = 30000;

/// The network as one peer sees it: the decoys, and what the peer itself made of it. No peer meets another.
///
/// A channel lives as long as somebody is in it.
class IrcWorld {
public:
    using Users = std::unordered_map<std::string, std::unique_ptr<IrcUser>, IrcHash, IrcSame>;
    using Channels = std::unordered_map<std::string, std::unique_ptr<IrcChannel>, IrcHash, IrcSame>;

    /// `id` is what the user is called until it has a nick.
    IrcUser& add(IrcUser user, const std::string& id);
    void rename(IrcUser& user, const std::string& nick);
    void remove(IrcUser& user);  // out of its channels too; the reference is dead then

    IrcUser* user(const std::string& nick) const;
    IrcChannel* channel(const std::string& name) const;

    /// Makes the channel if there is none.
    IrcChannel& join(IrcUser& user, const std::string& name, std::int64_t now);
    void leave(IrcUser& user, IrcChannel& channel);  // which may be gone then

    const Users& users() const { return users_; }
    const Channels& channels() const { return channels_; }

    static bool share(const IrcUser& one, const IrcUser& other);

private:
    Users users_;
    Channels channels_;
};

}  // namespace apiary::agent
