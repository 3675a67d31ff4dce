#include "agent/protocol/shelf.hpp"

#include <gtest/gtest.h>

#include <string>

namespace apiary::agent::test {
namespace {

Shelf::Number put(Shelf& shelf, const std::string& content) {
    Shelf::Draft draft(shelf);
    return draft.write(0, content) ? draft.put() : Shelf::kNothing;
}

bool has(Shelf& shelf, Shelf::Number number) {
    return shelf.find(number) != nullptr;
}

TEST(ShelfTest, GivesBackWhatWasPutThereInPieces) {
    Shelf shelf;
    Shelf::Draft draft(shelf);
    EXPECT_TRUE(draft.write(0, "abcdef"));
    EXPECT_TRUE(draft.write(2, "XY"));
    EXPECT_TRUE(draft.write(8, "!"));
    const auto number = draft.put();
    ASSERT_TRUE(has(shelf, number));
    EXPECT_EQ(*shelf.find(number), std::string("abXYef\0\0!", 9));
    EXPECT_FALSE(has(shelf, number + 1));
    EXPECT_FALSE(has(shelf, Shelf::kNothing));
}

TEST(ShelfTest, ForgetsWhatWasNotAskedForLongest) {
    Shelf shelf(25);
    const auto first = put(shelf, std::string(10, 'a'));
    const auto second = put(shelf, std::string(10, 'b'));
    EXPECT_TRUE(has(shelf, first));
    const auto third = put(shelf, std::string(10, 'c'));
    EXPECT_TRUE(has(shelf, first));
    EXPECT_FALSE(has(shelf, second));
    EXPECT_TRUE(has(shelf, third));
}

TEST(ShelfTest, CountsWhatStillComesAndWhatIsBeingSent) {
    Shelf shelf(25);
    const auto number = put(shelf, std::string(10, 'a'));
    const auto sending = shelf.find(number);
    {
        Shelf::Draft coming(shelf);
        EXPECT_TRUE(coming.write(0, std::string(10, 'b')));
        EXPECT_EQ(put(shelf, std::string(10, 'c')), Shelf::kNothing);
        EXPECT_TRUE(has(shelf, number));
    }
    EXPECT_NE(put(shelf, std::string(15, 'c')), Shelf::kNothing);
    EXPECT_TRUE(has(shelf, number));
}

TEST(ShelfTest, TakesNothingThatIsTooLarge) {
    Shelf shelf;
    Shelf::Draft draft(shelf);
    EXPECT_FALSE(draft.write(Shelf::kMostOfOne, "x"));
    EXPECT_FALSE(draft.write(~std::uint64_t{0}, "x"));
    EXPECT_FALSE(draft.write(0, std::string(Shelf::kMostOfOne + 1, 'x')));
    EXPECT_TRUE(draft.write(0, std::string(Shelf::kMostOfOne, 'x')));
}

}  // namespace
}  // namespace apiary::agent::test
