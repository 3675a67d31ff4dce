#include "agent/protocols/pop3_mailbox.hpp"

#include <cstdio>

namespace apiary::agent {

std::string pop3Uidl(const Pop3Mailbox& mailbox, std::size_t index) {
    char text[24];
    (void)std::snprintf(text, sizeof text, "%08x%08x", mailbox.messages[index].uid, mailbox.validity);
    return text;
}

std::string pop3Mbox(const Pop3Mailbox& mailbox) {
    std::string mbox;
    for (const Pop3Message& message : mailbox.messages) {
        std::string text = message.text;
        std::erase(text, '\r');
        mbox += "From root@localhost Fri May  3 08:08:53 2024\n";
        if (&message == &mailbox.messages.front()) {
            mbox += "X-IMAPbase: " + std::to_string(mailbox.validity) + ' ' +
                    std::to_string(mailbox.messages.back().uid) + '\n';
        }
        mbox += "X-UID: " + std::to_string(message.uid) + "\nStatus: O\n" + text + '\n';
    }
    return mbox;
}

}  // namespace apiary::agent
