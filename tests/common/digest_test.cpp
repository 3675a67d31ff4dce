#include "common/crypto/digest.hpp"

#include <gtest/gtest.h>

namespace apiary::test {
namespace {

TEST(DigestTest, IsSha256) {
    EXPECT_EQ(hexText(Sha256::of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, DoesNotDependOnThePieces) {
    Sha256 sha;
    sha.update("a");
    sha.update("");
    sha.update("bc");
    EXPECT_EQ(sha.finish(), Sha256::of("abc"));
}

TEST(DigestTest, RandomBytesDiffer) {
    EXPECT_NE(randomBytes<16>(), randomBytes<16>());
}

}  // namespace
}  // namespace apiary::test
