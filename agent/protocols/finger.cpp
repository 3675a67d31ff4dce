/// FINGER (RFC 1288) as Debian 12's fingerd 0.17 answers it from inetd, by its finger 0.17 and without options.
/// The host has Debian's own users, those who may log in to the sensor's other services, and a few people; nobody is
/// logged in. All times are UTC.
/// Left out on purpose: the short list that the option -s asks for (the long one is given instead), offices and phone
/// numbers, mail and plans, and forwarding, which fingerd refuses.

#include "agent/protocol/accounts.hpp"
#include "agent/protocol/buffered_session.hpp"
#include "agent/protocols/finger_users.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestQuery = 1023;    // fgets() with 1024 bytes
constexpr std::size_t kLongestMessage = 1023;  // finger prints by way of such a buffer
constexpr std::size_t kMostWords = 49;
constexpr Millis kInputTimeout = std::chrono::seconds(60);
/// As finger prints to a network: CRLF, and nothing that a terminal might obey.
std::string printable(std::string_view text) {
    std::string shown;
    for (const char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            shown += "\r\n";
            continue;
        }
        if (byte >= 0x80 && (byte < 0xa0 || byte == 0xff)) {
            shown += "M-";
            byte &= 0x7fU;
        }
        if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
            shown += '^';
            byte ^= 0x40U;
        }
        shown += static_cast<char>(byte);
    }
    return shown;
}

/// The command line of finger that fingerd makes of a query.
struct Query {
    std::vector<std::string> names;
    bool realNames = true;  // not -m
    bool plans = true;      // not -p
    bool options = false;   // other than /W
    char unknownOption = '\0';

    explicit Query(std::vector<std::string> words) {
        words.resize(std::min(words.size(), kMostWords));
        bool named = false;  // behind "--" all are names
        for (std::string& word : words) {
            const bool wide = word.starts_with("/W") || word.starts_with("/w");
            if (wide) {
                word.replace(0, 2, "-l");
            }
            if (named || word.size() < 2 || word[0] != '-') {
                names.push_back(std::move(word));
                continue;
            }
            options = options || !wide || word.size() > 2;
            named = word == "--";
            for (std::size_t i = named ? 2 : 1; i < word.size() && unknownOption == '\0'; ++i) {
                realNames = realNames && word[i] != 'm';
                plans = plans && word[i] != 'p';
                unknownOption = std::string_view("lmps").find(word[i]) == std::string_view::npos ? word[i] : '\0';
            }
        }
    }
};

class FingerSession final : public BufferedSession {
public:
    FingerSession(const FingerService& service, const Environment&) : service_(service) {}

    void onOpen(Turn& turn) override { turn.setAlarm(kInputTimeout); }
    void onAlarm(Turn& turn) override { timeOut(turn); }
    void onIdle(Turn& turn) override { timeOut(turn); }

    void onPeerClosed(Turn& turn) override {
        const std::string unfinished = takeUnread();
        if (unfinished.empty()) {
            turn.send("fingerd: Internal error\r\n");
            turn.close();
        } else {
            answer(unfinished, turn);
        }
    }

private:
    std::size_t step(std::string_view rest, Turn& turn) override {
        const std::string_view read = rest.substr(0, kLongestQuery);
        const auto end = read.find('\n');
        if (end == std::string_view::npos && read.size() < kLongestQuery) {
            return 0;
        }
        if (end == std::string_view::npos) {
            turn.observe(Anomaly{"query too long"});
        }
        answer(read.substr(0, end), turn);
        return std::min(end, read.size() - 1) + 1;
    }

    static void timeOut(Turn& turn) {
        turn.send("fingerd: Input timeout\r\n");
        turn.close();
    }

    void answer(std::string_view line, Turn& turn) const {
        line = line.substr(0, line.find_last_not_of('\r') + 1);
        turn.observe(Command{"FINGER", std::string(line)});
        if (line.find('\0') != std::string_view::npos) {
            turn.observe(Anomaly{"NUL in a query"});
            line = line.substr(0, line.find('\0'));
        }
        const Query query(fingerWords(line, " \t\r"));
        if (query.options) {
            turn.observe(Anomaly{"options in a query"});
        }
        if (line.find('@') != std::string_view::npos) {
            turn.send("fingerd: forwarding not allowed\r\n");
        } else if (query.unknownOption != '\0') {  // told by the C library, which knows of no network
            turn.send(std::string("finger: invalid option -- '") + query.unknownOption +
                      "'\nusage: finger [-lmps] [login ...]\n");
        } else {
            turn.send(printable(query.names.empty() ? "No one logged on.\n" : found(query, turn.now())));
        }
        turn.close();
    }

    /// First who is not there, then users by login in the order asked for, then those whose real name fits.
    std::string found(const Query& query, WallTime now) const {
        std::string text;
        std::vector<const FingerUser*> logins;
        std::vector<const FingerUser*> real;
        for (const std::string& name : query.names) {
            const auto login = std::ranges::find(service_.users, name, &FingerUser::login);
            const bool known = login != service_.users.end();
            if (known) {
                logins.push_back(&*login);
            }
            if (!(query.realNames && addByRealName(name, real)) && !known) {
                text += ("finger: " + name + ": no such user.\n").substr(0, kLongestMessage);
            }
        }
        std::ranges::sort(real);  // as in /etc/passwd
        logins.insert(logins.end(), real.begin(), real.end());
        std::vector<const FingerUser*> shown;
        for (const FingerUser* user : logins) {
            if (std::ranges::find(shown, user) == shown.end()) {
                text += (shown.empty() ? "" : "\n") + entry(*user, query.plans, now);
                shown.push_back(user);
            }
        }
        return text;
    }

    /// Any word of it, in any case; but who asks for a login in the wrong case does not get that user.
    bool addByRealName(const std::string& name, std::vector<const FingerUser*>& real) const {
        const std::size_t before = real.size();
        for (const FingerUser& user : service_.users) {
            const auto words = fingerWords(fingerLower(user.name), " ");
            if (std::ranges::find(words, fingerLower(name)) != words.end() &&
                fingerLower(name) != fingerLower(user.login)) {
                real.push_back(&user);
            }
        }
        return real.size() > before;
    }

    static std::string entry(const FingerUser& user, bool plan, WallTime now) {
        const auto padded = [](std::string text, std::size_t width) {
            text.resize(std::max(text.size(), width), ' ');
            return text;
        };
        return "Login: " + padded(user.login, 15) + "\t\t\tName: " + user.name +
               "\nDirectory: " + padded(user.home, 25) + "\tShell: " + user.shell + '\n' + user.lastLogin(now) +
               "No mail.\n" + (plan ? "No Plan.\n" : "");
    }

    const FingerService& service_;
};

constexpr std::uint16_t kPorts[] = {79};
constexpr Setting kSettings[] = {
    Accounts::kAccounts,
    Accounts::kUsers,
    {"people", "seeded", "users besides those of accounts: seeded (two) or login:Real Name,login:Real Name"}};

}  // namespace

extern constinit const Module finger{"finger",
                                     Transport::Stream,
                                     false,
                                     kPorts,
                                     kSettings,
                                     FingerService::prepare,
                                     openSession<FingerSession, FingerService>};

}  // namespace apiary::agent
