/// mknod and mkfifo. What they make is as empty as /dev/null, but for the devices that every kernel has in itself.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"
#include "agent/shell/shell_state.hpp"

#include <algorithm>
#include <limits>

namespace apiary::agent {
namespace {

using Device = ShellNode::Device;

constexpr unsigned kMostMajor = 4095;
constexpr unsigned kMostMinor = std::numeric_limits<unsigned>::max();

std::optional<unsigned> numberIn(ShellCall& call, const std::string& text, unsigned most) {
    const auto number = parseNumber<std::uint64_t>(text);
    if (!number) {
        call.fail("invalid number '" + text + "'");
        return {};
    }
    if (*number > most) {
        call.fail("number " + text + " is not in 0.." + std::to_string(most) + " range");
        return {};
    }
    return static_cast<unsigned>(*number);
}

int make(ShellCall& call, const std::string& path, ShellNode node) {
    const auto mode = call.has('m') ? modeOf(call.value('m'), 0666, false, call.environment().mask)
                                    : std::optional<std::uint16_t>(0666 & ~call.environment().mask);
    const ShellFiles::Place place = call.locate(path, false);
    ShellError error = mode ? place.error : ShellError::Invalid;
    if (error == ShellError::None) {
        node.kind = ShellNode::Kind::Device;
        node.live = readingOf(node);
        node.mode = *mode;
        error = call.files().makeDevice(place.path, std::move(node), call.work().seconds());
    }
    return error == ShellError::None ? 0 : call.fail(path + ": " + std::string(errorText(error)));
}

int makeNode(ShellCall& call) {
    if (!call.parse("m:")) {
        return 1;
    }
    const std::vector<std::string> operands = call.operands();
    const char type = operands.size() > 1 && !operands[1].empty() ? operands[1].front() : '\0';
    if (operands.size() != (type == 'p' ? 2U : 4U) || std::string_view("pcub").find(type) == std::string_view::npos) {
        return call.usage();
    }
    ShellNode node;
    node.device = type == 'p' ? Device::Pipe : type == 'b' ? Device::Block : Device::Character;
    if (type != 'p') {
        const auto major = numberIn(call, operands[2], kMostMajor);
        const auto minor = major ? numberIn(call, operands[3], kMostMinor) : std::nullopt;
        if (!minor) {
            return 1;
        }
        node.major = static_cast<std::uint16_t>(*major);
        node.minor = static_cast<std::uint16_t>(std::min<unsigned>(*minor, std::numeric_limits<std::uint16_t>::max()));
    }
    return make(call, operands[0], std::move(node));
}

int makePipes(ShellCall& call) {
    if (!call.parse("m:")) {
        return 1;
    }
    if (call.words.size() < 2) {
        return call.usage();
    }
    int status = 0;
    for (const std::string& path : call.operands()) {
        ShellNode node;
        node.device = Device::Pipe;
        status |= make(call, path, std::move(node));
    }
    return status;
}

constexpr ShellApplet kApplets[] = {{"mkfifo", makePipes, "/usr/bin"}, {"mknod", makeNode}};

}  // namespace

std::span<const ShellApplet> shellDeviceApplets() {
    return kApplets;
}

}  // namespace apiary::agent
