/// dd.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace apiary::agent {
namespace {

/// What dd was told; numbers in bytes or blocks.
struct BlockCopy {
    std::string input = {};
    std::string output = {};
    bool hasInput = false;
    bool hasOutput = false;
    std::map<std::string, std::uint64_t, std::less<>> numbers = {
        {"ibs", 512}, {"obs", 512}, {"skip", 0}, {"seek", 0}, {"count", ~std::uint64_t{0}}};
    std::set<std::string, std::less<>> flags = {};  // "conv=sync"
    bool one = false;                               // bs: what is read is written as it is

    bool has(std::string_view flag) const { return flags.contains(flag); }
};

/// The words of a list such as conv=sync,notrunc. False after it was said which is none.
bool takeFlags(ShellCall& call, BlockCopy& copy, const std::string& name, std::string_view list) {
    static constexpr std::pair<std::string_view, std::string_view> kKnown[] = {
        {"conv", "notrunc sync noerror fsync swab "},
        {"iflag", "skip_bytes count_bytes fullblock direct "},
        {"oflag", "seek_bytes append direct "},
        {"status", "noxfer none "}};
    const auto* known = std::ranges::find(kKnown, name, &std::pair<std::string_view, std::string_view>::first);
    do {
        const std::string_view flag = list.substr(0, list.find(','));
        list.remove_prefix(std::min(flag.size() + 1, list.size()));
        if (flag.empty() || known->second.find(std::string(flag) + ' ') == std::string_view::npos) {
            call.fail("invalid argument '" + std::string(flag) + "' to '" + name + "'");
            return false;
        }
        copy.flags.insert(name + '=' + std::string(flag));
    } while (!list.empty());
    return true;
}

/// Nothing after it was said what is wrong.
std::optional<BlockCopy> told(ShellCall& call) {
    BlockCopy copy;
    for (const std::string& word : call.operands()) {
        const std::size_t equals = word.find('=');
        const std::string name = word.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
        if (word == "--") {
            continue;
        }
        if (equals != std::string::npos && (name == "if" || name == "of")) {
            (name == "if" ? copy.input : copy.output) = value;
            (name == "if" ? copy.hasInput : copy.hasOutput) = true;
        } else if (equals != std::string::npos && (copy.numbers.contains(name) || name == "bs")) {
            const bool size = name.ends_with("bs");
            const auto number = parseSize(value);
            if (!number || (size && *number == 0)) {
                call.fail(number ? "number " + value + " is not in 1..9223372036854775807 range"
                                 : "invalid number '" + value + "'");
                return std::nullopt;
            }
            if (name == "bs") {
                copy.numbers["ibs"] = copy.numbers["obs"] = *number;
                copy.one = true;
            } else {
                copy.numbers[name] = *number;
            }
        } else if (equals != std::string::npos &&
                   (name == "conv" || name == "iflag" || name == "oflag" || name == "status")) {
            if (!takeFlags(call, copy, name, value)) {
                return std::nullopt;
            }
        } else {
            call.usage();
            return std::nullopt;
        }
    }
    for (const char* size : {"ibs", "obs"}) {
        copy.numbers[size] = std::min<std::uint64_t>(copy.numbers[size], ShellFiles::kMostBytes);
    }
    return copy;
}

/// Null after it was said why the file cannot be written to.
ShellStreamPtr openOutput(ShellCall& call, BlockCopy& copy) {
    const bool appends = copy.has("oflag=append");
    const std::uint64_t seek = copy.numbers["seek"] * (copy.has("oflag=seek_bytes") ? 1 : copy.numbers["obs"]);
    ShellFiles::Place place = call.locate(copy.output);
    std::string before;
    if (place.error == ShellError::None) {
        call.work().report(place.path);
        const bool keeps = copy.has("conv=notrunc") || appends;
        const ShellNode* node = call.files().find(place.path);
        if (node != nullptr && node->kind == ShellNode::Kind::File && !keeps) {
            before = node->text().substr(0, seek);
        }
        place.error = place.asDirectory ? ShellError::IsDirectory
                                        : call.files().create(place.path, 0666 & ~call.environment().mask,
                                                              call.work().seconds(), keeps);
    }
    if (place.error != ShellError::None) {
        call.fail("can't open '" + copy.output + "': " + std::string(errorText(place.error)));
        return nullptr;
    }
    auto stream = std::make_shared<ShellStream>(ShellStream{ShellStream::Kind::File, place.path});
    stream->append = appends;
    if (!before.empty()) {
        call.work().write(*stream, before);
    }
    const ShellNode* node = call.files().find(place.path);
    const std::size_t size = node != nullptr ? node->size() : 0;
    if (seek > size && seek <= ShellFiles::kMostBytes && !appends) {  // what was skipped reads as zeros
        stream->offset = size;
        call.work().write(*stream, std::string(seek - size, '\0'));
    }
    stream->offset = seek;
    return stream;
}

int copyBlocks(ShellCall& call) {
    auto copy = told(call);
    if (!copy) {
        return 1;
    }
    const ShellStreamPtr input = copy->hasInput ? call.open(copy->input) : call.input();
    if (!input) {
        return 1;
    }
    ShellStreamPtr output;
    if (copy->hasOutput) {
        output = openOutput(call, *copy);
        if (!output) {
            return 1;
        }
    }
    const ShellNode* node = input->kind == ShellStream::Kind::File ? call.files().find(input->path) : nullptr;
    if (node != nullptr && node->kind == ShellNode::Kind::Directory) {
        return call.fail(copy->input + ": Is a directory");
    }
    const std::uint64_t in = copy->numbers["ibs"];
    const std::uint64_t out = copy->numbers["obs"];
    input->offset += std::min<std::uint64_t>(copy->numbers["skip"] * (copy->has("iflag=skip_bytes") ? 1 : in),
                                             ShellFiles::kMostBytes * 2);
    std::uint64_t left = copy->numbers["count"];
    const bool inBytes = copy->has("iflag=count_bytes");
    std::uint64_t read[2] = {0, 0};  // whole and other records
    std::uint64_t written[2] = {0, 0};
    std::string waiting;
    ShellError error = ShellError::None;
    const auto write = [&](std::string_view bytes, std::uint64_t size) {
        if (bytes.empty()) {
            return true;
        }
        ++written[bytes.size() == size ? 0 : 1];
        error = output ? call.work().write(*output, bytes) : ShellError::None;
        return error == ShellError::None && (output || call.out(bytes));
    };
    bool goes = true;
    while (goes && left > 0 && call.work().step()) {
        std::string piece = call.work().read(*input, inBytes ? std::min(in, left) : in);
        if (piece.empty()) {
            break;
        }
        ++read[piece.size() == in ? 0 : 1];
        left -= inBytes ? piece.size() : 1;
        if (copy->has("conv=sync")) {
            piece.resize(in, '\0');
        }
        for (std::size_t i = 0; copy->has("conv=swab") && i + 1 < piece.size(); i += 2) {
            std::swap(piece[i], piece[i + 1]);
        }
        if (copy->one) {
            goes = write(piece, out);
            continue;
        }
        waiting += piece;
        std::size_t at = 0;
        for (; goes && waiting.size() - at >= out && call.work().step(); at += out) {
            goes = write(std::string_view(waiting).substr(at, out), out);
        }
        waiting.erase(0, at);
    }
    goes = goes && write(waiting, out);
    if (error != ShellError::None) {
        call.fail("error writing '" + copy->output + "': " + std::string(errorText(error)));
    }
    if (!copy->has("status=none")) {
        call.error(std::to_string(read[0]) + '+' + std::to_string(read[1]) + " records in\n" +
                   std::to_string(written[0]) + '+' + std::to_string(written[1]) + " records out\n");
    }
    return goes ? 0 : 1;
}

constexpr ShellApplet kApplets[] = {
    {"dd", copyBlocks},
};

}  // namespace

std::span<const ShellApplet> shellBlockApplets() {
    return kApplets;
}

}  // namespace apiary::agent
