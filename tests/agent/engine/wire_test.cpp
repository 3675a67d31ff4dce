#include "agent/engine/wire.hpp"

#include "agent/engine/descriptor.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <sys/socket.h>

namespace apiary::agent::test {
namespace {

/// A plain wire on one end of a pair; the test holds the other.
class WireTest : public testing::Test {
protected:
    WireTest() {
        std::array<int, 2> pair{};
        ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data());
        ours_ = Descriptor(pair[0]);
        peer_ = Descriptor(pair[1]);
    }

    Io read(Wire& wire, std::string& into) {
        std::array<char, 8> buffer{};
        std::size_t count = 0;
        const Io io = wire.read(buffer.data(), buffer.size(), count);
        into.assign(buffer.data(), count);
        return io;
    }

    Descriptor ours_;
    Descriptor peer_;
};

TEST_F(WireTest, GivesUnreadBytesFirst) {
    Wire wire(ours_.get());
    wire.unread("0123456789");
    EXPECT_TRUE(wire.buffered());
    std::string got;
    EXPECT_EQ(read(wire, got), Io::Done);
    EXPECT_EQ(got, "01234567");
    EXPECT_EQ(read(wire, got), Io::Done);
    EXPECT_EQ(got, "89");
    EXPECT_FALSE(wire.buffered());
    EXPECT_EQ(read(wire, got), Io::WantRead);
}

TEST_F(WireTest, TellsAnEndFromAWait) {
    Wire wire(ours_.get());
    std::string got;
    EXPECT_EQ(read(wire, got), Io::WantRead);
    peer_.reset();
    EXPECT_EQ(read(wire, got), Io::End);
}

TEST_F(WireTest, SurvivesAPeerThatIsGone) {
    Wire wire(ours_.get());
    peer_.reset();
    std::size_t count = 0;
    EXPECT_EQ(wire.write("x", count), Io::Reset);
    EXPECT_EQ(count, 0U);
}

TEST_F(WireTest, WritesWhatTheSocketTakes) {
    Wire wire(ours_.get());
    const std::string much(std::size_t{8} << 20U, 'x');
    std::size_t count = 0;
    std::size_t all = 0;
    while (wire.write(much, count) == Io::Done) {
        all += count;
    }
    EXPECT_GT(all, 0U);
    EXPECT_EQ(count, 0U);
}

}  // namespace
}  // namespace apiary::agent::test
