#include "agent/coverage/traits/packet_traits.hpp"

#include "common/config/toml.hpp"
#include "common/text/escape.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

namespace apiary::agent {
namespace {

template <typename T>
using Words = std::initializer_list<std::pair<std::string_view, T>>;

template <typename T>
std::string listed(const Words<T>& words) {
    std::string text;
    for (const auto& word : words) {
        text += (text.empty() ? "" : &word + 1 == words.end() ? " or " : ", ");
        text += '"' + std::string(word.first) + '"';
    }
    return text;
}

/// The meaning of one of these words; `fallback` if the key is missing or has another, which is noted.
template <typename T>
T choice(const TomlField& field, const Words<T>& words, T fallback) {
    const std::string text = field.text();
    const auto found = std::ranges::find(words, text, &std::pair<std::string_view, T>::first);
    if (found != words.end()) {
        return found->second;
    }
    if (field.present()) {
        field.complain("has '" + escapeCut(text, 60) + "'; it takes " + listed(words));
    }
    return fallback;
}

template <typename T>
std::optional<T> number(const TomlField& field, T least, T most) {
    return field.present() ? std::optional(static_cast<T>(field.number(least, least, most))) : std::nullopt;
}

bool has(const PacketTraits& traits, TcpOption option) {
    return std::ranges::find(traits.options, option) != traits.options.end();
}

void readOptions(const TomlField& field, PacketTraits& traits) {
    const Words<TcpOption> words{{"mss", TcpOption::Mss},
                                 {"window-scale", TcpOption::WindowScale},
                                 {"sack", TcpOption::SackPermitted},
                                 {"timestamps", TcpOption::Timestamps}};
    traits.options.clear();
    for (const std::string& text : field.required().texts()) {
        const auto found = std::ranges::find(words, text, &std::pair<std::string_view, TcpOption>::first);
        if (found == words.end()) {
            field.complain("lists '" + escapeCut(text, 60) + "'; it takes " + listed(words));
        } else if (has(traits, found->second)) {
            field.complain("lists '" + text + "' twice; once is enough");
        } else {
            traits.options.push_back(found->second);
        }
    }
    if (field.present() && (traits.options.empty() || traits.options.front() != TcpOption::Mss)) {
        field.complain(R"(must begin with "mss", as the kernel's does)");
    }
}

/// A key that means something only with one of the options.
void only(const TomlField& field, const PacketTraits& traits, TcpOption option, std::string_view word) {
    if (field.present() && !has(traits, option)) {
        field.complain("is of no use: options do not list \"" + std::string(word) + "\"; leave it out");
    }
}

void readIp(const TomlTable& table, PacketTraits& traits) {
    const TomlField ttl = table.field("ttl");
    traits.ttl = static_cast<unsigned>(ttl.required().number(traits.ttl, 1, 255));
    const TomlField hops = table.field("hops");
    traits.hops = static_cast<unsigned>(hops.number(0, 0, 8));
    if (traits.hops >= traits.ttl) {
        hops.complain("must be less than ttl: nothing would arrive");
    }
    traits.countedIds = choice<bool>(table.field("id"), {{"kernel", false}, {"counter", true}}, false);
    const TomlField fragmentable = table.field("fragmentable");
    traits.fragmentable = fragmentable.flag(false);
    if (traits.fragmentable && !traits.countedIds) {
        fragmentable.complain("needs id = \"counter\": the kernel numbers only what it sent without DF itself");
    }
    traits.flowLabels = choice<bool>(table.field("flow_label"), {{"kernel", true}, {"zero", false}}, true);
}

void readTcp(const TomlTable& table, PacketTraits& traits) {
    readOptions(table.field("options"), traits);
    traits.mss = number<std::uint16_t>(table.field("mss"), 88, 65'535);
    traits.window = number<std::uint16_t>(table.field("window"), 1, 65'535);
    const TomlField scale = table.field("window_scale");
    only(scale, traits, TcpOption::WindowScale, "window-scale");
    if (has(traits, TcpOption::WindowScale)) {
        traits.windowScale = static_cast<unsigned>(scale.required().number(0, 0, 14));
    }
    const TomlField clock = table.field("clock");
    only(clock, traits, TcpOption::Timestamps, "timestamps");
    traits.clock = choice<TimestampClock>(
        clock, {{"uptime", TimestampClock::Uptime}, {"random", TimestampClock::Random}}, TimestampClock::Random);
    traits.ecn = table.field("ecn").flag(true);
}

void readSegments(const TomlTable& table, PacketTraits& traits) {
    const Words<SegmentAnswer> words{
        {"kernel", SegmentAnswer::Kernel}, {"reset", SegmentAnswer::Reset}, {"silent", SegmentAnswer::Silent}};
    traits.null = choice(table.field("null"), words, SegmentAnswer::Kernel);
    traits.xmas = choice(table.field("xmas"), words, SegmentAnswer::Kernel);
    traits.synFin = choice<SegmentAnswer>(table.field("syn_fin"),
                                          {{"kernel", SegmentAnswer::Kernel},
                                           {"reset", SegmentAnswer::Reset},
                                           {"silent", SegmentAnswer::Silent},
                                           {"handshake", SegmentAnswer::Handshake}},
                                          SegmentAnswer::Kernel);
}

TraitsReading readFrom(TomlFile file) {
    const TomlTable root = file.root();
    TraitsReading reading;
    PacketTraits& traits = reading.traits;
    traits.title = root.field("title").required().text();
    readIp(root.table("ip"), traits);
    readTcp(root.table("tcp"), traits);
    readSegments(root.table("segments"), traits);
    const TomlTable reset = root.table("reset");
    traits.resetAckIsRandom = choice<bool>(reset.field("acknowledges"), {{"nothing", false}, {"random", true}}, false);
    traits.resetWindow = number<std::uint16_t>(reset.field("window"), 0, 65'535);
    const TomlTable icmp = root.table("icmp");
    traits.echoCodeIsZero = choice<bool>(icmp.field("echo_code"), {{"same", false}, {"zero", true}}, false);
    traits.errorsDscp = number<std::uint8_t>(icmp.field("errors_dscp"), 0, 63);
    reading.errors = file.finish();
    return reading;
}

}  // namespace

TraitsReading readTraits(const std::string& file) {
    return readFrom(TomlFile::read(file));
}

TraitsReading parseTraits(std::string_view text, const std::string& name) {
    return readFrom(TomlFile::parse(text, name));
}

}  // namespace apiary::agent
