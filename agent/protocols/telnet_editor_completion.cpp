/// What the line editor does at Tab.

#include "agent/protocols/telnet_editor.hpp"

#include <algorithm>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::size_t kMostCompleted = 1023;  // bytes of a line that Tab makes longer
constexpr std::size_t kBetweenColumns = 2;

bool isSpecial(char c) {
    return std::string_view(" `'\"\\#$~?*[{()&;|<>").find(c) != std::string_view::npos;
}

std::string quoted(std::string_view name) {
    std::string text;
    for (const char c : name) {
        text += isSpecial(c) ? "\\" : "";
        text += c;
    }
    return text;
}

std::string_view commonBegin(const std::vector<std::string>& names) {
    std::string_view common = names.front();
    for (const std::string_view name : names) {
        common = common.substr(0, std::ranges::mismatch(common, name).in1 - common.begin());
    }
    return common;
}

/// The last name of a row has what is not ASCII as question marks.
std::string printable(std::string name) {
    std::ranges::replace_if(
        name, [](unsigned char c) { return c >= 0x7f; }, '?');
    return name;
}

}  // namespace

void TelnetEditor::complete(ShellCompletion completion, std::string& screen) {
    matches_ = std::move(completion.matches);
    lastWasTab_ = matches_.size() != 1;
    if (lastWasTab_) {
        screen += '\a';
    }
    if (matches_.empty()) {
        return;
    }
    std::string chosen = quoted(commonBegin(matches_));
    if (chosen.empty()) {
        return;
    }
    chosen += lastWasTab_ || chosen.ends_with('/') ? "" : " ";
    chosen.erase(0, quoted(completion.part).size());
    if (line_.size() + chosen.size() > kMostCompleted) {
        return;
    }
    line_.insert(cursor_, chosen);
    draw(y_, line_.size() - cursor_ - chosen.size(), lastPromptLine(), screen);
}

/// In columns, from top to bottom, below the line; then prompt and line once more.
void TelnetEditor::showMatches(std::string& screen) {
    if (matches_.empty() || listed_ >= kMostListed) {
        return;
    }
    const std::size_t before = screen.size();
    const std::size_t behind = line_.size() - cursor_;
    goToNewLine(screen);
    const std::size_t column = std::ranges::max(matches_, {}, &std::string::size).size() + kBetweenColumns;
    const std::size_t columns = std::max<std::size_t>(width_ / column, 1);
    const std::size_t rows = (matches_.size() + columns - 1) / columns;
    for (std::size_t row = 0; row < rows; ++row) {
        std::size_t i = row;
        for (; i + rows < matches_.size(); i += rows) {
            screen += matches_[i];
            screen.append(column - matches_[i].size(), ' ');
        }
        screen += printable(matches_[i]) + '\n';
    }
    listed_ += screen.size() - before;
    draw(0, behind, prompt_, screen);
}

}  // namespace apiary::agent
