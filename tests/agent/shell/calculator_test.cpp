/// bc and dc, and bzip2, against what the real ones say.

#include "agent/shell/shell.hpp"
#include "agent/shell/shell_bzip2.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace apiary::agent::test {
namespace {

constexpr WallTime kNow = std::chrono::sys_days{std::chrono::year{2024} / 3 / 1};

class CalculatorTest : public testing::Test {
protected:
    std::string say(std::string_view line) { return shell_.line(line, kNow).output; }
    std::string bc(const std::string& program, const std::string& options = "") {
        return say("printf '" + program + "\\n' | bc " + options);
    }
    std::string dc(const std::string& program) { return say("printf '" + program + "\\n' | dc"); }

    std::shared_ptr<const ShellHost> host_ = ShellHost::make({});
    Shell shell_{host_, "root", ""};
};

TEST_F(CalculatorTest, CountsAsBcDoes) {
    EXPECT_EQ(bc("1+2*3\\n10/4\\n-7/2\\n-5%%3\\n2^64\\n(1+2)*3"), "7\n2\n-3\n-2\n18446744073709551616\n9\n");
    EXPECT_EQ(bc("scale=3; 10/4\\n1.50*2.5\\n.5+0\\nsqrt(2)\\n2^-2\\n1.0000*3"),
              "2.500\n3.750\n.5\n1.414\n.250\n3.0000\n");
    EXPECT_EQ(bc("2^300"),
              "20370359763344860862684456884093781610514683936659362506361404493543\\\n81299763336706183397376\n");
    EXPECT_EQ(bc("obase=16; 255\\nobase=2; 10\\nobase=20; 399"), "FF\n1010\n 19 19\n");
    EXPECT_EQ(bc("ibase=16\\nFF\\nA\\nibase=10\\n11"), "255\n10\n17\n");
    EXPECT_EQ(bc("1<2\\n3>=4\\n!1\\n1&&0\\n1||0"), "1\n0\n0\n0\n1\n");
    EXPECT_EQ(bc("22/7\\na(1)*4\\ne(1)\\nl(2)\\ns(1)\\nc(1)", "-l"),
              "3.14285714285714285714\n3.14159265358979323844\n2.71828182845904523536\n.69314718055994530941\n"
              ".84147098480789650665\n.54030230586813971740\n");
}

TEST_F(CalculatorTest, HasTheFunctionsOfBcsLibrary) {
    EXPECT_EQ(bc("e(-3)\\ne(10)\\nl(1000)\\nl(.01)\\na(-5)\\na(.1)", "-l"),
              ".04978706836786394297\n22026.46579480671651695790\n6.90775527898213705205\n-4.60517018598809136803\n"
              "-1.37340076694501586086\n.09966865249116202737\n");
    EXPECT_EQ(bc("s(-2)\\ns(100)\\nc(3)", "-l"),
              "-.90929742682568169539\n-.50636564110975879365\n-.98999249660044545727\n");
    EXPECT_EQ(bc("scale=40\\na(1)*4\\nibase=16\\ne(1)", "-l"),
              "3.1415926535897932384626433832795028841968\n2.7182818284590452353602874713526624977572\n");
}

TEST_F(CalculatorTest, RunsProgramsOfBc) {
    EXPECT_EQ(bc("x=3\\nx\\nx+=2\\nx++\\nx\\nlast\\na[1]=5\\na[1]"), "3\n5\n6\n6\n5\n");
    EXPECT_EQ(bc("for(i=0;i<3;i++) i\\nwhile(j<2){j;j+=1}\\nif(0) 1 else 2\\nfor(;;)break"), "0\n1\n2\n0\n1\n2\n");
    EXPECT_EQ(bc("define f(n){\\nif(n<2) return 1\\nreturn n*f(n-1)\\n}\\nf(20)"), "2432902008176640000\n");
    EXPECT_EQ(bc("\"hi\"\\nprint 1,\"x\"\\n3;x=5;4"), "hi1x3\n4\n");
    EXPECT_EQ(bc("quit\\n1"), "");
}

TEST_F(CalculatorTest, SaysWhatIsWrongWithAProgramAndEndsIt) {
    const std::pair<const char*, const char*> programs[] = {
        {"1/0\\n5", "divide by zero"},
        {"1+\\n5", "bad expression at ''"},
        {")", "bad token at ')'"},
        {"1 2", "bad expression at '2'"},
        {"f(2)", "undefined function"},
        {"@", "bad character '@'"},
        {"sqrt(-1)", "negative number"},
        {"10^2.5", "not an integer"},
        {"define f(x) { return x; } f(4)", "bad statement terminator at 'f(4)'"},
    };
    for (const auto& [program, message] : programs) {
        EXPECT_EQ(bc(program), "bc: " + std::string(message) + '\n') << program;
    }
    EXPECT_EQ(say("bc /nosuch"), "bc: can't open '/nosuch': No such file or directory\n");
}

TEST_F(CalculatorTest, AnswersEachLineThatIsTyped) {
    EXPECT_EQ(say("bc"), "");
    EXPECT_EQ(say("2+3"), "5\n");
    EXPECT_EQ(say("1/0"), "bc: divide by zero\n");
    EXPECT_EQ(say("6"), "6\n");
    EXPECT_EQ(say("quit"), "");
    EXPECT_EQ(shell_.prompt().text, "~ # ");
}

TEST_F(CalculatorTest, CountsAsDcDoes) {
    EXPECT_EQ(dc("2 3 + p 10 3 / p 2 k 10 3 / p"), "5\n3\n3.33\n");
    EXPECT_EQ(dc("16 o 255 p 16 i FF p"), "FF\nFF\n");
    EXPECT_EQ(dc("1 2 3 f c 2 10 ^ p 3 v p 10 3 ~ f"), "3\n2\n1\n1024\n1\n1\n3\n1\n1024\n");
    EXPECT_EQ(dc("[hi]p [2 p]x [4p]sa 1 1 =a 1 2 =a 5 sa la p"), "hi\n2\n4\n5\n");
    EXPECT_EQ(dc("p"), "dc: stack has too few elements\n");
    EXPECT_EQ(dc("1 0 /"), "dc: divide by zero\n");
    EXPECT_EQ(dc("y\\n5p"), "dc: bad character 'y'\n");
    EXPECT_EQ(say("dc -e '5 2 * p' -e '[a]P 65 P'"), "10\naA");
}

TEST_F(CalculatorTest, EndsWhatHasNoEnd) {
    for (const char* program :
         {"while(1) 1", "x=9^999; while(1) x=x*x", "define f(x){return f(x)}\\nf(1)", "9^99999999"}) {
        bc(program);
    }
    bc(std::string(3000, '(') + '1');
    bc(std::string(3000, '-') + '1');
    bc(std::string(3000, '!') + '1');
    bc("while(1) {" + std::string(500, '{'));
    dc("[lax]dsax");
    dc("9 999 ^ [d * lax]dsax");
    dc("[1 lax]dsax");
    EXPECT_EQ(say("echo alive"), "alive\n");
}

TEST_F(CalculatorTest, PacksAndUnpacksAsBzip2) {
    std::string text;
    for (int i = 0; i < 3000; ++i) {
        text += "line " + std::to_string(i * i % 977) + std::string(static_cast<std::size_t>(i % 300), 'x') + '\n';
    }
    for (const std::string& bytes : {std::string(), std::string("a"), std::string(70'000, '\0'), text}) {
        GunzipError error = GunzipError::Corrupt;
        EXPECT_EQ(bunzipped(bzipped(bytes), 1 << 20, error), bytes);
        EXPECT_EQ(error, GunzipError::None);
    }
    // "hello\n" as the real one packs it.
    const std::string real(
        "BZh91AY&SY\xc1\xc0\x80\xe2\0\0\x01\x41\0\0\x10\x02\x44\xa0\0\x30\xcd\0\xc3\x46\x29\x97\x17\x72\x45\x38\x50\x90"
        "\xc1\xc0\x80\xe2",
        42);
    EXPECT_EQ(bzipped("hello\n"), real);
    GunzipError error = GunzipError::Corrupt;
    EXPECT_EQ(bunzipped(real, 100, error), "hello\n");
    EXPECT_EQ(error, GunzipError::None);
    for (std::size_t i = 0; i < real.size(); ++i) {
        bunzipped(real.substr(0, i), 1000, error);
        EXPECT_EQ(error, i < 2 ? GunzipError::NoMagic : GunzipError::ShortRead) << i;
        std::string spoilt = real;
        spoilt[i] = static_cast<char>(spoilt[i] ^ 0x55);
        bunzipped(spoilt, 1000, error);
        EXPECT_TRUE(i < 2   ? error == GunzipError::NoMagic
                    : i < 4 ? error == GunzipError::BadHead
                            : error == GunzipError::Corrupt || error == GunzipError::ShortRead)
            << i;
    }
    EXPECT_EQ(bunzipped(real + real + "more", 100, error), "hello\nhello\n");
    EXPECT_EQ(error, GunzipError::None);
    EXPECT_EQ(bunzipped(bzipped(std::string(std::size_t{4} << 20U, 'x')), 1000, error), std::string(1000, 'x'));
    EXPECT_EQ(error, GunzipError::None);
    EXPECT_EQ(say("echo x | bzip2 | head -c 4; echo x | bzip2 -3 | head -c 4"), "BZh9BZh3");
    EXPECT_EQ(
        say("cd /tmp; echo x | bunzip2; printf BZ | bunzip2; printf BZx | bzcat; printf BZx > b.tbz; tar xjf b.tbz"),
        "bunzip2: invalid magic\nbunzip2: bunzip error -3\nbzcat: bunzip error -2\n"
        "tar: bunzip error -2\ntar: short read\n");
    EXPECT_EQ(say("rm b.tbz; echo one > a; bzip2 a; ls; bunzip2 a.bz2; cat a; bunzip2 a; echo x | bzip2 | bzcat"),
              "a.bz2\none\nbunzip2: a: unknown suffix - ignored\nx\n");
    EXPECT_EQ(say("tar cjf t.tbz a; rm a; tar xjf t.tbz; cat a"), "one\n");
}

}  // namespace
}  // namespace apiary::agent::test
