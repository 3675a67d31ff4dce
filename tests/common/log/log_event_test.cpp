#include "common/log/log_event.hpp"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace apiary::log {
namespace {

using namespace std::chrono_literals;

bool printable(std::string_view line) {
    return std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; });
}

/// The object that a line is, read by somebody else's reader.
google::protobuf::Struct parsed(const std::string& line) {
    google::protobuf::Struct object;
    const auto status = google::protobuf::util::JsonStringToMessage(line, &object);
    EXPECT_TRUE(status.ok()) << status.ToString() << '\n' << line;
    return object;
}

/// The bytes that characters up to U+00FF stand for.
std::string bytesOf(const std::string& utf8) {
    std::string bytes;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto c = static_cast<unsigned char>(utf8[i]);
        if (c < 0x80) {
            bytes += utf8[i];
        } else {
            bytes += static_cast<char>(((c & 0x03U) << 6U) | (static_cast<unsigned char>(utf8[++i]) & 0x3fU));
        }
    }
    return bytes;
}

TEST(LogEventTest, JsonIsOneObjectWithTimeLevelProgramAndMessage) {
    const Event event{.at = std::chrono::system_clock::time_point(1'800'000'000'123ms),
                      .level = "warning",
                      .program = "apiary-agent",
                      .text = "a \"word\"",
                      .fields = {{"sensor", "roof"}}};
    EXPECT_EQ(jsonLine(event), R"({"time":"2027-01-15T08:00:00.123Z","level":"warning","program":"apiary-agent",)"
                               R"("message":"a \"word\"","fields":{"sensor":"roof"}})");
}

TEST(LogEventTest, WhateverIsLoggedIsOneLineOfPrintableAsciiThatParsesBack) {
    std::mt19937 random(7);
    std::uniform_int_distribution<int> byte(0, 255);
    std::uniform_int_distribution<std::size_t> length(0, 60);
    const auto noise = [&] {
        std::string text(length(random), '\0');
        std::ranges::generate(text, [&] { return static_cast<char>(byte(random)); });
        return text;
    };
    for (int i = 0; i < 2000; ++i) {
        const std::string text = noise();
        const Event event{.at = std::chrono::system_clock::time_point(1'700'000'000'000ms + i * 1ms),
                          .level = "info",
                          .program = "p",
                          .text = text,
                          .fields = {{"one", noise()}, {"two", noise()}}};
        const std::string line = jsonLine(event);
        ASSERT_TRUE(printable(line)) << line;
        const auto object = parsed(line);
        ASSERT_EQ(bytesOf(object.fields().at("message").string_value()), text);
        const auto& fields = object.fields().at("fields").struct_value().fields();
        ASSERT_EQ(bytesOf(fields.at("one").string_value()), event.fields[0].second);
        ASSERT_EQ(bytesOf(fields.at("two").string_value()), event.fields[1].second);
        ASSERT_TRUE(printable(plainText(event)));
    }
}

TEST(LogEventTest, TextShowsFieldsBehindAndKeepsWhatWasEscapedBefore) {
    const Event event{
        .at = {}, .level = "info", .program = "p", .text = "from \\x1b\n", .fields = {{"sensor", "ro\x7fof"}}};
    EXPECT_EQ(plainText(event), "from \\x1b\\x0a sensor=ro\\x7fof");
}

}  // namespace
}  // namespace apiary::log
