/// The words of a program of bc.

#include "agent/shell/shell_bc.hpp"
#include "agent/shell/shell_interpreter.hpp"

#include <algorithm>
#include <cctype>

namespace apiary::agent {
namespace {

bool isNameByte(char c) {
    return std::islower(static_cast<unsigned char>(c)) != 0 || std::isdigit(static_cast<unsigned char>(c)) != 0 ||
           c == '_';
}

}  // namespace

/// False if the text goes on behind its end, or error_ says what is wrong.
bool Bc::scan(std::string_view text, Tokens& into) {
    using Kind = Token::Kind;
    int braces = 0;
    for (std::size_t i = 0; i < text.size();) {
        const char c = text[i];
        if (c == ' ' || c == '\t' || c == '\r') {
            ++i;
        } else if (c == '\\' && text.substr(i + 1, 1) == "\n") {
            i += 2;
        } else if (c == '#') {
            i = std::min(text.find('\n', i), text.size());
        } else if (text.substr(i, 2) == "/*") {
            const std::size_t end = text.find("*/", i + 2);
            if (end == std::string_view::npos) {
                return false;
            }
            i = end + 2;
        } else if (c == '"') {
            const std::size_t end = text.find('"', i + 1);
            if (end == std::string_view::npos) {
                return false;
            }
            into.push_back({Kind::String, std::string(text.substr(i + 1, end - i - 1))});
            i = end + 1;
        } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 || (c >= 'A' && c <= 'F') ||
                   (c == '.' && i + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[i + 1])) != 0)) {
            std::size_t end = i;
            for (bool point = false; end < text.size(); ++end) {
                const char digit = text[end];
                if (digit == '.' && !point) {
                    point = true;
                } else if (std::isdigit(static_cast<unsigned char>(digit)) == 0 && !(digit >= 'A' && digit <= 'F')) {
                    break;
                }
            }
            into.push_back({Kind::Number, std::string(text.substr(i, end - i))});
            i = end;
        } else if (std::islower(static_cast<unsigned char>(c)) != 0) {
            std::size_t end = i;
            while (end < text.size() && isNameByte(text[end])) {
                ++end;
            }
            into.push_back({Kind::Name, std::string(text.substr(i, end - i))});
            i = end;
        } else {
            static constexpr std::string_view kSigns[] = {
                "++", "--", "+=", "-=", "*=", "/=", "%=", "^=", "==", "<=", ">=", "!=", "&&", "||", "+", "-",  "*",
                "/",  "%",  "^",  "=",  "<",  ">",  "!",  "(",  ")",  "{",  "}",  "[",  "]",  ",",  ";", "\n", "."};
            const auto* sign =
                std::ranges::find_if(kSigns, [&](std::string_view one) { return text.substr(i).starts_with(one); });
            if (sign == std::end(kSigns)) {
                error_ = std::string("bad character '") + c + "'";
                return false;
            }
            braces += *sign == "{" ? 1 : *sign == "}" ? -1 : 0;
            into.push_back({Kind::Sign, std::string(*sign)});
            i += sign->size();
        }
        if (!call_.work().move(8)) {
            return false;
        }
    }
    into.push_back({Kind::End, ""});
    return braces <= 0;
}

}  // namespace apiary::agent
