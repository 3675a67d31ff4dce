#include "tests/bench/watched_console.hpp"

#include "console/view/main_window.hpp"
#include "console/view/session_table.hpp"

#include <QApplication>
#include <QKeyEvent>
#include <QTimer>

#include <algorithm>
#include <array>
#include <iostream>

namespace apiary::bench {
namespace {

using Clock = std::chrono::steady_clock;
using console::MainWindow;
using console::Page;

/// Acts in the window's own thread as a person would, and takes the time there: a timer of 1 ms is late by as long as
/// an event, a repaint, or several of them without a pause, keep the thread.
class Watcher final : public QObject {
public:
    Watcher(Clock::time_point started, bool work) : started_(started), work_(work) {
        tick_.setTimerType(Qt::PreciseTimer);
        connect(&tick_, &QTimer::timeout, this, [this] { tick(); });
        connect(&act_, &QTimer::timeout, this, [this] { act(); });
        qApp->installEventFilter(this);
    }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override {
        if (event->type() == QEvent::Paint && findWindow()) {
            const console::OverviewPage& page = window_->overview();
            figures_ = figures_ || (watched == page.tiles().first() && !page.tiles().first()->loading());
            chart_ = chart_ || (watched == page.chart().viewport() && page.chart().bands().total() > 0);
            if (figures_ && chart_) {
                qApp->removeEventFilter(this);
                // This paint is about to happen; what is queued comes after it.
                QMetaObject::invokeMethod(
                    this, [this] { firstPaint(); }, Qt::QueuedConnection);
            }
        }
        return QObject::eventFilter(watched, event);
    }

private:
    enum class Deed { Look, TurnPages, Scroll };
    struct Phase {
        const char* name;
        Page page;
        Deed deed;
        int seconds;
    };
    // The Overview asks for everything again every 10 s.
    static constexpr std::array<Phase, 5> kPhases{{{"gap-overview", Page::Overview, Deed::Look, 11},
                                                   {"gap-sessions", Page::Sessions, Deed::Look, 8},
                                                   {"gap-fleet", Page::Fleet, Deed::Look, 5},
                                                   {"gap-turning-pages", Page::Overview, Deed::TurnPages, 7},
                                                   {"gap-scrolling", Page::Sessions, Deed::Scroll, 7}}};

    bool findWindow() {
        for (QWidget* widget : QApplication::topLevelWidgets()) {
            window_ = window_ != nullptr ? window_ : qobject_cast<MainWindow*>(widget);
        }
        return window_ != nullptr;
    }

    static void say(const char* name, double value) { std::cout << "watched " << name << ' ' << value << std::endl; }

    static double milliseconds(Clock::duration duration) {
        return std::chrono::duration<double, std::milli>(duration).count();
    }

    void firstPaint() {
        say("first-paint", milliseconds(Clock::now() - started_));
        if (!work_) {
            window_->close();
            return;
        }
        last_ = Clock::now();
        tick_.start(1);
        begin();
    }

    void begin() {
        const Phase& phase = kPhases.at(phase_);
        longest_ = {};
        window_->choose(phase.page);
        act_.start(phase.deed == Deed::Scroll ? 50 : 500);
        QTimer::singleShot(std::chrono::seconds(phase.seconds), this, [this] { end(); });
    }

    void end() {
        tick();
        say(kPhases.at(phase_).name, milliseconds(longest_));
        if (++phase_ < kPhases.size()) {
            begin();
            return;
        }
        tick_.stop();
        act_.stop();
        say("rows", window_->findChild<console::SessionTable*>()->model()->rowCount());
        window_->close();
    }

    void tick() {
        const Clock::time_point now = Clock::now();
        longest_ = std::max(longest_, now - last_);
        last_ = now;
    }

    void act() {
        if (kPhases.at(phase_).deed == Deed::TurnPages) {
            window_->choose(window_->page() == Page::Overview   ? Page::Sessions
                            : window_->page() == Page::Sessions ? Page::Fleet
                                                                : Page::Overview);
        } else if (kPhases.at(phase_).deed == Deed::Scroll) {
            QKeyEvent down(QEvent::KeyPress, Qt::Key_PageDown, Qt::NoModifier);
            QCoreApplication::sendEvent(window_->findChild<console::SessionTable*>(), &down);
        }
    }

    const Clock::time_point started_;
    const bool work_;
    MainWindow* window_ = nullptr;
    bool figures_ = false;
    bool chart_ = false;
    QTimer tick_;
    QTimer act_;
    std::size_t phase_ = 0;
    Clock::time_point last_;
    Clock::duration longest_{};
};

}  // namespace

int watchConsole(const console::Options& options, Clock::time_point started, bool work) {
    const Watcher watcher(started, work);
    return console::runConsole(options);
}

}  // namespace apiary::bench
