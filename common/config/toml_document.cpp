#include "common/config/toml_document.hpp"

#include "common/text/escape.hpp"

#include <algorithm>
#include <toml++/toml.h>

namespace apiary {
namespace {

// The parser nests a table for every dot of a key, and recurses to free them.
constexpr std::size_t kLongestLine = 2000;

std::unique_ptr<TomlNode> convert(const toml::node& node) {
    auto converted = std::make_unique<TomlNode>();
    converted->line = node.source().begin.line;
    if (const auto* table = node.as_table()) {
        TomlNode::Table entries;
        for (const auto& [key, value] : *table) {
            entries.emplace_back(std::string(key.str()), convert(value));
            auto& entry = *entries.back().second;
            if (!value.is_table() || entry.line == 0) {
                entry.line = key.source().begin.line;
            }
        }
        converted->value = std::move(entries);
    } else if (const auto* array = node.as_array()) {
        TomlNode::Array items;
        for (const toml::node& item : *array) {
            items.push_back(convert(item));
        }
        converted->value = std::move(items);
    } else if (const auto* text = node.as_string()) {
        converted->value = text->get();
    } else if (const auto* number = node.as_integer()) {
        converted->value = number->get();
    } else if (const auto* flag = node.as_boolean()) {
        converted->value = flag->get();
    }
    return converted;
}

// The number of the first line that is too long, or 0.
std::size_t longLine(std::string_view text) {
    for (std::size_t line = 1, at = 0; at < text.size(); ++line) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (end - at > kLongestLine) {
            return line;
        }
        at = end + 1;
    }
    return 0;
}

}  // namespace

TomlNode* TomlNode::find(std::string_view key) const {
    if (const auto* table = std::get_if<Table>(&value)) {
        const auto found = std::ranges::find(*table, key, &Table::value_type::first);
        return found == table->end() ? nullptr : found->second.get();
    }
    return nullptr;
}

void TomlDocument::complain(std::size_t line, std::string_view message) {
    std::string printable;
    for (const char& c : message) {
        if (c >= ' ' && c <= '~') {
            printable += c;
        } else {
            appendEscaped(printable, {&c, 1});
        }
    }
    errors.emplace_back(line, std::move(printable));
}

std::unique_ptr<TomlDocument> parseToml(std::string_view text, const std::string& name) {
    auto document = std::make_unique<TomlDocument>(TomlDocument{name, std::make_unique<TomlNode>()});
    document->root->line = 1;
    document->root->value = TomlNode::Table{};
    if (const std::size_t line = longLine(text); line != 0) {
        document->complain(line, "this line is longer than " + std::to_string(kLongestLine) + " bytes; break it up");
        document->readable = false;
        return document;
    }
    try {
        const toml::table table = toml::parse(text);
        document->root = convert(table);
        document->root->line = 1;
    } catch (const toml::parse_error& error) {
        document->complain(error.source().begin.line, "not valid TOML: " + std::string(error.description()));
        document->readable = false;
    }
    return document;
}

}  // namespace apiary
