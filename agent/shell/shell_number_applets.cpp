/// Applets that count: seq and factor.

#include "agent/shell/shell_applets.hpp"
#include "agent/shell/shell_interpreter.hpp"
#include "agent/shell/shell_numbers.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace apiary::agent {
namespace {

constexpr std::size_t kLongestNumber = 30;
constexpr std::size_t kFactorCost = 4096;  // of a number, and of each kTurns in search of a divisor
constexpr std::size_t kTurns = 256;

int sequence(ShellCall& call) {
    if (!call.parse("+ws:")) {
        return 1;
    }
    const std::vector<std::string> words = call.operands();
    if (words.empty() || words.size() > 3) {
        return call.usage();
    }
    std::vector<double> numbers;
    std::size_t width = 0;
    std::size_t fraction = 0;
    for (std::size_t i = 0; i < words.size(); ++i) {
        char* end = nullptr;
        numbers.push_back(std::strtod(words[i].c_str(), &end));
        if (words[i].empty() || *end != 0 || words[i].size() > kLongestNumber) {
            return call.usage();
        }
        const std::size_t dot = std::min(words[i].find('.'), words[i].size());
        width = std::max(width, dot);
        fraction = i + 1 < words.size() ? std::max(fraction, words[i].size() - dot) : fraction;
    }
    fraction -= fraction > 0 ? 1 : 0;
    width = call.has('w') ? width + (fraction > 0 ? fraction + 1 : 0) : 0;
    const double first = numbers.size() > 1 ? numbers.front() : 1;
    const double step = numbers.size() > 2 ? numbers[1] : 1;
    const std::string gap = call.valueOr('s', "\n");
    std::string output;
    std::size_t count = 0;
    for (double value = first; step >= 0 ? value <= numbers.back() : value >= numbers.back();
         value = first + static_cast<double>(count) * step) {
        output +=
            (count == 0 ? "" : gap) + printed("%0*.*f", static_cast<int>(width), static_cast<int>(fraction), value);
        ++count;
        if (output.size() > 4096) {
            if (!call.out(output)) {
                return 1;
            }
            output.clear();
        }
    }
    call.out(output + (count > 0 ? "\n" : ""));
    return 0;
}

__extension__ using Wide = unsigned __int128;

std::uint64_t product(std::uint64_t a, std::uint64_t b, std::uint64_t modulus) {
    return static_cast<std::uint64_t>(static_cast<Wide>(a) * b % modulus);
}

std::uint64_t power(std::uint64_t base, std::uint64_t exponent, std::uint64_t modulus) {
    std::uint64_t result = 1 % modulus;
    for (base %= modulus; exponent > 0; exponent >>= 1U) {
        result = (exponent & 1U) != 0 ? product(result, base, modulus) : result;
        base = product(base, base, modulus);
    }
    return result;
}

/// By Miller and Rabin; certain for all of 64 bits with these bases.
bool isPrime(std::uint64_t number) {
    static constexpr std::uint64_t kBases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    if (number < 2) {
        return false;
    }
    for (const std::uint64_t base : kBases) {
        if (number % base == 0) {
            return number == base;
        }
    }
    std::uint64_t odd = number - 1;
    int twos = 0;
    for (; odd % 2 == 0; odd /= 2) {
        ++twos;
    }
    return std::ranges::all_of(kBases, [&](std::uint64_t base) {
        std::uint64_t x = power(base, odd, number);
        if (x == 1 || x == number - 1) {
            return true;
        }
        for (int i = 1; i < twos; ++i) {
            x = product(x, x, number);
            if (x == number - 1) {
                return true;
            }
        }
        return false;
    });
}

/// A divisor of a number that is not prime, by Pollard's rho: about as many turns as its fourth root. The number itself
/// if the line has used up what it may.
std::uint64_t divisorOf(std::uint64_t number, ShellWork& work) {
    std::size_t turns = 0;
    for (std::uint64_t seed = 1;; ++seed) {
        std::uint64_t slow = 2;
        std::uint64_t fast = 2;
        std::uint64_t divisor = 1;
        const auto next = [&](std::uint64_t x) {
            return static_cast<std::uint64_t>((static_cast<Wide>(x) * x + seed) % number);
        };
        while (divisor == 1) {
            if (++turns % kTurns == 0 && !work.move(kFactorCost)) {
                return number;
            }
            slow = next(slow);
            fast = next(next(fast));
            divisor = std::gcd(slow > fast ? slow - fast : fast - slow, number);
        }
        if (divisor != number) {
            return divisor;
        }
    }
}

void split(std::uint64_t number, ShellWork& work, std::vector<std::uint64_t>& factors) {
    for (std::uint64_t small = 2; small < 1000 && number > 1; ++small) {
        while (number % small == 0) {
            factors.push_back(small);
            number /= small;
        }
    }
    if (number == 1) {
        return;
    }
    if (isPrime(number)) {
        factors.push_back(number);
        return;
    }
    const std::uint64_t divisor = divisorOf(number, work);
    if (divisor == number) {
        factors.push_back(number);
        return;
    }
    split(divisor, work, factors);
    split(number / divisor, work, factors);
}

bool showFactors(ShellCall& call, const std::string& word) {
    const auto number = parseNumber<std::uint64_t>(word);
    if (!number || !call.work().move(kFactorCost)) {
        call.usage();
        return false;
    }
    std::vector<std::uint64_t> factors;
    if (*number > 1) {
        split(*number, call.work(), factors);
    }
    std::ranges::sort(factors);
    std::string line = std::to_string(*number) + ':';
    for (const std::uint64_t factor : factors) {
        line += ' ' + std::to_string(factor);
    }
    return call.out(line + '\n');
}

int factor(ShellCall& call) {
    if (call.words.size() < 2) {
        for (std::string line = call.work().readLine(*call.input()); !line.empty();
             line = call.work().readLine(*call.input())) {
            const std::size_t first = std::min(line.find_first_not_of(" \t"), line.size());
            if (!showFactors(call, line.substr(first, line.find_last_not_of(" \t\n") + 1 - first))) {
                return 1;
            }
        }
        return 0;
    }
    for (const std::string& word : call.operands()) {
        if (!showFactors(call, word)) {
            return 1;
        }
    }
    return 0;
}

constexpr ShellApplet kApplets[] = {
    {"factor", factor, "/usr/bin"},
    {"seq", sequence, "/usr/bin"},
};

}  // namespace

std::span<const ShellApplet> shellNumberApplets() {
    return kApplets;
}

}  // namespace apiary::agent
