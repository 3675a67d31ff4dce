#include "common/config/toml.hpp"

#include "common/config/toml_document.hpp"
#include "common/net/address.hpp"
#include "common/text/escape.hpp"
#include "common/text/units.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <tuple>

namespace apiary {
namespace {

constexpr std::size_t kLongestFile = std::size_t{1} << 20U;

std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

std::string listed(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

// What to do about a key that nobody knows.
std::string advice(std::string_view key, const std::vector<std::string>& known) {
    if (known.empty()) {
        return "nothing may stand here";
    }
    const auto nearest =
        std::ranges::min_element(known, {}, [&](const std::string& name) { return distance(key, name); });
    if (distance(key, *nearest) <= std::max<std::size_t>(2, key.size() / 3)) {
        return "did you mean '" + *nearest + "'?";
    }
    return "known here: " + listed(known);
}

void findUnknown(TomlDocument& document, const TomlNode& node) {
    if (const auto* table = std::get_if<TomlNode::Table>(&node.value)) {
        for (const auto& [key, value] : *table) {
            if (node.open || std::ranges::find(node.known, key) != node.known.end()) {
                findUnknown(document, *value);
                continue;
            }
            document.complain(value->line, "unknown key '" + escapeCut(key, 100) + "'" +
                                               (node.shown.empty() ? "" : " in " + node.shown) + "; " +
                                               advice(key, node.known));
        }
    } else if (const auto* array = std::get_if<TomlNode::Array>(&node.value)) {
        for (const auto& item : *array) {
            findUnknown(document, *item);
        }
    }
}

std::optional<std::uint64_t> numberOf(const TomlNode& node, std::uint64_t least, std::uint64_t most) {
    const auto* number = std::get_if<std::int64_t>(&node.value);
    if (number == nullptr || *number < 0 || static_cast<std::uint64_t>(*number) < least ||
        static_cast<std::uint64_t>(*number) > most) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(*number);
}

void ask(TomlNode* table, std::string_view key) {
    if (table != nullptr && std::ranges::find(table->known, key) == table->known.end()) {
        table->known.emplace_back(key);
    }
}

}  // namespace

const TomlField& TomlField::required() const {
    if (node_ == nullptr) {
        complain("is missing; it must be set");
    }
    return *this;
}

std::string TomlField::text(std::string_view fallback) const {
    if (node_ == nullptr) {
        return std::string(fallback);
    }
    if (const auto* text = std::get_if<std::string>(&node_->value)) {
        return *text;
    }
    complain("must be a text in quotes");
    return std::string(fallback);
}

std::vector<std::string> TomlField::texts() const {
    std::vector<std::string> texts;
    if (node_ == nullptr) {
        return texts;
    }
    if (const auto* text = std::get_if<std::string>(&node_->value)) {
        texts.push_back(*text);
        return texts;
    }
    const auto* items = std::get_if<TomlNode::Array>(&node_->value);
    if (items == nullptr) {
        complain(R"(must be a list of texts: ["...", "..."])");
        return texts;
    }
    for (const auto& item : *items) {
        const auto* text = std::get_if<std::string>(&item->value);
        if (text == nullptr) {
            complain("must hold nothing but texts in quotes");
            return {};
        }
        texts.push_back(*text);
    }
    return texts;
}

std::vector<std::string> TomlField::words() const {
    std::vector<std::string> words;
    if (node_ == nullptr) {
        return words;
    }
    const auto take = [&](const TomlNode& node) {
        if (const auto* text = std::get_if<std::string>(&node.value)) {
            words.push_back(*text);
        } else if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
            words.push_back(std::to_string(*number));
        } else {
            return false;
        }
        return true;
    };
    bool good = true;
    if (const auto* items = std::get_if<TomlNode::Array>(&node_->value)) {
        good = std::ranges::all_of(*items, [&](const auto& item) { return take(*item); });
    } else {
        good = take(*node_);
    }
    if (!good) {
        complain("must hold nothing but numbers and texts in quotes");
        words.clear();
    }
    return words;
}

std::string TomlField::path(std::string_view fallback) const {
    const std::filesystem::path path = text(fallback);
    if (path.empty()) {
        if (present()) {
            complain("must not be empty; leave the line out instead");
        }
        return {};
    }
    if (path.string().find('\0') != std::string::npos) {
        complain("must not hold a NUL");
        return {};
    }
    const auto folder = std::filesystem::path(document_->name).parent_path();
    return (folder / path).lexically_normal().string();
}

bool TomlField::flag(bool fallback) const {
    const bool* flag = node_ == nullptr ? &fallback : std::get_if<bool>(&node_->value);
    if (flag == nullptr) {
        complain("must be true or false");
    }
    return flag == nullptr ? fallback : *flag;
}

std::uint64_t TomlField::number(std::uint64_t fallback, std::uint64_t least, std::uint64_t most) const {
    if (node_ == nullptr) {
        return fallback;
    }
    const auto number = numberOf(*node_, least, most);
    if (!number) {
        complain("must be a number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return number.value_or(fallback);
}

std::vector<std::uint64_t> TomlField::numbers(std::uint64_t least, std::uint64_t most) const {
    std::vector<std::uint64_t> numbers;
    if (node_ == nullptr) {
        return numbers;
    }
    if (const auto* items = std::get_if<TomlNode::Array>(&node_->value)) {
        for (const auto& item : *items) {
            const auto number = numberOf(*item, least, most);
            if (!number) {
                break;
            }
            numbers.push_back(*number);
        }
        if (numbers.size() == items->size()) {
            return numbers;
        }
    }
    complain("must be a list of numbers from " + std::to_string(least) + " to " + std::to_string(most));
    return {};
}

std::chrono::milliseconds TomlField::duration(std::chrono::milliseconds fallback, std::chrono::milliseconds least,
                                              std::chrono::milliseconds most) const {
    if (node_ == nullptr) {
        return fallback;
    }
    const auto* text = std::get_if<std::string>(&node_->value);
    const auto read = text == nullptr ? std::nullopt : readDuration(*text);
    if (!read || *read < least || *read > most) {
        complain("must be a duration such as \"120s\" (units ms, s, m, h, d), from " + durationText(least) + " to " +
                 durationText(most));
        return fallback;
    }
    return *read;
}

std::uint64_t TomlField::size(std::uint64_t fallback, std::uint64_t least, std::uint64_t most) const {
    if (node_ == nullptr) {
        return fallback;
    }
    std::optional<std::uint64_t> read;
    if (const auto* text = std::get_if<std::string>(&node_->value)) {
        read = readSize(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&node_->value); number != nullptr && *number >= 0) {
        read = static_cast<std::uint64_t>(*number);
    }
    if (!read || *read < least || *read > most) {
        complain("must be a size such as \"2GiB\" (units B, KiB, MiB, GiB, TiB), from " + sizeText(least) + " to " +
                 sizeText(most));
        return fallback;
    }
    return *read;
}

std::vector<Endpoint> TomlField::endpoints() const {
    std::vector<Endpoint> endpoints;
    const auto* items = node_ == nullptr ? nullptr : std::get_if<TomlNode::Array>(&node_->value);
    if (items != nullptr && items->empty()) {
        complain("must name at least one ADDRESS:PORT");
    }
    for (const std::string& text : texts()) {
        const auto endpoint = parseEndpoint(escapeCut(text, 100));
        if (!endpoint) {
            complain("is wrong: " + endpoint.error());
            continue;
        }
        endpoints.push_back(*endpoint);
    }
    return endpoints;
}

std::size_t TomlField::line() const {
    return node_ != nullptr ? node_->line : parent_ != nullptr ? parent_->line : 1;
}

void TomlField::complain(std::string_view message) const {
    document_->complain(line(), name_ + " " + std::string(message));
}

std::size_t TomlTable::line() const {
    return node_ == nullptr ? 1 : node_->line;
}

TomlField TomlTable::field(std::string_view key) const {
    ask(node_, key);
    return {*document_, node_, (name_.empty() ? "" : name_ + " ") + std::string(key),
            node_ == nullptr ? nullptr : node_->find(key)};
}

TomlTable TomlTable::table(std::string_view key) const {
    ask(node_, key);
    std::string name = "[" + std::string(key) + "]";
    TomlNode* node = node_ == nullptr ? nullptr : node_->find(key);
    if (node != nullptr && !std::holds_alternative<TomlNode::Table>(node->value)) {
        document_->complain(node->line, "'" + std::string(key) + "' must be a table: write " + name + " on a line");
        node = nullptr;
    }
    if (node != nullptr) {
        node->shown = name;
    }
    return {*document_, std::move(name), node};
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) const {
    ask(node_, key);
    const std::string name = "[[" + std::string(key) + "]]";
    std::vector<TomlTable> tables;
    TomlNode* node = node_ == nullptr ? nullptr : node_->find(key);
    if (node == nullptr) {
        return tables;
    }
    const auto* items = std::get_if<TomlNode::Array>(&node->value);
    if (items == nullptr) {
        document_->complain(node->line, "'" + std::string(key) + "' must be tables: write " + name + " on a line");
        return tables;
    }
    for (const auto& item : *items) {
        if (!std::holds_alternative<TomlNode::Table>(item->value)) {
            document_->complain(item->line, "'" + std::string(key) + "' must hold nothing but tables");
            continue;
        }
        item->shown = name;
        tables.push_back({*document_, name, item.get()});
    }
    return tables;
}

std::vector<std::pair<std::string, std::string>> TomlTable::entries() const {
    std::vector<std::pair<std::string, std::string>> entries;
    if (node_ == nullptr) {
        return entries;
    }
    node_->open = true;
    for (const auto& [key, value] : std::get<TomlNode::Table>(node_->value)) {
        entries.emplace_back(key, field(key).text());
    }
    return entries;
}

std::vector<TomlValue> TomlTable::values() const {
    std::vector<TomlValue> values;
    collectValues("", values);
    return values;
}

void TomlTable::collectValues(const std::string& prefix, std::vector<TomlValue>& into) const {
    for (const std::string& key : keys()) {
        const TomlField own = field(key);
        const TomlNode& node = *own.node_;
        if (std::holds_alternative<TomlNode::Table>(node.value)) {
            TomlTable(*document_, name_, own.node_).collectValues(prefix + key + '.', into);
        } else if (std::holds_alternative<TomlNode::Array>(node.value)) {
            into.push_back({prefix + key, node.line, own.texts()});
        } else if (const auto* number = std::get_if<std::int64_t>(&node.value)) {
            into.push_back({prefix + key, node.line, *number});
        } else if (const auto* flag = std::get_if<bool>(&node.value)) {
            into.push_back({prefix + key, node.line, *flag});
        } else {
            into.push_back({prefix + key, node.line, own.text()});
        }
    }
}

std::vector<std::string> TomlTable::keys() const {
    std::vector<std::string> keys;
    if (node_ != nullptr) {
        for (const auto& [key, value] : std::get<TomlNode::Table>(node_->value)) {
            keys.push_back(key);
        }
    }
    return keys;
}

void TomlTable::complain(const TomlValue& value, std::string_view message) const {
    document_->complain(value.line, name_ + " " + value.key + " " + std::string(message));
}

void TomlTable::complain(std::string_view message) const {
    document_->complain(line(), (name_.empty() ? "" : name_ + " ") + std::string(message));
}

TomlFile::TomlFile(std::unique_ptr<TomlDocument> document) : document_(std::move(document)) {}
TomlFile::TomlFile(TomlFile&&) noexcept = default;
TomlFile& TomlFile::operator=(TomlFile&&) noexcept = default;
TomlFile::~TomlFile() = default;

TomlFile TomlFile::read(const std::string& path) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    std::string text(kLongestFile + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    const int reason = errno;
    const bool whole = text.size() <= kLongestFile;
    if (!in.is_open() || in.bad() || !whole) {
        TomlFile file = parse("", path);
        file.document_->complain(0, whole ? "cannot be read: " + std::generic_category().message(reason)
                                          : "is larger than 1 MiB; is this the configuration?");
        file.document_->readable = false;
        return file;
    }
    return parse(text, path);
}

TomlFile TomlFile::parse(std::string_view text, const std::string& name) {
    return TomlFile(parseToml(text, name));
}

TomlTable TomlFile::root() const {
    return {*document_, "", document_->root.get()};
}

std::vector<std::string> TomlFile::finish() {
    if (document_->readable) {
        findUnknown(*document_, *document_->root);
    }
    return errorsSoFar();
}

std::vector<std::string> TomlFile::errorsSoFar() {
    auto& errors = document_->errors;
    if (!document_->readable) {
        errors.resize(1);
    }
    std::ranges::stable_sort(errors, {}, &std::pair<std::size_t, std::string>::first);
    std::vector<std::string> lines;
    lines.reserve(errors.size());
    for (const auto& [line, message] : errors) {
        std::string text = document_->name + (line == 0 ? ": " : ":" + std::to_string(line) + ": ") + message;
        if (std::ranges::find(lines, text) == lines.end()) {  // two who asked for the same key found the same
            lines.push_back(std::move(text));
        }
    }
    return lines;
}

}  // namespace apiary
