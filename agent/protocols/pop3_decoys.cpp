#include "agent/protocol/seeded.hpp"
#include "agent/protocols/decoy_company.hpp"
#include "agent/protocols/pop3_mailbox.hpp"
#include "agent/protocols/pop3_memory.hpp"

#include <chrono>
#include <cstdio>
#include <initializer_list>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::uint64_t kPurpose = 0x90b3;
constexpr std::int64_t kDay = 86400;

constexpr std::string_view kFirst[] = {"Anna",  "Peter", "Maria", "Thomas", "Julia", "Erik",  "Sofia", "Daniel",
                                       "Laura", "Marek", "Ines",  "Paul",   "Nina",  "Oscar", "Clara", "Viktor"};
constexpr std::string_view kLast[] = {"Berg",   "Novak",   "Keller", "Rossi",  "Moreau", "Lind",   "Walsh", "Petrov",
                                      "Santos", "Fischer", "Dahl",   "Kovacs", "Hughes", "Jansen", "Meyer", "Costa"};
constexpr std::string_view kSuppliers[] = {"pelikan-office", "nordfreight", "alpina-parts", "solvera", "castellan-it",
                                           "ferrum-supply",  "bluepeak",    "heidrich",     "rivolta", "tessin-print"};
constexpr std::string_view kEndings[] = {"com", "net", "eu", "biz"};
constexpr std::string_view kMailers[] = {"Microsoft Outlook 16.0", "Apple Mail (2.3654.120.0.1.13)",
                                         "Mozilla Thunderbird 102.4", "Roundcube Webmail/1.4.15"};

Seeded chanceOf(std::uint64_t sensorSeed, std::string_view user) {
    return Seeded(sensorSeed ^ pop3Hash(user), kPurpose);
}

/// The parts, made in this order: that of the operands of + is the compiler's choice.
std::string joined(std::initializer_list<std::string> parts) {
    std::string text;
    for (const std::string& part : parts) {
        text += part;
    }
    return text;
}

std::string lowered(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return lower;
}

/// As in a Date line (RFC 5322): "Tue, 04 Mar 2025 08:12:11 +0000".
std::string dateText(std::int64_t seconds) {
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::chrono::sys_days day{std::chrono::days{seconds / kDay}};
    const std::chrono::year_month_day date{day};
    const int time = static_cast<int>(seconds % kDay);
    char text[64];
    (void)std::snprintf(text, sizeof text, "%s, %02u %s %d %02d:%02d:%02d +0000",
                        kDays[std::chrono::weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
                        kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()), time / 3600,
                        time / 60 % 60, time % 60);
    return text;
}

/// Writes one mailbox's messages, one after another in time.
class Postman {
public:
    Postman(std::uint64_t sensorSeed, std::string_view user, std::string_view host)
        : chance_(chanceOf(sensorSeed, user)), user_(user), host_(host), company_(decoyCompany(sensorSeed)) {
        const auto dot = host_.find('.');
        domain_ = dot == std::string::npos ? host_ : host_.substr(dot + 1);
        Seeded office(sensorSeed, kPurpose);  // the same people write to every user
        for (std::string& colleague : colleagues_) {
            colleague = joined({std::string(office.pick(kFirst)), " ", std::string(office.pick(kLast))});
        }
        supplier_ = joined({std::string(office.pick(kSuppliers)), ".", std::string(office.pick(kEndings))});
    }

    Pop3Mailbox deliver(std::size_t messages) {
        Pop3Mailbox mailbox;
        time_ = (std::int64_t{19740} + static_cast<std::int64_t>(chance_.below(250))) * kDay + 8 * 3600;  // of 2024
        mailbox.validity = static_cast<std::uint32_t>(time_ + static_cast<std::int64_t>(chance_.below(3600)));
        std::uint32_t uid = 0;
        for (std::size_t i = 0; i < messages; ++i) {
            uid += 1 + static_cast<std::uint32_t>(i == 0 || chance_.below(3) > 0 ? 0 : chance_.below(9));
            const std::size_t mean = static_cast<std::size_t>(330 * kDay) / messages;
            time_ += static_cast<std::int64_t>(mean / 2 + chance_.below(mean));
            mailbox.messages.push_back({uid, i == 0 ? welcome() : next()});
        }
        return mailbox;
    }

private:
    std::string next() {
        switch (chance_.below(9)) {
            case 0:
                return cron();
            case 1:
                return upgrades();
            case 2:
                return meeting();
            case 3:
                return access();
            case 4:
                return order();
            case 5:
                return invoice();
            case 6:
                return bounce();
            case 7:
                return contact();
            default:
                return bans();
        }
    }

    std::string word(std::size_t length, std::string_view letters) {
        std::string text;
        for (; length > 0; --length) {
            text += letters[chance_.below(letters.size())];
        }
        return text;
    }

    std::string digits(std::size_t length) { return word(length, "0123456789"); }
    std::string hex(std::size_t length) { return word(length, "0123456789abcdef"); }
    std::string queueId() { return word(10, "0123456789ABCDEF"); }
    std::string number(std::size_t least, std::size_t range) { return std::to_string(least + chance_.below(range)); }
    std::string me() const { return user_ + '@' + host_; }
    std::string colleague() { return colleagues_[chance_.below(std::size(colleagues_))]; }
    static std::string firstOf(const std::string& name) { return name.substr(0, name.find(' ')); }

    std::string stranger() {
        const std::string first(chance_.pick(kFirst));
        return first + ' ' + std::string(chance_.pick(kLast));
    }

    static std::string addressOf(const std::string& name, const std::string& domain) {
        std::string local = lowered(name);
        local[local.find(' ')] = '.';
        return local + '@' + domain;
    }

    /// An address that documents may use (RFC 5737).
    std::string address() {
        constexpr std::string_view kNets[] = {"192.0.2.", "198.51.100.", "203.0.113."};
        return joined({std::string(chance_.pick(kNets)), number(2, 250)});
    }

    /// The lines that Postfix puts on top.
    std::string delivered(const std::string& sender, const std::string& via) {
        const std::string stamp = dateText(time_) + " (UTC)\r\n";
        const std::string to = "X-Original-To: " + me() + "\r\nDelivered-To: " + me();
        if (via.empty()) {
            return joined({"Return-Path: <", sender, ">\r\n", to, "\r\nReceived: by ", host_,
                           " (Postfix, from userid 0)\r\n\tid ", queueId(), "; ", stamp});
        }
        return joined({"Return-Path: <", sender, ">\r\n", to, "\r\nReceived: from ", via, " (", via, " [", address(),
                       "])\r\n\tby ", host_, " (Postfix) with ESMTPS id ", queueId(), "\r\n\tfor <", me(), ">; ",
                       stamp});
    }

    std::string local(const std::string& from, const std::string& subject, const std::string& body) {
        return joined({delivered("root@" + host_, ""), "From: ", from, "\r\nTo: ", me(), "\r\nSubject: ", subject,
                       "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                       "Content-Transfer-Encoding: 8bit\r\nMessage-Id: <",
                       digits(14), ".", queueId(), "@", host_, ">\r\nDate: ", dateText(time_), " (UTC)\r\n\r\n", body});
    }

    std::string letter(const std::string& name, const std::string& domain, const std::string& subject,
                       const std::string& type, const std::string& body) {
        const std::string from = addressOf(name, domain);
        const std::string via = "mx" + number(1, 3) + '.' + domain;
        const std::string date = dateText(time_ - static_cast<std::int64_t>(2 + chance_.below(20)));
        return joined({delivered(from, via),
                       "Message-ID: <",
                       hex(8),
                       "-",
                       hex(4),
                       "-",
                       hex(12),
                       "@",
                       domain,
                       ">\r\nDate: ",
                       date,
                       "\r\nFrom: ",
                       name,
                       " <",
                       from,
                       ">\r\nTo: ",
                       me(),
                       "\r\nSubject: ",
                       subject,
                       "\r\nX-Mailer: ",
                       std::string(chance_.pick(kMailers)),
                       "\r\nMIME-Version: 1.0\r\nContent-Type: ",
                       type,
                       "\r\n\r\n",
                       body});
    }

    std::string plain(const std::string& name, const std::string& domain, const std::string& subject,
                      const std::string& body) {
        return letter(name, domain, subject, "text/plain; charset=UTF-8", body);
    }

    std::string welcome() {
        return local("root <root@" + host_ + ">", "Welcome to your new mailbox",
                     joined({"Your mailbox ", me(), " is ready.\r\n\r\n  POP3  ", host_,
                             "  port 110 (STARTTLS) or 995\r\n  SMTP  ", host_,
                             "  port 587 (STARTTLS)\r\n\r\nThe quota is 2 GB. Please fetch your mail regularly.\r\n"}));
    }

    std::string cron() {
        std::string body = "backup: " + company_ + " started\r\n";
        for (const std::string part : {"/etc", "/home", "/var/www", "/var/lib/mysql"}) {
            body += joined({"backup: ", part, " ", number(2, 900), " MB, ", number(40, 4000), " files\r\n"});
        }
        return local("root (Cron Daemon)", "Cron <root@" + host_ + "> /usr/local/sbin/backup.sh",
                     joined({body, "rsync: [sender] connection unexpectedly closed (", number(2000, 90000),
                             " bytes received so far)\r\nrsync error: error in rsync protocol data stream (code 12) at "
                             "io.c(228)\r\nbackup: finished with errors\r\n"}));
    }

    std::string upgrades() {
        const std::string rule(56, '=');
        std::string body = joined({"apticron report [", dateText(time_), "]\r\n", rule,
                                   "\r\n\r\napticron has detected that some packages need upgrading on:\r\n\r\n\t",
                                   host_, "\r\n\r\nThe following packages are currently pending an upgrade:\r\n\r\n"});
        for (const std::string package : {"libssl3", "openssl", "php8.2-fpm", "postfix", "dovecot-core", "sudo"}) {
            if (chance_.below(3) > 0) {
                body += joined({"\t", package, " ", number(1, 8), ".", number(0, 30), "-", number(1, 9), "+deb12u",
                                number(1, 9), "\r\n"});
            }
        }
        return local("root <root@" + host_ + ">", "Debian package update(s) for " + host_,
                     joined({body, "\r\n", rule,
                             "\r\n\r\nYou can perform the upgrade by issuing the command:\r\n\r\n\tapt-get "
                             "dist-upgrade\r\n\r\n-- \r\napticron\r\n"}));
    }

    std::string bans() {
        std::string body = "The following addresses were banned for 600 seconds:\r\n\r\n";
        for (std::size_t left = 2 + chance_.below(9); left > 0; --left) {
            body += joined({"  ", address(), "  sshd  ", number(5, 40), " failures\r\n"});
        }
        return local("Fail2Ban <fail2ban@" + host_ + ">", "[Fail2Ban] sshd: banned addresses on " + host_,
                     body + "\r\nRegards,\r\n\r\nFail2Ban\r\n");
    }

    std::string meeting() {
        const std::string name = colleague();
        return plain(name, domain_, "Moved: weekly meeting",
                     joined({"Hi,\r\n\r\nthe meeting moves to ", number(9, 8), ":30, room ", number(1, 4),
                             ". Please bring the numbers of last month,\r\nand tell ", firstOf(colleague()),
                             " if you cannot come.\r\n\r\n", firstOf(name), "\r\n"}));
    }

    std::string access() {
        const std::string name = colleague();
        return plain(
            name, domain_, "VPN for the new site",
            joined({"Hello,\r\n\r\nas agreed on the phone, your access to the new gateway:\r\n\r\n  server    vpn.",
                    domain_, "\r\n  user      ", user_, "\r\n  password  ",
                    word(10, "abcdefghijkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ"),
                    "\r\n\r\nPlease change it after the first login and delete this mail.\r\n\r\n", firstOf(name),
                    "\r\n"}));
    }

    std::string order() {
        const std::string name = stranger();
        std::string body = "Thank you for your order no. " + number(100000, 800000) + ":\r\n\r\n";
        for (std::size_t left = 1 + chance_.below(5); left > 0; --left) {
            body += joined({"  ", number(1, 20), " x  article ", number(10000, 80000), "   EUR ", number(4, 300), ".",
                            number(10, 90), "\r\n"});
        }
        return plain(
            name, supplier_, "Your order",
            joined({body, "\r\nDelivery is expected within ", number(3, 7), " working days.\r\n\r\n", name, "\r\n"}));
    }

    std::string invoice() {
        const std::string name = stranger();
        const std::string bill = number(20240001, 900);
        const std::string boundary = joined({"----=_Part_", digits(8), "_", digits(10)});
        std::string body =
            joined({"--", boundary, "\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nPlease find our invoice ", bill,
                    " attached, payable within 14 days.\r\n\r\n", name, "\r\n\r\n--", boundary,
                    "\r\nContent-Type: application/pdf; name=\"", bill,
                    ".pdf\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; "
                    "filename=\"",
                    bill,
                    ".pdf\"\r\n\r\nJVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmoKPDwvTGVuZ3RoIDMgMCBSL0ZpbHRlci9GbGF0"
                    "ZURl\r\n"});
        for (std::size_t left = 12 + chance_.below(30); left > 0; --left) {
            body += word(76, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") + "\r\n";
        }
        return letter(name, supplier_, "Invoice " + bill, "multipart/mixed;\r\n\tboundary=\"" + boundary + "\"",
                      joined({body, "--", boundary, "--\r\n"}));
    }

    std::string bounce() {
        const std::string lost = lowered(chance_.pick(kFirst)) + "@" + supplier_;
        return joined(
            {delivered("", ""),
             "Date: ",
             dateText(time_),
             " (UTC)\r\nFrom: MAILER-DAEMON@",
             host_,
             " (Mail Delivery System)\r\nSubject: Undelivered Mail Returned to Sender\r\nTo: ",
             me(),
             "\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
             "charset=us-ascii\r\nMessage-Id: <",
             digits(14),
             ".",
             queueId(),
             "@",
             host_,
             ">\r\n\r\nThis is the mail system at host ",
             host_,
             ".\r\n\r\nI'm sorry to have to inform you that your message could not\r\nbe delivered to one or more "
             "recipients.\r\n\r\n                   The mail system\r\n\r\n<",
             lost,
             ">: host mx1.",
             supplier_,
             "[",
             address(),
             "] said: 550 5.1.1\r\n    <",
             lost,
             ">: Recipient address rejected: User unknown (in reply to\r\n    RCPT TO command)\r\n"});
    }

    std::string contact() {
        const std::string name = stranger();
        return local("Web <www-data@" + host_ + ">", "Contact form of www." + domain_,
                     joined({"Name:    ", name, "\r\nMail:    ", addressOf(name, "example.org"), "\r\nPhone:   +",
                             number(3000000000, 900000000),
                             "\r\n\r\nCould you send me your price list, and tell me whether you deliver abroad?"
                             "\r\n...\r\n.\r\n"}));
    }

    Seeded chance_;
    std::string user_;
    std::string host_;
    std::string domain_;
    std::string company_;
    std::string colleagues_[3];
    std::string supplier_;
    std::int64_t time_ = 0;  // of the message being written, seconds since 1970
};

}  // namespace

Pop3Mailbox pop3Decoys(std::uint64_t sensorSeed, std::string_view user, std::string_view host, std::size_t messages) {
    return Postman(sensorSeed, user, host).deliver(messages);
}

std::size_t pop3DecoyCount(std::uint64_t sensorSeed, std::string_view user) {
    return 6 + Seeded(sensorSeed ^ pop3Hash(user), kPurpose + 1).below(12);
}

std::string pop3DecoyHost(std::uint64_t sensorSeed) {
    return "mail." + std::string(decoyCompany(sensorSeed)) + ".lan";
}

}  // namespace apiary::agent
