/// awk: its records, fields and streams.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_awk_interpreter.hpp"
#include "agent/shell/shell_awk_scanner.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

namespace apiary::agent {

AwkInterpreter::AwkInterpreter(ShellCall& call, const AwkProgram& program) : call_(call), program_(program) {
    static constexpr std::pair<const char*, const char*> kTexts[] = {
        {"FS", " "},        {"OFS", " "},        {"ORS", "\n"},    {"RS", "\n"},
        {"SUBSEP", "\x1c"}, {"CONVFMT", "%.6g"}, {"OFMT", "%.6g"}, {"FILENAME", ""}};
    for (const auto& [name, value] : kTexts) {
        globals_[name].value = AwkValue::ofText(value);
    }
    for (const char* name : {"NR", "FNR", "NF", "RSTART", "RLENGTH"}) {
        globals_[name].value = AwkValue::ofNumber(0);
    }
    for (const auto& [name, variable] : call.environment().variables) {
        if (variable.exported) {
            array("ENVIRON").at(name) = AwkValue::ofInput(variable.value);
        }
    }
}

void AwkInterpreter::setArguments(const std::vector<std::string>& words) {
    globals_["ARGC"].value = AwkValue::ofNumber(static_cast<double>(words.size()));
    for (std::size_t i = 0; i < words.size(); ++i) {
        array("ARGV").at(std::to_string(i)) = AwkValue::ofInput(words[i]);
    }
}

void AwkInterpreter::fail(const AwkNode& node, const std::string& what) const {
    throw AwkError(program_.name + ':' + std::to_string(node.line) + ": " + what);
}

bool AwkInterpreter::step(std::size_t cost) {
    if (++steps_ > kMostSteps || !call_.work().move(cost)) {
        flow_ = Flow::Exit;
        return false;
    }
    return true;
}

int AwkInterpreter::run() {
    try {
        rules(AwkRule::When::Begin);
        const bool reads =
            std::ranges::any_of(program_.rules, [](const AwkRule& rule) { return rule.when != AwkRule::When::Begin; });
        std::string record;
        while (reads && flow_ != Flow::Exit && step() && nextRecord(record)) {
            take(std::exchange(record, {}));
            rules(AwkRule::When::Line);
            if (flow_ == Flow::NextFile) {
                inputOpen_ = false;
            }
            flow_ = flow_ == Flow::Exit ? flow_ : Flow::On;
        }
        flow_ = steps_ > kMostSteps || call_.work().stopped() ? Flow::Exit : Flow::On;
        rules(AwkRule::When::End);
    } catch (const AwkError&) {
        flush();
        throw;
    }
    flush();
    while (!commands_.empty()) {  // what they print comes last
        closeStream(commands_.begin()->first);
    }
    return status_;
}

void AwkInterpreter::rules(AwkRule::When when) {
    for (std::size_t i = 0; i < program_.rules.size() && flow_ == Flow::On; ++i) {
        const AwkRule& rule = program_.rules[i];
        if (rule.when != when || !chosen(rule, i)) {
            continue;
        }
        if (rule.action) {
            execute(*rule.action);
        } else {
            print(line_ + special("ORS"));
        }
    }
}

bool AwkInterpreter::chosen(const AwkRule& rule, std::size_t index) {
    if (!rule.last) {
        return !rule.pattern || eval(*rule.pattern).truth();
    }
    if (!inside_.contains(index)) {
        if (!eval(*rule.pattern).truth()) {
            return false;
        }
        inside_.insert(index);
    }
    if (eval(*rule.last).truth()) {
        inside_.erase(index);
    }
    return true;
}

std::string AwkInterpreter::special(const char* name) {
    return textOf(globals_[name].value);
}

/// Opens the next file of ARGV, and carries out assignments on the way.
bool AwkInterpreter::nextFile() {
    inputOpen_ = false;
    while (!inputOpen_ && step()) {
        const double count = globals_["ARGC"].value.asNumber();
        if (argumentAt_ >= std::min(count, 1000.0)) {
            if (anyFile_) {
                return false;
            }
            anyFile_ = true;
            const ShellStreamPtr input = call_.input();
            // What is typed is answered line by line.
            typed_ = input->kind == ShellStream::Kind::Terminal && special("RS") == "\n" ? input : nullptr;
            input_ = typed_ ? "" : call_.work().read(*input, ShellWork::kMostPiped);
            inputOpen_ = true;
            break;
        }
        const std::string word = textOf(array("ARGV").at(std::to_string(static_cast<int>(argumentAt_))));
        argumentAt_ += 1;
        const std::size_t sign = word.find('=');
        const bool name = sign != std::string::npos && sign > 0 &&
                          std::isdigit(static_cast<unsigned char>(word[0])) == 0 &&
                          std::ranges::all_of(word.substr(0, sign), AwkScanner::isName);
        if (name) {
            set(word.substr(0, sign), AwkValue::ofInput(awkUnescaped(std::string_view(word).substr(sign + 1))));
            continue;
        }
        if (word.empty()) {
            continue;
        }
        anyFile_ = true;
        int failed = 0;
        input_ = call_.readAll({word}, failed, "-");
        if (failed != 0) {
            status_ = 1;
            continue;
        }
        globals_["FILENAME"].value = AwkValue::ofText(word);
        inputOpen_ = true;
    }
    globals_["FNR"].value = AwkValue::ofNumber(0);
    inputAt_ = 0;
    return inputOpen_;
}

bool AwkInterpreter::nextRecord(std::string& record) {
    for (;;) {
        if (inputOpen_ && typed_ && inputAt_ == input_.size()) {
            flush();
            input_ = call_.work().readLine(*typed_);
            inputAt_ = 0;
        }
        if (inputOpen_ && takeRecord(input_, inputAt_, record)) {
            break;
        }
        if (!nextFile()) {
            return false;
        }
    }
    for (const char* name : {"NR", "FNR"}) {
        globals_[name].value = AwkValue::ofNumber(globals_[name].value.asNumber() + 1);
    }
    return true;
}

/// The next record of a text, by RS.
bool AwkInterpreter::takeRecord(std::string_view text, std::size_t& at, std::string& record) {
    const std::string parting = special("RS");
    if (parting.empty()) {
        at = std::min(text.find_first_not_of('\n', at), text.size());
    }
    if (at >= text.size() || !step()) {
        return false;
    }
    std::size_t end = std::string_view::npos;
    std::size_t behind = text.size();
    if (parting.size() == 1) {
        end = text.find(parting[0], at);
        behind = end == std::string_view::npos ? text.size() : end + 1;
    } else {
        const ShellRegex regex(parting.empty() ? "\n\n+" : parting, ShellRegex::Kind::Extended, false);
        std::size_t steps = 0;
        const auto hit = regex.valid() ? regex.search(text.substr(at), steps) : std::nullopt;
        const auto [first, last] = hit.value_or(std::pair<std::size_t, std::size_t>());
        if (step(steps + regex.cost()) && last > first) {
            end = at + first;
            behind = at + last;
        }
    }
    record = text.substr(at, end == std::string_view::npos ? end : end - at);
    if (end == std::string_view::npos && parting != "\n" && record.ends_with('\n')) {
        record.pop_back();  // the end of the file
    }
    at = behind;
    return true;
}

std::vector<std::string> AwkInterpreter::parted(const std::string& text, const std::string& parting) {
    std::vector<std::string> parts;
    if (parting == " ") {
        for (std::size_t at = 0; parts.size() < kMostFields;) {
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
    if (parting.empty()) {
        for (std::size_t i = 0; i < std::min(text.size(), kMostFields); ++i) {
            parts.push_back(text.substr(i, 1));
        }
        return parts;
    }
    const bool lines = special("RS").empty();  // a line end parts fields as well then
    const std::string pattern = lines ? parting + "|\n" : parting;
    const ShellRegex regex(pattern, pattern.size() == 1 ? ShellRegex::Kind::Fixed : ShellRegex::Kind::Extended, false);
    std::size_t at = 0;
    step(regex.cost());
    while (parts.size() + 1 < kMostFields && regex.valid()) {
        std::size_t steps = 0;
        const auto hit = regex.search(std::string_view(text).substr(at), steps, at > 0);
        if (!hit || hit->second == hit->first || !step(steps)) {
            break;
        }
        parts.push_back(text.substr(at, hit->first));
        at += hit->second;
    }
    parts.push_back(text.substr(at));
    return parts;
}

void AwkInterpreter::take(std::string line) {
    line_ = std::move(line);
    line_.resize(std::min(line_.size(), AwkValue::kMostText));
    fields_ = parted(line_, special("FS"));
    globals_["NF"].value = AwkValue::ofNumber(static_cast<double>(fields_.size()));
}

void AwkInterpreter::rebuild() {
    line_.clear();
    const std::string gap = special("OFS");
    for (std::size_t i = 0; i < fields_.size() && line_.size() < AwkValue::kMostText; ++i) {
        line_ += (i == 0 ? "" : gap) + fields_[i];
    }
}

void AwkInterpreter::set(const std::string& name, AwkValue value) {
    Slot& known = slot(name);
    known.value = std::move(value);
    if (name == "NF" && &known == &globals_["NF"]) {
        fields_.resize(
            std::min(static_cast<std::size_t>(std::max(0.0, awkBounded(known.value.asNumber()))), kMostFields));
        rebuild();
    } else if (name == "CONVFMT") {
        conversion_ = known.value.text;
    }
}

void AwkInterpreter::print(std::string_view text) {
    const std::size_t room = ShellWork::kMostPiped - output_.size();
    output_.append(text.substr(0, room));
    if (text.size() > room) {
        flow_ = Flow::Exit;
    }
}

void AwkInterpreter::flush() {
    if (!output_.empty() && !call_.out(std::exchange(output_, {}))) {
        flow_ = Flow::Exit;
    }
}

/// Output of print and printf that may lead elsewhere.
void AwkInterpreter::printTo(const AwkNode& node, std::string_view text) {
    if (node.text.empty()) {
        print(text);
        return;
    }
    const std::string target = textOf(eval(*node.parts.back()));
    if (target == "/dev/stdout" || target == "-") {
        print(text);
        return;
    }
    if (target == "/dev/stderr") {
        flush();
        call_.error(text);
        return;
    }
    if (writers_.size() + commands_.size() >= kMostStreams) {
        flow_ = Flow::Exit;
        return;
    }
    if (node.text == "|") {
        ShellStreamPtr& stream = commands_[target];
        if (!stream) {
            stream = std::make_shared<ShellStream>();
            stream->kind = ShellStream::Kind::Pipe;
        }
        call_.work().write(*stream, text);
        return;
    }
    ShellStreamPtr& stream = writers_[target];
    if (!stream) {
        ShellFiles::Place place = call_.locate(target);
        if (place.error == ShellError::None) {
            call_.work().report(place.path);
            place.error = call_.files().create(place.path, 0666 & ~call_.environment().mask, call_.work().seconds(),
                                               node.text == ">>");
        }
        if (place.error != ShellError::None) {
            throw AwkError("can't open '" + target + "': " + std::string(errorText(place.error)));
        }
        stream = std::make_shared<ShellStream>(ShellStream{ShellStream::Kind::File, place.path});
        stream->append = node.text == ">>";
    }
    call_.work().write(*stream, text);
}

int AwkInterpreter::statusOf(const std::string& command, const ShellStreamPtr& input) {
    ShellEnvironment copy = call_.environment();
    ShellStreams streams = call_.shell().streams();
    if (input) {
        streams[0] = input;
    }
    ShellInterpreter inner(call_.work(), copy, streams);
    return inner.runWords({"sh", "-c", command}, true);
}

std::string AwkInterpreter::outputOf(const std::string& command) {
    flush();
    auto pipe = std::make_shared<ShellStream>();
    pipe->kind = ShellStream::Kind::Pipe;
    ShellEnvironment copy = call_.environment();
    ShellStreams streams = call_.shell().streams();
    streams[1] = pipe;
    ShellInterpreter inner(call_.work(), copy, streams);
    inner.runWords({"sh", "-c", command}, true);
    return std::move(pipe->buffer);
}

int AwkInterpreter::closeStream(std::string name) {
    int result = readers_.erase(name) > 0 || writers_.erase(name) > 0 ? 0 : -1;
    if (const auto command = commands_.find(name); command != commands_.end()) {
        const ShellStreamPtr input = command->second;
        commands_.erase(command);
        flush();
        result = statusOf(name, input);
    }
    return result;
}

int runAwk(ShellCall& call) {
    if (!call.parse("+F:v:f:e:W:")) {
        return 1;
    }
    std::vector<std::string> words = call.operands();
    AwkProgram program;
    try {
        bool given = false;
        for (const auto& [letter, value] : call.given()) {
            if (letter == 'f') {
                const ShellStreamPtr stream = call.open(value);
                if (!stream) {
                    return 1;
                }
                parseAwk(call.work().read(*stream, ShellWork::kMostPiped), value, program);
            } else if (letter == 'e') {
                parseAwk(value, "cmd. line", program);
            } else if (letter == 'W') {
                call.fail("warning: option -W is ignored");
            }
            given |= letter == 'f' || letter == 'e';
        }
        if (!given) {
            if (words.empty()) {
                return call.usage();
            }
            parseAwk(words.front(), "cmd. line", program);
            words.erase(words.begin());
        }
        checkAwk(program);
        AwkInterpreter awk(call, program);
        words.insert(words.begin(), "awk");
        awk.setArguments(words);
        if (call.has('F')) {
            awk.set("FS", AwkValue::ofText(call.value('F') == "t" ? "\t" : awkUnescaped(call.value('F'))));
        }
        for (const auto& [letter, value] : call.given()) {
            const std::size_t sign = value.find('=');
            if (letter == 'v' && (sign == std::string::npos || sign == 0)) {
                return call.usage();
            }
            if (letter == 'v') {
                awk.set(value.substr(0, sign),
                        AwkValue::ofInput(awkUnescaped(std::string_view(value).substr(sign + 1))));
            }
        }
        return awk.run();
    } catch (const AwkError& wrong) {
        return call.fail(wrong.what());
    }
}

}  // namespace apiary::agent
