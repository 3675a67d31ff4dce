#include "console/model/telnet_words.hpp"

#include <QHash>
#include <QStringList>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr unsigned char kIac = 255;
constexpr unsigned char kSubnegotiation = 250;
constexpr unsigned char kSubnegotiationEnd = 240;
constexpr qsizetype kMostWords = 24;

QString commandName(unsigned char code) {
    static const QHash<int, QString> kNames{{241, u"NOP"_s},
                                            {242, u"DATA MARK"_s},
                                            {243, u"BREAK"_s},
                                            {244, u"INTERRUPT"_s},
                                            {245, u"ABORT OUTPUT"_s},
                                            {246, u"ARE YOU THERE"_s},
                                            {247, u"ERASE CHARACTER"_s},
                                            {248, u"ERASE LINE"_s},
                                            {249, u"GO AHEAD"_s},
                                            {250, u"SUBNEGOTIATION"_s},
                                            {251, u"WILL"_s},
                                            {252, u"WONT"_s},
                                            {253, u"DO"_s},
                                            {254, u"DONT"_s}};
    return kNames.value(code, u"COMMAND %1"_s.arg(code));
}

QString optionName(unsigned char code) {
    static const QHash<int, QString> kNames{{0, u"BINARY"_s},
                                            {1, u"ECHO"_s},
                                            {3, u"SUPPRESS-GO-AHEAD"_s},
                                            {5, u"STATUS"_s},
                                            {6, u"TIMING-MARK"_s},
                                            {18, u"LOGOUT"_s},
                                            {24, u"TERMINAL-TYPE"_s},
                                            {25, u"END-OF-RECORD"_s},
                                            {31, u"NAWS"_s},
                                            {32, u"TERMINAL-SPEED"_s},
                                            {33, u"REMOTE-FLOW-CONTROL"_s},
                                            {34, u"LINEMODE"_s},
                                            {35, u"X-DISPLAY"_s},
                                            {36, u"ENVIRON"_s},
                                            {37, u"AUTHENTICATION"_s},
                                            {38, u"ENCRYPT"_s},
                                            {39, u"NEW-ENVIRON"_s}};
    return kNames.value(code, u"OPTION %1"_s.arg(code));
}

unsigned char at(const QByteArray& bytes, qsizetype i) {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
}

}  // namespace

QString telnetWords(const QByteArray& bytes) {
    QStringList words;
    for (qsizetype i = 0; i + 1 < bytes.size() && words.size() < kMostWords; ++i) {
        if (at(bytes, i) != kIac) {
            continue;
        }
        const unsigned char command = at(bytes, ++i);
        if (command >= kSubnegotiation && command != kIac && i + 1 < bytes.size()) {
            words.append(commandName(command) + u' ' + optionName(at(bytes, ++i)));
            while (command == kSubnegotiation && i + 1 < bytes.size() &&
                   !(at(bytes, i) == kIac && at(bytes, i + 1) == kSubnegotiationEnd)) {
                ++i;
            }
        } else if (command > kSubnegotiationEnd && command < kSubnegotiation) {
            words.append(commandName(command));
        }
    }
    return words.isEmpty() ? QString() : u"IAC "_s + words.join(u", "_s);
}

}  // namespace apiary::console
