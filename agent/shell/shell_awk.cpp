#include "agent/shell/shell_awk.hpp"

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <map>
#include <utility>

namespace apiary::agent {
namespace {

using Kind = AwkNode::Kind;

constexpr std::size_t kMostText = std::size_t{64} << 10U;
constexpr std::size_t kMostElements = 2000;
constexpr std::size_t kMostFields = 1000;
constexpr int kMostSteps = 100'000;
constexpr const char* kNoMath = "cmd. line:1: Math support is not compiled in";  // as Debian builds it

struct Value {
    std::string text = {};
    double number = 0;
    enum class Type : std::uint8_t { Unset, Number, Text, Input } type = Type::Unset;  // Input: a number if it looks so
};

bool looksNumeric(const std::string& text) {
    const char* begin = text.c_str();
    char* end = nullptr;
    std::strtod(begin, &end);
    while (*end != 0 && std::isspace(static_cast<unsigned char>(*end)) != 0) {
        ++end;
    }
    return end != begin && *end == 0 && text.find_first_of("xXnN") == std::string::npos;
}
/// strtod() without the words it knows, "nan", "inf" and "0x1": awk takes decimals alone.
double decimal(const std::string& text) {
    const std::size_t at = text.find_first_not_of(" \t\n\r\f\v");
    const std::size_t digit = at == std::string::npos ? at : text.find_first_not_of("+-", at);
    const bool plain = digit != std::string::npos && digit - at <= 1 &&
                       (std::isdigit(static_cast<unsigned char>(text[digit])) != 0 || text[digit] == '.') &&
                       (digit + 1 >= text.size() || (text[digit + 1] != 'x' && text[digit + 1] != 'X'));
    return plain ? std::strtod(text.c_str(), nullptr) : 0;
}

/// A number as an index or a count: none is 0, and nothing is beyond what fits.
double bounded(double number) {
    return std::isnan(number) ? 0 : std::clamp(number, -1e9, 1e9);
}

/// As bounded(), within what long long holds.
double wide(double number) {
    return std::isnan(number) ? 0 : std::clamp(number, -9e18, 9e18);
}

Value ofNumber(double number) {
    return {{}, number, Value::Type::Number};
}
Value ofText(std::string text) {
    text.resize(std::min(text.size(), kMostText));
    return {std::move(text), 0, Value::Type::Text};
}
Value ofInput(std::string text) {
    Value value = ofText(std::move(text));
    value.type = Value::Type::Input;
    return value;
}
bool isNumber(const Value& value) {
    return value.type == Value::Type::Number || value.type == Value::Type::Unset ||
           (value.type == Value::Type::Input && looksNumeric(value.text));
}
double numberOf(const Value& value) {
    return value.type == Value::Type::Text || value.type == Value::Type::Input ? decimal(value.text) : value.number;
}
std::string textOf(const Value& value) {
    if (value.type != Value::Type::Number) {
        return value.text;
    }
    const bool whole = std::floor(value.number) == value.number && std::fabs(value.number) < 1e15;
    return whole ? printed("%.0f", value.number == 0 ? 0.0 : value.number) : printed("%.6g", value.number);
}

class Awk {
public:
    Awk(ShellCall& call, const std::vector<AwkRule>& rules) : call_(call), rules_(rules) {
        set("FS", ofText(" "));
        set("OFS", ofText(" "));
        set("ORS", ofText("\n"));
        set("RS", ofText("\n"));
        set("SUBSEP", ofText("\x1c"));
        set("NR", ofNumber(0));
        set("FNR", ofNumber(0));
    }

    void set(const std::string& name, Value value) {
        if (variables_.size() < kMostElements || variables_.contains(name)) {
            variables_[name] = std::move(value);
        }
        if (name == "NF") {
            fields_.resize(
                std::min(static_cast<std::size_t>(std::max(0.0, bounded(numberOf(variables_[name])))), kMostFields));
            rebuild();
        }
    }

    int run(const std::vector<std::string>& paths) {
        try {
            return runAll(paths);
        } catch (const AwkError&) {
            call_.out(output_);
            throw;
        }
    }

private:
    enum class Flow : std::uint8_t { On, Next, Exit, Break, Continue };

    int runAll(const std::vector<std::string>& paths) {
        rules(AwkRule::When::Begin);
        const bool reads =
            std::ranges::any_of(rules_, [](const AwkRule& rule) { return rule.when != AwkRule::When::Begin; });
        int status = 0;
        if (reads && flow_ != Flow::Exit) {
            for (const std::string& path : paths.empty() ? std::vector<std::string>{"-"} : paths) {
                const std::size_t sign = path.find('=');
                if (sign != std::string::npos && path.find('/') == std::string::npos) {
                    set(path.substr(0, sign), ofInput(path.substr(sign + 1)));
                    continue;
                }
                const ShellStreamPtr stream = call_.open(path, "-");
                if (!stream) {
                    status = 1;
                    continue;
                }
                set("FILENAME", ofText(path == "-" ? "" : path));
                set("FNR", ofNumber(0));
                lines(call_.work().read(*stream, ShellWork::kMostPiped));
            }
        }
        if (flow_ != Flow::Exit || status_ == 0) {
            flow_ = Flow::On;
            rules(AwkRule::When::End);
        }
        call_.out(output_);
        return status_ != 0 ? status_ : status;
    }

    bool step(std::size_t cost = 1) {
        if (++steps_ > kMostSteps || !call_.work().move(cost)) {
            flow_ = Flow::Exit;
            return false;
        }
        return true;
    }

    void lines(const std::string& all) {
        std::string_view rest = all;
        const std::string parting = textOf(variables_["RS"]);
        const char end = parting.empty() ? '\n' : parting.front();
        while (!rest.empty() && flow_ != Flow::Exit && step()) {
            const std::string_view line = rest.substr(0, rest.find(end));
            rest.remove_prefix(std::min(line.size() + 1, rest.size()));
            set("NR", ofNumber(numberOf(variables_["NR"]) + 1));
            set("FNR", ofNumber(numberOf(variables_["FNR"]) + 1));
            take(std::string(line));
            rules(AwkRule::When::Line);
            flow_ = flow_ == Flow::Exit ? flow_ : Flow::On;
        }
    }
    void rules(AwkRule::When when) {
        for (const AwkRule& rule : rules_) {
            if (rule.when != when || flow_ != Flow::On || (rule.pattern && !truth(eval(*rule.pattern)))) {
                continue;
            }
            if (rule.action) {
                execute(*rule.action);
            } else {
                print(line_ + textOf(variables_["ORS"]));
            }
        }
    }
    void print(std::string_view text) {
        output_.append(text);
        if (output_.size() > ShellWork::kMostPiped) {
            flow_ = Flow::Exit;
        }
    }

    std::vector<std::string> parted(const std::string& text, const std::string& parting) {
        std::vector<std::string> parts;
        std::size_t at = 0;
        if (parting == " ") {
            while (parts.size() < kMostFields) {
                at = text.find_first_not_of(" \t\n", at);
                if (at == std::string::npos) {
                    break;
                }
                const std::size_t end = std::min(text.find_first_of(" \t\n", at), text.size());
                parts.push_back(text.substr(at, end - at));
                at = end;
            }
            return parts;
        }
        if (text.empty()) {
            return parts;
        }
        const ShellRegex regex(parting == "|"                                       ? "\\|"
                               : parting == "." || parting == "*" || parting == "+" ? "[" + parting + "]"
                                                                                    : parting,
                               parting.size() == 1 && parting != "\t" && parting != "|" && parting != "." &&
                                       parting != "*" && parting != "+"
                                   ? ShellRegex::Kind::Fixed
                                   : ShellRegex::Kind::Extended,
                               false);
        while (parts.size() + 1 < kMostFields && regex.valid()) {
            std::size_t steps = 0;
            const auto hit = regex.search(std::string_view(text).substr(at), steps);
            if (!hit || hit->second == hit->first || !step(steps)) {
                break;
            }
            parts.push_back(text.substr(at, hit->first));
            at += hit->second;
        }
        parts.push_back(text.substr(at));
        return parts;
    }
    void take(std::string line) {
        line_ = std::move(line);
        line_.resize(std::min(line_.size(), kMostText));
        fields_ = parted(line_, textOf(variables_["FS"]));
        variables_["NF"] = ofNumber(static_cast<double>(fields_.size()));
    }
    void rebuild() {
        line_.clear();
        const std::string gap = textOf(variables_["OFS"]);
        for (std::size_t i = 0; i < fields_.size() && line_.size() < kMostText; ++i) {
            line_ += (i == 0 ? "" : gap) + fields_[i];
        }
    }

    static bool truth(const Value& value) { return isNumber(value) ? numberOf(value) != 0 : !value.text.empty(); }

    Value place(const AwkNode& node) {
        if (node.kind == Kind::Variable) {
            const auto known = variables_.find(node.text);
            return known == variables_.end() ? Value{} : known->second;
        }
        if (node.kind == Kind::Field) {
            const double at = bounded(numberOf(eval(*node.parts[0])));
            if (at < 0) {
                throw AwkError("cmd. line:1: Access to negative field");
            }
            return at < 1                                      ? ofInput(line_)
                   : at <= static_cast<double>(fields_.size()) ? ofInput(fields_[static_cast<std::size_t>(at) - 1])
                                                               : Value{};
        }
        const std::string key = textOf(eval(*node.parts[0]));
        auto& array = arrays_[node.text];
        if (array.size() < kMostElements || array.contains(key)) {
            return array[key];
        }
        return {};
    }
    void store(const AwkNode& node, Value value) {
        if (node.kind == Kind::Variable) {
            set(node.text, std::move(value));
        } else if (node.kind == Kind::Field) {
            const double at = bounded(numberOf(eval(*node.parts[0])));
            if (at < 1) {
                take(textOf(value));
            } else if (at <= static_cast<double>(kMostFields)) {
                fields_.resize(std::max(fields_.size(), static_cast<std::size_t>(at)));
                fields_[static_cast<std::size_t>(at) - 1] = textOf(value);
                variables_["NF"] = ofNumber(static_cast<double>(fields_.size()));
                rebuild();
            }
        } else if (node.kind == Kind::Element) {
            const std::string key = textOf(eval(*node.parts[0]));
            auto& array = arrays_[node.text];
            if (array.size() < kMostElements || array.contains(key)) {
                array[key] = std::move(value);
            }
        }
    }

    bool matches(const std::string& text, const AwkNode& node) {
        std::size_t steps = 0;
        if (node.kind == Kind::Pattern) {
            return node.regex->search(text, steps).has_value() && step(steps);
        }
        const ShellRegex regex(textOf(eval(node)), ShellRegex::Kind::Extended, false);
        return regex.valid() && regex.search(text, steps).has_value() && step(steps);
    }

    static double calculated(char sign, double a, double b) {
        switch (sign) {
            case '+':
                return a + b;
            case '-':
                return a - b;
            case '*':
                return a * b;
            case '^':
                throw AwkError(kNoMath);
            default:
                if (b == 0) {
                    throw AwkError("cmd. line:1: Division by zero");
                }
                return sign == '/' ? a / b : std::fmod(a, b);
        }
    }
    Value binary(const AwkNode& node) {
        const std::string& sign = node.text;
        if (sign == "&&" || sign == "||") {
            const bool left = truth(eval(*node.parts[0]));
            return ofNumber(left == (sign == "||") ? left : truth(eval(*node.parts[1])));
        }
        const Value left = eval(*node.parts[0]);
        if (sign == "~" || sign == "!~") {
            return ofNumber(matches(textOf(left), *node.parts[1]) == (sign == "~"));
        }
        const Value right = eval(*node.parts[1]);
        if (sign.size() == 1 && std::string_view("+-*/%^").find(sign.front()) != std::string_view::npos) {
            return ofNumber(calculated(sign.front(), numberOf(left), numberOf(right)));
        }
        int order = 0;
        if (isNumber(left) && isNumber(right)) {
            const double a = numberOf(left);
            const double b = numberOf(right);
            order = a < b ? -1 : a > b ? 1 : 0;
        } else {
            order = textOf(left).compare(textOf(right));
        }
        return ofNumber(sign == "<"    ? order < 0
                        : sign == "<=" ? order <= 0
                        : sign == ">"  ? order > 0
                        : sign == ">=" ? order >= 0
                        : sign == "==" ? order == 0
                                       : order != 0);
    }

    Value eval(const AwkNode& node) {
        if (!step()) {
            return {};
        }
        switch (node.kind) {
            case Kind::Number:
                return ofNumber(node.number);
            case Kind::Text:
                return ofText(node.text);
            case Kind::Pattern:
                return ofNumber(matches(line_, node));
            case Kind::Variable:
            case Kind::Field:
            case Kind::Element:
                return place(node);
            case Kind::Assign: {
                Value value = eval(*node.parts[1]);
                if (!node.text.empty()) {
                    value = ofNumber(calculated(node.text.front(), numberOf(place(*node.parts[0])), numberOf(value)));
                }
                store(*node.parts[0], value);
                return value;
            }
            case Kind::Binary:
                return binary(node);
            case Kind::Unary: {
                const Value value = eval(*node.parts[0]);
                return node.text == "!" ? ofNumber(!truth(value))
                                        : ofNumber(node.text == "-" ? -numberOf(value) : numberOf(value));
            }
            case Kind::Before:
            case Kind::Behind: {
                const double before = numberOf(place(*node.parts[0]));
                const double after = before + (node.text == "+" ? 1 : -1);
                store(*node.parts[0], ofNumber(after));
                return ofNumber(node.kind == Kind::Before ? after : before);
            }
            case Kind::Choice:
                return eval(*node.parts[truth(eval(*node.parts[0])) ? 1 : 2]);
            case Kind::Join:
            case Kind::Block: {
                std::string text;
                for (std::size_t i = 0; i < node.parts.size(); ++i) {
                    text += (i == 0 || node.kind == Kind::Block ? "" : node.text) + textOf(eval(*node.parts[i]));
                }
                step(text.size());
                return ofText(std::move(text));
            }
            case Kind::In:
                return ofNumber(arrays_[node.text].contains(textOf(eval(*node.parts[0]))));
            case Kind::Call:
                return function(node);
            default:
                return {};
        }
    }

    std::string formatted(const std::vector<AwkNodePtr>& parts) {
        if (parts.empty()) {
            throw AwkError("cmd. line:1: Not enough args");
        }
        const std::string format = textOf(eval(*parts[0]));
        std::string text;
        std::size_t next = 1;
        for (std::size_t i = 0; i < format.size(); ++i) {
            if (format[i] != '%' || i + 1 == format.size()) {
                text += format[i];
                continue;
            }
            const std::size_t end = std::min(format.find_first_not_of("-+ #0123456789.", i + 1), format.size() - 1);
            const char letter = format[end];
            std::string spec = format.substr(i, end - i).substr(0, 8);
            i = end;
            if (letter == '%') {
                text += '%';
                continue;
            }
            const Value value = next < parts.size() ? eval(*parts[next++]) : Value{};
            if (letter == 'd' || letter == 'i') {
                text += printed((spec + "lld").c_str(), static_cast<long long>(wide(numberOf(value))));
            } else if (letter == 'o' || letter == 'x' || letter == 'X' || letter == 'u') {
                text += printed((spec + "ll" + letter).c_str(),
                                static_cast<unsigned long long>(static_cast<long long>(wide(numberOf(value)))));
            } else if (letter == 'f' || letter == 'g' || letter == 'e' || letter == 'G' || letter == 'E') {
                text += printed((spec + letter).c_str(), numberOf(value));
            } else if (letter == 'c') {
                text += isNumber(value) && value.type == Value::Type::Number
                            ? std::string(1, static_cast<char>(std::clamp(bounded(numberOf(value)), 0.0, 255.0)))
                            : textOf(value).substr(0, 1);
            } else if (letter == 's') {
                text += spec == "%" ? textOf(value) : printed((spec + 's').c_str(), textOf(value).c_str());
            } else {
                text += spec + letter;
            }
            if (text.size() > kMostText) {
                break;
            }
        }
        return text;
    }

    std::string argument(const AwkNode& node, std::size_t i) {
        return i < node.parts.size() ? textOf(eval(*node.parts[i])) : "";
    }

    Value substitute(const AwkNode& node) {
        if (node.parts.size() < 2) {
            throw AwkError("cmd. line:1: Too few arguments");
        }
        AwkNode whole;
        whole.kind = Kind::Field;
        whole.parts.push_back(std::make_unique<AwkNode>());
        whole.parts[0]->kind = Kind::Number;
        const AwkNode& target = node.parts.size() > 2 ? *node.parts[2] : whole;
        const std::string text = textOf(eval(target));
        const std::string with = argument(node, 1);
        const bool pattern = node.parts[0]->kind == Kind::Pattern;
        const ShellRegex regex(pattern ? node.parts[0]->text : argument(node, 0), ShellRegex::Kind::Extended, false);
        std::string result;
        std::size_t at = 0;
        int count = 0;
        while (at <= text.size() && regex.valid() && result.size() < kMostText) {
            std::size_t steps = 0;
            const std::string_view tail = std::string_view(text).substr(at);
            const auto hit = regex.search(tail, steps);
            if (!hit || !step(steps)) {
                break;
            }
            ++count;
            result.append(tail.substr(0, hit->first));
            for (std::size_t i = 0; i < with.size(); ++i) {
                if (with[i] == '\\' && i + 1 < with.size() && with[i + 1] == '&') {
                    result += with[++i];
                } else if (with[i] == '&') {
                    result.append(tail.substr(hit->first, hit->second - hit->first));
                } else {
                    result += with[i];
                }
            }
            at += hit->second;
            if (hit->first == hit->second) {
                result += at < text.size() ? std::string(1, text[at]) : "";
                ++at;
            }
            if (node.text == "sub" || (pattern && node.parts[0]->text.starts_with('^'))) {
                break;
            }
        }
        if (count > 0) {
            store(target, ofText(result + (at < text.size() ? text.substr(at) : "")));
        }
        return ofNumber(count);
    }

    Value function(const AwkNode& node) {
        const std::string& name = node.text;
        if (name == "length") {
            if (!node.parts.empty() && node.parts[0]->kind == Kind::Variable && arrays_.contains(node.parts[0]->text)) {
                return ofNumber(static_cast<double>(arrays_[node.parts[0]->text].size()));
            }
            return ofNumber(static_cast<double>(node.parts.empty() ? line_.size() : argument(node, 0).size()));
        }
        if (name == "substr") {
            const std::string text = argument(node, 0);
            const double from = node.parts.size() > 1 ? std::round(bounded(numberOf(eval(*node.parts[1])))) : 1;
            const double size = node.parts.size() > 2 ? std::round(bounded(numberOf(eval(*node.parts[2])))) : 1e9;
            const double begin = std::clamp(from, 1.0, static_cast<double>(text.size()) + 1);
            const double end = std::clamp(begin + size, begin, static_cast<double>(text.size()) + 1);
            return ofText(text.substr(static_cast<std::size_t>(begin) - 1, static_cast<std::size_t>(end - begin)));
        }
        if (name == "index") {
            return ofNumber(static_cast<double>(argument(node, 0).find(argument(node, 1)) + 1));
        }
        if (name == "tolower" || name == "toupper") {
            std::string text = argument(node, 0);
            for (char& c : text) {
                const auto byte = static_cast<unsigned char>(c);
                c = static_cast<char>(name == "tolower" ? std::tolower(byte) : std::toupper(byte));
            }
            return ofText(std::move(text));
        }
        if (name == "sprintf") {
            return ofText(formatted(node.parts));
        }
        if (name == "sub" || name == "gsub") {
            return substitute(node);
        }
        if (name == "split" && node.parts.size() > 1) {
            const std::string parting =
                node.parts.size() > 2 ? (node.parts[2]->kind == Kind::Pattern ? node.parts[2]->text : argument(node, 2))
                                      : textOf(variables_["FS"]);
            const std::vector<std::string> parts = parted(argument(node, 0), parting);
            auto& array = arrays_[node.parts[1]->text];
            array.clear();
            for (std::size_t i = 0; i < parts.size(); ++i) {
                array[std::to_string(i + 1)] = ofInput(parts[i]);
            }
            return ofNumber(static_cast<double>(parts.size()));
        }
        if (name == "match" && node.parts.size() > 1) {
            const bool pattern = node.parts[1]->kind == Kind::Pattern;
            const ShellRegex regex(pattern ? node.parts[1]->text : argument(node, 1), ShellRegex::Kind::Extended,
                                   false);
            std::size_t steps = 0;
            const auto hit = regex.valid() ? regex.search(argument(node, 0), steps) : std::nullopt;
            step(steps);
            set("RSTART", ofNumber(hit ? static_cast<double>(hit->first + 1) : 0));
            set("RLENGTH", ofNumber(hit ? static_cast<double>(hit->second - hit->first) : -1));
            return variables_["RSTART"];
        }
        if (name == "system") {
            call_.out(std::exchange(output_, {}));
            return ofNumber(call_.shell().runWords({"sh", "-c", argument(node, 0)}, true));
        }
        const double x = node.parts.empty() ? 0 : numberOf(eval(*node.parts[0]));
        static constexpr std::string_view kMath[] = {"sqrt", "exp", "log", "sin", "cos"};
        if (std::ranges::find(kMath, name) != std::end(kMath)) {
            throw AwkError(kNoMath);
        }
        return ofNumber(name == "int"       ? std::trunc(x)
                        : name == "systime" ? static_cast<double>(call_.work().seconds())
                        : name == "rand"    ? static_cast<double>((++random_ * 2654435761U) % 1'000'003U) / 1'000'003
                                            : 0);
    }

    /// True if the loop goes on.
    bool turn(const AwkNode& body) {
        execute(body);
        if (flow_ == Flow::Continue) {
            flow_ = Flow::On;
        }
        return flow_ == Flow::On;
    }
    void execute(const AwkNode& node) {
        if (flow_ != Flow::On || !step()) {
            return;
        }
        switch (node.kind) {
            case Kind::Block:
                for (const AwkNodePtr& part : node.parts) {
                    execute(*part);
                }
                return;
            case Kind::Print: {
                print(node.parts.empty() ? line_ : "");
                for (std::size_t i = 0; i < node.parts.size(); ++i) {  // an error comes behind what was printed before
                    print(i == 0 ? "" : textOf(variables_["OFS"]));
                    print(textOf(eval(*node.parts[i])));
                }
                print(textOf(variables_["ORS"]));
                return;
            }
            case Kind::Format:
                print(formatted(node.parts));
                return;
            case Kind::If:
                if (truth(eval(*node.parts[0]))) {
                    execute(*node.parts[1]);
                } else if (node.parts.size() > 2) {
                    execute(*node.parts[2]);
                }
                return;
            case Kind::While:
                while (truth(eval(*node.parts[0])) && turn(*node.parts[1])) {
                }
                break;
            case Kind::DoWhile:
                while (turn(*node.parts[1]) && truth(eval(*node.parts[0]))) {
                }
                break;
            case Kind::For:
                for (execute(*node.parts[0]); truth(eval(*node.parts[1])) && turn(*node.parts[3]);
                     execute(*node.parts[2])) {
                }
                break;
            case Kind::ForIn: {
                const std::size_t gap = node.text.find(' ');
                std::vector<std::string> keys;
                for (const auto& [key, value] : arrays_[node.text.substr(gap + 1)]) {
                    keys.push_back(key);
                }
                for (const std::string& key : keys) {
                    set(node.text.substr(0, gap), ofInput(key));
                    if (!turn(*node.parts[0])) {
                        break;
                    }
                }
                break;
            }
            case Kind::Next:
                flow_ = Flow::Next;
                return;
            case Kind::Exit:
                status_ =
                    node.parts.empty() ? status_ : static_cast<int>(bounded(numberOf(eval(*node.parts[0])))) & 255;
                flow_ = Flow::Exit;
                return;
            case Kind::Break:
                flow_ = Flow::Break;
                return;
            case Kind::Continue:
                flow_ = Flow::Continue;
                return;
            case Kind::Delete:
                if (node.parts.empty()) {
                    arrays_[node.text].clear();
                } else {
                    arrays_[node.text].erase(textOf(eval(*node.parts[0])));
                }
                return;
            default:
                eval(node);
                return;
        }
        flow_ = flow_ == Flow::Break ? Flow::On : flow_;
    }

    ShellCall& call_;
    const std::vector<AwkRule>& rules_;
    std::map<std::string, Value> variables_ = {};
    std::map<std::string, std::map<std::string, Value>> arrays_ = {};
    std::string line_ = {};
    std::vector<std::string> fields_ = {};
    std::string output_ = {};
    Flow flow_ = Flow::On;
    int status_ = 0;
    int steps_ = 0;
    std::uint32_t random_ = 0;
};

}  // namespace

int runAwk(ShellCall& call) {
    std::vector<std::string> assignments;
    for (std::size_t i = 1; i + 1 < call.words.size() && call.words[i].starts_with('-'); i += 2) {
        if (call.words[i] == "-v") {
            assignments.push_back(call.words[i + 1]);
        }
    }
    if (!call.parse("+F:v:f:e:W:")) {
        return 1;
    }
    std::vector<std::string> paths = call.operands();
    std::string program;
    if (call.has('f') || call.has('e')) {
        int status = 0;
        program = call.has('e') ? call.value('e') : call.readAll({call.value('f')}, status, "-");
        if (status != 0) {
            return status;
        }
    } else if (paths.empty()) {
        return call.usage();
    } else {
        program = paths.front();
        paths.erase(paths.begin());
    }
    try {
        const std::vector<AwkRule> rules = parseAwk(program);
        Awk awk(call, rules);
        if (call.has('F')) {
            awk.set("FS", ofText(call.value('F') == "\\t" || call.value('F') == "t" ? "\t" : call.value('F')));
        }
        for (const std::string& assignment : assignments) {
            const std::size_t sign = assignment.find('=');
            if (sign != std::string::npos) {
                awk.set(assignment.substr(0, sign), ofInput(assignment.substr(sign + 1)));
            }
        }
        return awk.run(paths);
    } catch (const AwkError& wrong) {
        return call.fail(wrong.what());
    }
}

}  // namespace apiary::agent
