#include "common/log/log_event.hpp"

#include "common/text/stamp.hpp"

namespace apiary::log {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

bool printable(char c) {
    return c >= ' ' && c <= '~';
}

void appendHex(std::string& out, std::string_view prefix, char c) {
    const auto byte = static_cast<unsigned char>(c);
    out += prefix;
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xfU];
}

void appendPrintable(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (printable(c)) {
            out += c;
        } else {
            appendHex(out, "\\x", c);
        }
    }
}

void appendString(std::string& out, std::string_view text) {
    out += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        if (printable(c)) {
            out += c;
        } else {
            appendHex(out, "\\u00", c);
        }
    }
    out += '"';
}

void appendMember(std::string& out, std::string_view key, std::string_view value) {
    out += out.back() == '{' ? "" : ",";
    appendString(out, key);
    out += ':';
    appendString(out, value);
}

}  // namespace

std::string plainText(const Event& event) {
    std::string line;
    line.reserve(event.text.size() + 16);
    appendPrintable(line, event.text);
    for (const auto& [key, value] : event.fields) {
        line += ' ';
        appendPrintable(line, key);
        line += '=';
        appendPrintable(line, value);
    }
    return line;
}

std::string jsonLine(const Event& event) {
    std::string line = "{";
    appendMember(line, "time", isoStamp(event.at));
    appendMember(line, "level", event.level);
    appendMember(line, "program", event.program);
    appendMember(line, "message", event.text);
    if (!event.fields.empty()) {
        line += R"(,"fields":{)";
        for (const auto& [key, value] : event.fields) {
            appendMember(line, key, value);
        }
        line += '}';
    }
    return line + '}';
}

}  // namespace apiary::log
