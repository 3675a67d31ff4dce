#include "console/model/filter_language.hpp"

#include "common/text/escape.hpp"
#include "console/model/filter_keys.hpp"
#include "console/model/network.hpp"
#include "console/model/visible_text.hpp"

#include <QRegularExpression>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr qsizetype kLongestText = 256;  // the collector's
constexpr int kHoursOfDay = 24;
constexpr qsizetype kShaDigits = 64;

/// A value and where it stands.
struct Value {
    QString text;
    qsizetype at = 0;
    qsizetype length = 0;
};

/// Escapes what is no printable ASCII; what is escaped already stays.
QString asSeen(const QString& text) {
    QString seen;
    for (const char byte : text.toUtf8()) {
        const auto code = static_cast<unsigned char>(byte);
        seen += code >= 0x20 && code <= 0x7e ? QString(QLatin1Char(byte))
                                             : u"\\x%1"_s.arg(uint(code), 2, 16, QLatin1Char('0'));
    }
    return seen;
}

class Reader {
public:
    Reader(const QString& text, const FilterVocabulary& vocabulary) : text_(text), vocabulary_(vocabulary) {}

    ParsedFilter read() {
        for (skipBlanks(); at_ < text_.size() && !parsed_.error; skipBlanks()) {
            readTerm();
        }
        return std::move(parsed_);
    }

private:
    void fail(qsizetype at, qsizetype length, const QString& words) {
        if (!parsed_.error) {
            parsed_.error = FilterError{at, std::max<qsizetype>(1, length), words};
        }
    }
    void fail(const Value& value, const QString& words) { fail(value.at, value.length, words); }

    void skipBlanks() {
        while (at_ < text_.size() && text_[at_].isSpace()) {
            ++at_;
        }
    }

    qsizetype endOfWord(qsizetype from) const {
        while (from < text_.size() && !text_[from].isSpace()) {
            ++from;
        }
        return from;
    }

    void readTerm() {
        const qsizetype from = at_;
        const qsizetype end = endOfWord(from);
        const QString word = text_.mid(from, end - from);
        negated_ = word.startsWith(u'-');
        const qsizetype colon = word.indexOf(u':');
        const QString key = word.left(colon).toLower();
        const FilterKey* known = colon < 0 ? nullptr : filterKey(negated_ ? key.mid(1) : key);
        if (known == nullptr) {
            fail(from, colon < 0 ? word.size() : colon, unknownWords(word, colon < 0 ? QString() : key));
            return;
        }
        if (std::ranges::any_of(parsed_.terms, [&](const FilterTerm& term) { return term.key == key; })) {
            fail(from, colon,
                 known->many
                     ? u"“%1:” stands here twice: write its values with commas, %1:%2"_s.arg(key, known->example)
                     : u"“%1:” stands here twice, and can have one value only"_s.arg(key));
            return;
        }
        at_ = from + colon + 1;
        const QList<Value> values = readValues(known->many);
        if (!parsed_.error) {
            take(*known, values, from, colon);
        }
        if (!parsed_.error) {
            parsed_.terms.append({key, text_.mid(from, at_ - from), from});
        }
    }

    static QString unknownWords(const QString& word, const QString& key) {
        if (key.isEmpty()) {
            return u"“%1” has no key: write %2 to find it in commands, or one of %3"_s.arg(
                visible(word, 24), filterTerm(u"text"_s, asSeen(word.left(24)).remove(u'\\')), keyNames());
        }
        return u"There is no “%1:”. The keys are %2"_s.arg(visible(key, 24), keyNames());
    }

    QList<Value> readValues(bool many) {
        QList<Value> values;
        while (!parsed_.error) {
            values.append(readValue(many));
            if (!many || at_ >= text_.size() || text_[at_] != u',') {
                break;
            }
            ++at_;
        }
        return values;
    }

    Value readValue(bool many) {
        const qsizetype from = at_;
        QString value;
        if (at_ < text_.size() && text_[at_] == u'"') {
            value = readQuoted();
        } else {
            while (at_ < text_.size() && !text_[at_].isSpace() && text_[at_] != u'"' && text_[at_] != u',') {
                value += text_[at_++];
            }
        }
        const bool more = at_ < text_.size() && !text_[at_].isSpace();
        if (!parsed_.error && more && !(many && text_[at_] == u',')) {
            fail(at_, 1,
                 text_[at_] == u',' ? u"One value only here: put it in quotes if the comma belongs to it"_s
                                    : u"Put a blank behind a value, or the whole of it in quotes"_s);
        }
        return {asSeen(value), from, at_ - from};
    }

    QString readQuoted() {
        const qsizetype from = at_++;
        QString value;
        while (at_ < text_.size() && text_[at_] != u'"') {
            if (text_[at_] == u'\\' && at_ + 1 < text_.size()) {
                // Other escapes are part of the text, which is written as people see it.
                value += text_[at_ + 1] == u'"' ? QString(u'"') : text_.mid(at_, 2);
                at_ += 2;
            } else {
                value += text_[at_++];
            }
        }
        if (at_ >= text_.size()) {
            fail(from, at_ - from, u"The closing quote \" is missing"_s);
        } else {
            ++at_;
        }
        return value;
    }

    void take(const FilterKey& key, const QList<Value>& values, qsizetype from, qsizetype colon) {
        if (!key.mayBeEmpty && std::ranges::any_of(values, [](const Value& value) { return value.text.isEmpty(); })) {
            fail(from, colon + 1, u"A value is missing: %1:%2"_s.arg(key.name, key.example));
            return;
        }
        for (const Value& value : values) {
            (this->*takerOf(key.id))(value);
        }
    }

    SessionConditions& conditions() { return negated_ ? parsed_.query.filter.without : parsed_.query.filter; }

    using Taker = void (Reader::*)(const Value&);
    static Taker takerOf(FilterKey::Id id) {
        switch (id) {
            case FilterKey::Protocol:
                return &Reader::takeProtocol;
            case FilterKey::Source:
                return &Reader::takeSource;
            case FilterKey::Port:
                return &Reader::takePort;
            case FilterKey::Udp:
                return &Reader::takeUdp;
            case FilterKey::Tcp:
                return &Reader::takeTcp;
            case FilterKey::User:
                return &Reader::takeUser;
            case FilterKey::Pass:
                return &Reader::takePass;
            case FilterKey::Sensor:
                return &Reader::takeSensor;
            case FilterKey::Outcome:
                return &Reader::takeOutcome;
            case FilterKey::Login:
                return &Reader::takeLogin;
            case FilterKey::Command:
                return &Reader::takeCommand;
            case FilterKey::Text:
                return &Reader::takeText;
            case FilterKey::Sha256:
                return &Reader::takeSha256;
            case FilterKey::When:
                return &Reader::takeWhen;
            case FilterKey::Country:
                return &Reader::takeCountry;
            case FilterKey::SourceAge:
                break;
        }
        return &Reader::takeSourceAge;
    }

    template <typename List, typename Item>
    static void addOnce(List& list, const Item& item) {
        if (!list.contains(item)) {
            list.append(item);
        }
    }

    void takeProtocol(const Value& value) {
        addOnce(negated_ ? conditions().protocols : parsed_.query.protocols, value.text.toLower());
    }

    void takeSource(const Value& value) {
        if (const auto network = Network::parse(value.text)) {
            conditions().sourceNetwork = network->text();
        } else {
            fail(value, u"That is no address and no network: write src:203.0.113.7 or src:203.0.113.0/24"_s);
        }
    }

    void takePort(const Value& value) {
        bool number = false;
        const quint16 port = value.text.toUShort(&number);
        if (number && port > 0) {
            addOnce(conditions().targetPorts, port);
        } else {
            fail(value, u"A port is a number from 1 to 65535: port:23"_s);
        }
    }

    void takeUdp(const Value& value) { takeTransport(value, true); }
    void takeTcp(const Value& value) { takeTransport(value, false); }
    void takeTransport(const Value& value, bool udp) {
        const std::optional<bool> yes = value.text.isEmpty() ? true : yesOrNo(value);
        if (yes && conditions().udp) {
            fail(value, u"“udp:” and “tcp:” exclude each other: one of them is enough"_s);
        } else if (yes) {
            conditions().udp = *yes == udp;
        }
    }

    std::optional<bool> yesOrNo(const Value& value) {
        const QString word = value.text.toLower();
        if (word == u"yes"_s || word == u"no"_s) {
            return word == u"yes"_s;
        }
        fail(value, u"Write yes or no here"_s);
        return std::nullopt;
    }

    void takeLogin(const Value& value) {
        const QString word = value.text.toLower();
        if (word == "tried"_L1 || word == "none"_L1) {
            conditions().loginTried = word == "tried"_L1;
        } else if (word == "yes"_L1 || word == "no"_L1) {
            conditions().loginAccepted = word == "yes"_L1;
        } else {
            fail(value, u"Write login:tried or login:none; login:yes or login:no, if one was accepted or not"_s);
        }
    }
    void takeSourceAge(const Value& value) {
        const QString word = value.text.toLower();
        if (word == "new"_L1 || word == "known"_L1) {
            conditions().sourceIsNew = word == "new"_L1;
        } else {
            fail(value, u"Write source:new for sources first seen in the range, or source:known"_s);
        }
    }
    void takeUser(const Value& value) { conditions().username = checkedText(value); }
    void takePass(const Value& value) { conditions().secret = checkedText(value); }
    void takeCommand(const Value& value) { conditions().command = checkedText(value); }
    void takeText(const Value& value) { conditions().commandText = checkedText(value); }

    QString checkedText(const Value& value) {
        if (value.text.size() > kLongestText) {
            fail(value, u"A text of more than %1 characters cannot be searched"_s.arg(kLongestText));
        } else if (!unescape(value.text.toStdString())) {
            fail(value, u"A backslash begins an escape: write \\\\ for one backslash, \\x1b for a byte"_s);
        }
        return value.text;
    }

    void takeSensor(const Value& value) {
        static const QRegularExpression kNumber(u"^#([0-9]{1,9})$"_s);
        if (const auto number = kNumber.match(value.text); number.hasMatch()) {
            addOnce(negated_ ? conditions().sensorIds : parsed_.query.sensorIds, number.captured(1).toInt());
            return;
        }
        const auto pattern = QRegularExpression(QRegularExpression::wildcardToRegularExpression(value.text),
                                                QRegularExpression::CaseInsensitiveOption);
        bool found = false;
        QStringList names;
        for (const auto& [id, name] : vocabulary_.sensors) {
            names.append(visible(name, 24));
            if (pattern.match(name).hasMatch()) {
                addOnce(negated_ ? conditions().sensorIds : parsed_.query.sensorIds, id);
                found = true;
            }
        }
        if (!found) {
            fail(value, names.isEmpty() ? u"The sensors are not known yet"_s
                                        : u"No sensor is called that. There are %1"_s.arg(names.join(u", "_s)));
        }
    }

    void takeOutcome(const Value& value) {
        const QString outcome = value.text.toLower();
        if (knownOutcomes().contains(outcome)) {
            addOnce(conditions().outcomes, outcome);
        } else {
            fail(value, u"No such outcome. There are %1"_s.arg(knownOutcomes().join(u", "_s)));
        }
    }

    void takeSha256(const Value& value) {
        static const QRegularExpression kDigits(u"^[0-9a-fA-F]{64}$"_s);
        if (kDigits.match(value.text).hasMatch()) {
            conditions().artifact = QByteArray::fromHex(value.text.toLatin1());
        } else {
            fail(value, u"A SHA-256 has %1 hexadecimal digits; these are %2"_s.arg(kShaDigits).arg(value.text.size()));
        }
    }

    void takeCountry(const Value& value) {
        static const QRegularExpression kLetters(u"^([A-Za-z]{2}|\\?\\?)$"_s);
        if (kLetters.match(value.text).hasMatch()) {
            addOnce(conditions().countries, value.text.toUpper());
        } else {
            fail(value, u"A country is two letters, as in the list: cc:NL; cc:?? is unknown"_s);
        }
    }

    void takeWhen(const Value& value) {
        const int day = static_cast<int>(weekDays().indexOf(value.text.section(u'-', 0, 0).toLower()));
        bool number = true;
        const int hour = value.text.contains(u'-') ? value.text.section(u'-', 1).toInt(&number) : -1;
        if (day < 0 || !number || hour >= kHoursOfDay || (hour < 0 && value.text.contains(u'-'))) {
            fail(value, u"Write a day and an hour in UTC: when:wed-13, or a whole day: when:wed"_s);
            return;
        }
        for (int each = std::max(hour, 0); each <= (hour < 0 ? kHoursOfDay - 1 : hour); ++each) {
            addOnce(conditions().weekHours, day * kHoursOfDay + each);
        }
    }

    const QString& text_;
    const FilterVocabulary& vocabulary_;
    qsizetype at_ = 0;
    bool negated_ = false;  // the term that is read
    ParsedFilter parsed_;
};

}  // namespace

ParsedFilter parseFilter(const QString& text, const FilterVocabulary& vocabulary) {
    return Reader(text, vocabulary).read();
}

}  // namespace apiary::console
