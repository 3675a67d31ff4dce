#include "common/metrics/metrics_page.hpp"

#include <gtest/gtest.h>

namespace apiary {
namespace {

TEST(MetricsPageTest, PutsFiguresOfOneNameTogether) {
    MetricsPage page;
    page.counter("a_total", "How often.", 3, {{"service", "ftp"}});
    page.gauge("b", "How much.", 0.5);
    page.counter("a_total", "How often.", 18'446'744'073'709.0, {{"service", "pop3"}});
    EXPECT_EQ(page.text(),
              "# HELP a_total How often.\n# TYPE a_total counter\n"
              "a_total{service=\"ftp\"} 3\na_total{service=\"pop3\"} 18446744073709\n"
              "# HELP b How much.\n# TYPE b gauge\nb 0.5\n");
}

TEST(MetricsPageTest, EscapesTheValuesOfLabels) {
    MetricsPage page;
    page.gauge("a", "A.", 1, {{"name", "x\"y\\z\nw"}});
    EXPECT_NE(page.text().find(R"(a{name="x\"y\\z\nw"} 1)"), std::string::npos) << page.text();
}

TEST(MetricsPageTest, AHistogramEndsWithAllThereAre) {
    DurationHistogram took;
    took.note(std::chrono::milliseconds(3));
    took.note(std::chrono::minutes(1));
    MetricsPage page;
    page.histogram("a_seconds", "A.", took.view());
    const std::string text = page.text();
    EXPECT_NE(text.find("# TYPE a_seconds histogram\n"), std::string::npos);
    EXPECT_NE(text.find("a_seconds_bucket{le=\"0.0025\"} 0\na_seconds_bucket{le=\"0.005\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("a_seconds_bucket{le=\"30\"} 1\na_seconds_bucket{le=\"+Inf\"} 2\n"), std::string::npos) << text;
    EXPECT_NE(text.find("a_seconds_count 2\n"), std::string::npos);
    EXPECT_NE(text.find("a_seconds_sum 60.003"), std::string::npos);
}

}  // namespace
}  // namespace apiary
