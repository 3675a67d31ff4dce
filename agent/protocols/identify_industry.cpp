#include "agent/protocols/identify_look.hpp"
#include "agent/protocols/identify_matchers.hpp"

namespace apiary::agent {

using namespace std::string_view_literals;

/// Modbus/TCP: requests whose length fits their function.
Match matchModbus(std::string_view begin) {
    Look look(begin);
    const auto length = look.has(3).is(2, "\x00\x00"sv).big(4, 2);
    const auto function = look.that(length >= 2 && length <= 254).big(7, 1);
    const bool data = (function >= 1 && function <= 6) || function == 8;
    const bool bare = function == 7 || function == 0x0b || function == 0x0c || function == 0x11;
    const bool many = function == 0x0f || function == 0x10;
    return look
        .that((data && length == 6) || (bare && length == 2) || (many && length > 7) ||
              (function == 0x2b && length == 5))
        .verdict();
}

/// Siemens' S7: a connection request of COTP with parameters, where Remote Desktop has a cookie or nothing.
Match matchS7(std::string_view begin) {
    Look look(begin);
    const auto length = look.is(0, "\x03\x00"sv).big(2, 2);
    const auto indicator = look.that(length > 13 && length < 256).big(4, 1);
    return look.that(indicator + 5 == length).is(5, "\xe0\x00\x00"sv).oneOf(11, {0xc0, 0xc1, 0xc2}).verdict();
}

/// IEEE 1815: a frame of the data link from a master.
Match matchDnp3(std::string_view begin) {
    Look look(begin);
    const auto control = look.is(0, "\x05\x64"sv).in(2, 5, 255).big(3, 1);
    const auto function = control & 0x0fU;
    return look.that((control & 0x40U) != 0 && (function <= 4 || function == 9)).verdict();
}

/// EtherNet/IP: the commands that need no session.
Match matchEnip(std::string_view begin) {
    Look look(begin);
    const auto command = look.oneOf(0, {0x04, 0x63, 0x64, 0x65}).is(1, "\x00"sv).big(0, 1);
    const auto length = look.little(2, 2);
    return look.that(length == (command == 0x65 ? 4U : 0U)).is(4, "\x00\x00\x00\x00\x00\x00\x00\x00"sv).verdict();
}

/// IEC 60870-5-104: a frame of format U.
Match matchIec104(std::string_view begin) {
    return Look(begin).is(0, "\x68\x04"sv).oneOf(2, {0x07, 0x13, 0x43}).is(3, "\x00\x00\x00"sv).verdict();
}

/// Omron's FINS over UDP: a command that wants an answer, over at most two gateways.
Match matchFinsUdp(std::string_view begin) {
    return Look(begin).is(0, "\x80\x00\x02"sv).has(12).verdict();
}

/// BACnet/IP (annex J): the original of a message to one or all, of exactly this size.
Match matchBacnet(std::string_view begin) {
    Look look(begin);
    const auto length = look.is(0, "\x81"sv).oneOf(1, {0x0a, 0x0b}).big(2, 2);
    return look.that(length == begin.size()).is(4, "\x01"sv).verdict();
}

}  // namespace apiary::agent
