/// awk: its expressions and statements.

#include "agent/shell/shell_awk_interpreter.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace apiary::agent {

using Kind = AwkNode::Kind;

AwkInterpreter::Slot& AwkInterpreter::slot(const std::string& name) {
    if (!frames_.empty()) {
        const auto local = frames_.back().find(name);
        if (local != frames_.back().end()) {
            return local->second;
        }
    }
    if (globals_.size() >= kMostNames && !globals_.contains(name)) {
        flow_ = Flow::Exit;
        return globals_["NR"];
    }
    return globals_[name];
}

AwkArray& AwkInterpreter::array(const std::string& name) {
    Slot& known = slot(name);
    if (!known.array) {
        known.array = std::make_shared<AwkArray>();
    }
    return *known.array;
}

/// The index that one or more expressions make.
std::string AwkInterpreter::index(const AwkNode& list) {
    std::string key = list.kind == Kind::List ? "" : textOf(eval(list));
    for (std::size_t i = 0; list.kind == Kind::List && i < list.parts.size() && key.size() < AwkValue::kMostText; ++i) {
        key += (i == 0 ? "" : special("SUBSEP")) + textOf(eval(*list.parts[i]));
    }
    key.resize(std::min(key.size(), AwkValue::kMostText));
    call_.work().move(key.size() / 2);
    return key;
}

AwkValue AwkInterpreter::place(const AwkNode& node) {
    if (node.kind == Kind::Variable) {
        return slot(node.text).value;
    }
    if (node.kind == Kind::Field) {
        const double at = awkBounded(eval(*node.parts[0]).asNumber());
        if (at < 0) {
            fail(node, "Access to negative field");
        }
        return at < 1 ? AwkValue::ofInput(line_)
               : at <= static_cast<double>(fields_.size())
                   ? AwkValue::ofInput(fields_[static_cast<std::size_t>(at) - 1])
                   : AwkValue{};
    }
    if (node.kind == Kind::Element) {
        const std::string key = index(*node.parts[0]);
        return array(node.text).at(key);
    }
    return eval(node);
}

void AwkInterpreter::setField(double at, const AwkValue& value) {
    if (at < 1) {
        take(textOf(value));
    } else if (at <= static_cast<double>(kMostFields)) {
        fields_.resize(std::max(fields_.size(), static_cast<std::size_t>(at)));
        fields_[static_cast<std::size_t>(at) - 1] = textOf(value);
        globals_["NF"].value = AwkValue::ofNumber(static_cast<double>(fields_.size()));
        rebuild();
        step(line_.size());
    }
}

void AwkInterpreter::store(const AwkNode& node, AwkValue value) {
    if (node.kind == Kind::Variable) {
        set(node.text, std::move(value));
    } else if (node.kind == Kind::Field) {
        const double at = awkBounded(eval(*node.parts[0]).asNumber());
        if (at < 0) {
            fail(node, "Access to negative field");
        }
        setField(at, value);
    } else if (node.kind == Kind::Element) {
        const std::string key = index(*node.parts[0]);
        array(node.text).at(key) = std::move(value);
    }
}

bool AwkInterpreter::matches(const std::string& text, const AwkNode& node) {
    std::size_t steps = 0;
    if (node.kind == Kind::Pattern) {
        return node.regex->search(text, steps).has_value() && step(steps);
    }
    const std::string pattern = textOf(eval(node));
    const ShellRegex regex(pattern, ShellRegex::Kind::Extended, false);
    if (!regex.valid()) {
        throw AwkError("bad regex '" + pattern + "': " + regex.error());
    }
    const bool found = regex.search(text, steps).has_value();
    return step(steps + regex.cost()) && found;
}

double AwkInterpreter::calculated(const AwkNode& node, char sign, double a, double b) const {
    switch (sign) {
        case '+':
            return a + b;
        case '-':
            return a - b;
        case '*':
            return a * b;
        case '^':
            fail(node, "Math support is not compiled in");
        default:
            if (b == 0) {
                fail(node, "Division by zero");
            }
            return sign == '/' ? a / b : std::fmod(a, b);
    }
}

AwkValue AwkInterpreter::binary(const AwkNode& node) {
    const std::string& sign = node.text;
    if (sign == "&&" || sign == "||") {
        const bool left = eval(*node.parts[0]).truth();
        return AwkValue::ofNumber(left == (sign == "||") ? left : eval(*node.parts[1]).truth());
    }
    const AwkValue left = eval(*node.parts[0]);
    if (sign == "~" || sign == "!~") {
        return AwkValue::ofNumber(matches(textOf(left), *node.parts[1]) == (sign == "~"));
    }
    const AwkValue right = eval(*node.parts[1]);
    if (sign.size() == 1 && std::string_view("+-*/%^").find(sign.front()) != std::string_view::npos) {
        return AwkValue::ofNumber(calculated(node, sign.front(), left.asNumber(), right.asNumber()));
    }
    int order = 0;
    if (left.isNumber() && right.isNumber()) {
        const double a = left.asNumber();
        const double b = right.asNumber();
        order = a < b ? -1 : a > b ? 1 : 0;
    } else {
        order = textOf(left).compare(textOf(right));
    }
    return AwkValue::ofNumber(sign == "<"    ? order < 0
                              : sign == "<=" ? order <= 0
                              : sign == ">"  ? order > 0
                              : sign == ">=" ? order >= 0
                              : sign == "==" ? order == 0
                                             : order != 0);
}

AwkValue AwkInterpreter::eval(const AwkNode& node) {
    const Descent descent(*this);
    if (!step()) {
        return {};
    }
    switch (node.kind) {
        case Kind::Number:
            return AwkValue::ofNumber(node.number);
        case Kind::Text:
            call_.work().move(node.text.size() / 16);
            return AwkValue::ofText(node.text);
        case Kind::Pattern:
            return AwkValue::ofNumber(matches(line_, node));
        case Kind::Variable:
        case Kind::Field:
        case Kind::Element: {
            AwkValue value = place(node);
            step(value.text.size() / 16);
            return value;
        }
        case Kind::Assign: {
            AwkValue value = eval(*node.parts[1]);
            if (!node.text.empty()) {
                const double before = place(*node.parts[0]).asNumber();
                value = AwkValue::ofNumber(calculated(node, node.text.front(), before, value.asNumber()));
            }
            step(value.text.size() / 2);
            store(*node.parts[0], value);
            return value;
        }
        case Kind::Binary:
            return binary(node);
        case Kind::Unary: {
            const AwkValue value = eval(*node.parts[0]);
            return AwkValue::ofNumber(node.text == "!"   ? (value.truth() ? 0 : 1)
                                      : node.text == "-" ? -value.asNumber()
                                                         : value.asNumber());
        }
        case Kind::Before:
        case Kind::Behind: {
            const double before = place(*node.parts[0]).asNumber();
            const double after = before + (node.text == "+" ? 1 : -1);
            store(*node.parts[0], AwkValue::ofNumber(after));
            return AwkValue::ofNumber(node.kind == Kind::Before ? after : before);
        }
        case Kind::Choice:
            return eval(*node.parts[eval(*node.parts[0]).truth() ? 1 : 2]);
        case Kind::Join:
        case Kind::List: {
            std::string text;
            for (const AwkNodePtr& part : node.parts) {
                if (text.size() < AwkValue::kMostText) {
                    text += textOf(eval(*part));
                }
            }
            step(text.size());
            return AwkValue::ofText(std::move(text));
        }
        case Kind::In: {
            const std::string key = index(*node.parts[0]);
            return AwkValue::ofNumber(array(node.text).contains(key));
        }
        case Kind::Call:
            return function(node);
        case Kind::UserCall:
            return callUser(node);
        case Kind::Getline:
            return getline(node);
        default:
            return {};
    }
}

AwkValue AwkInterpreter::callUser(const AwkNode& node) {
    const AwkFunction& function = program_.functions.find(node.text)->second;
    const ShellWork::Level level(call_.work());
    if (frames_.size() >= kDeepestCalls || !step(64)) {
        flow_ = Flow::Exit;
        return {};
    }
    Frame frame;
    for (std::size_t i = 0; i < node.parts.size(); ++i) {
        const AwkNode& argument = *node.parts[i];
        Slot passed;
        if (argument.kind == Kind::Variable) {
            array(argument.text);  // it may become one in the function
            passed = slot(argument.text);
        } else {
            passed.value = eval(argument);
        }
        step(passed.value.text.size() / 2);
        if (i < function.parameters.size()) {
            frame[function.parameters[i]] = std::move(passed);
        }
    }
    for (std::size_t i = node.parts.size(); i < function.parameters.size(); ++i) {
        frame[function.parameters[i]] = {};
    }
    frames_.push_back(std::move(frame));
    returned_ = {};
    execute(*function.body);
    frames_.pop_back();
    if (flow_ == Flow::Return) {
        flow_ = Flow::On;
    }
    return std::exchange(returned_, {});
}

/// All its forms. 1, 0 at the end, -1 if there is nothing to read.
AwkValue AwkInterpreter::getline(const AwkNode& node) {
    std::string record;
    const AwkNode* target = node.parts.size() > (node.text.empty() ? 0U : 1U) ? node.parts.back().get() : nullptr;
    if (node.text.empty()) {
        if (!nextRecord(record)) {
            return AwkValue::ofNumber(0);
        }
    } else {
        const std::string source = textOf(eval(*node.parts[0]));
        auto known = readers_.find(source);
        if (known == readers_.end()) {
            if (readers_.size() >= kMostStreams) {
                return AwkValue::ofNumber(-1);
            }
            Reader reader;
            if (node.text == "|") {
                reader.text = outputOf(source);
            } else {
                const bool input = source == "-" || source == "/dev/stdin";
                const ShellFiles::Place place = call_.locate(source);
                if (!input &&
                    (place.error != ShellError::None || call_.files().mayRead(place.path) != ShellError::None)) {
                    return AwkValue::ofNumber(-1);
                }
                const ShellStreamPtr stream = input ? call_.input() : call_.open(source, "-");
                reader.text = stream ? call_.work().read(*stream, ShellWork::kMostPiped) : "";
            }
            known = readers_.emplace(source, std::move(reader)).first;
        }
        if (!takeRecord(known->second.text, known->second.at, record)) {
            return AwkValue::ofNumber(0);
        }
        if (node.text == "|") {
            globals_["NR"].value = AwkValue::ofNumber(globals_["NR"].value.asNumber() + 1);
        }
    }
    if (target != nullptr) {
        store(*target, AwkValue::ofInput(record));
    } else {
        take(std::move(record));
    }
    return AwkValue::ofNumber(1);
}

/// True if the loop goes on.
bool AwkInterpreter::turn(const AwkNode& body) {
    execute(body);
    if (flow_ == Flow::Continue) {
        flow_ = Flow::On;
    }
    return flow_ == Flow::On;
}

void AwkInterpreter::loop(const AwkNode& node) {
    switch (node.kind) {
        case Kind::While:
            while (eval(*node.parts[0]).truth() && turn(*node.parts[1])) {
            }
            break;
        case Kind::DoWhile:
            while (turn(*node.parts[1]) && eval(*node.parts[0]).truth()) {
            }
            break;
        case Kind::For:
            for (execute(*node.parts[0]); eval(*node.parts[1]).truth() && turn(*node.parts[3]);
                 execute(*node.parts[2])) {
            }
            break;
        default: {
            const std::size_t gap = node.text.find(' ');
            for (const std::string& key : array(node.text.substr(gap + 1)).keys()) {
                set(node.text.substr(0, gap), AwkValue::ofInput(key));
                if (!turn(*node.parts[0])) {
                    break;
                }
            }
        }
    }
    flow_ = flow_ == Flow::Break ? Flow::On : flow_;
}

void AwkInterpreter::execute(const AwkNode& node) {
    const Descent descent(*this);
    if (flow_ != Flow::On || !step()) {
        return;
    }
    const std::size_t shown = node.parts.size() - (node.text.empty() ? 0 : 1);  // of print: those behind say where to
    switch (node.kind) {
        case Kind::Block:
            for (const AwkNodePtr& part : node.parts) {
                execute(*part);
            }
            return;
        case Kind::Print: {
            const std::string format = special("OFMT");
            const bool plain = node.text.empty();
            std::string text = shown == 0 ? line_ : "";
            for (std::size_t i = 0; i < shown && text.size() < ShellWork::kMostPiped;
                 ++i) {  // an error comes behind what was printed before
                if (plain) {
                    print(std::exchange(text, {}));
                }
                text += (i == 0 ? "" : special("OFS"));
                if (plain) {
                    print(std::exchange(text, {}));
                }
                text += eval(*node.parts[i]).asText(format);
            }
            printTo(node, text + special("ORS"));
            return;
        }
        case Kind::Format:
            if (shown > 0) {
                printTo(node, formatted(node, shown));
            }
            return;
        case Kind::If:
            if (eval(*node.parts[0]).truth()) {
                execute(*node.parts[1]);
            } else if (node.parts.size() > 2) {
                execute(*node.parts[2]);
            }
            return;
        case Kind::While:
        case Kind::DoWhile:
        case Kind::For:
        case Kind::ForIn:
            loop(node);
            return;
        case Kind::Next:
            flow_ = Flow::Next;
            return;
        case Kind::NextFile:
            flow_ = Flow::NextFile;
            return;
        case Kind::Exit:
            if (!node.parts.empty()) {
                status_ = static_cast<int>(awkBounded(eval(*node.parts[0]).asNumber())) & 255;
            }
            flow_ = Flow::Exit;
            return;
        case Kind::Return:
            returned_ = node.parts.empty() ? AwkValue{} : eval(*node.parts[0]);
            flow_ = flow_ == Flow::On ? Flow::Return : flow_;
            return;
        case Kind::Break:
            flow_ = Flow::Break;
            return;
        case Kind::Continue:
            flow_ = Flow::Continue;
            return;
        case Kind::Delete:
            if (node.parts.empty()) {
                array(node.text).clear();
            } else {
                const std::string key = index(*node.parts[0]);
                array(node.text).erase(key);
            }
            return;
        default:
            eval(node);
            return;
    }
}

}  // namespace apiary::agent
