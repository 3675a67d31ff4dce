#include "agent/coverage/ruleset_text.hpp"

#include "common/net/address.hpp"

namespace apiary::agent {

void RulesetText::line(const std::string& words) {
    const bool closes = words.starts_with('}');
    depth_ -= closes ? 1 : 0;
    text_ += std::string(2 * depth_, ' ') + words + '\n';
    depth_ += words.ends_with('{') ? 1 : 0;
}

std::string elementText(const AddressRange& range) {
    const std::string first = addressText(Endpoint{range.first, 0});
    return range.first == range.last ? first : first + '-' + addressText(Endpoint{range.last, 0});
}

void writeVerdicts(RulesetText& text, const std::string& name, const std::vector<AddressVerdict>& verdicts, bool v4) {
    std::string elements;
    for (const AddressVerdict& each : verdicts) {
        if (each.addresses.v4() == v4) {
            elements += (elements.empty() ? "" : ", ") + elementText(each.addresses) + " : " + each.verdict;
        }
    }
    text.line("map " + name + " {");
    text.line(std::string("type ") + (v4 ? "ipv4_addr" : "ipv6_addr") + " : verdict");
    text.line("flags interval");
    if (!elements.empty()) {
        text.line("elements = { " + elements + " }");
    }
    text.line("}");
}

}  // namespace apiary::agent
