#pragma once

#include <QtGlobal>

#include <random>

namespace apiary::console {

/// The standard fixes the numbers of the engine, but not those of its distributions.
class Dice {
public:
    explicit Dice(unsigned seed) : engine_(seed) {}
    quint32 below(quint32 end) { return static_cast<quint32>(engine_() % end); }
    double unit() { return static_cast<double>(engine_() % 100'000) / 100'000.0; }
    template <typename List>
    auto oneOf(const List& list) {
        return list[static_cast<typename List::size_type>(below(static_cast<quint32>(list.size())))];
    }

private:
    std::mt19937 engine_;
};

}  // namespace apiary::console
