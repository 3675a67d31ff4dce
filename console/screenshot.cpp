#include "console/screenshot.hpp"

#include <QCoreApplication>
#include <QPixmap>

#include <iostream>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kStillMs = 700;
constexpr int kPatienceMs = 15'000;

}  // namespace

Screenshot::Screenshot(MainWindow& window, Workspace& workspace, QString path)
    : window_(window), workspace_(workspace), path_(std::move(path)) {
    still_.setSingleShot(true);
    patience_.setSingleShot(true);
    connect(&still_, &QTimer::timeout, this, &Screenshot::take);
    connect(&patience_, &QTimer::timeout, this, [this] {
        if (complete()) {
            take();  // so much happens that it never stands still
        } else {
            const LinkState& link = workspace_.link();
            giveUp(link.live() ? u"the collector did not send all figures within 15 s"_s
                               : u"not connected within 15 s: %1 %2"_s.arg(link.reason, link.advice));
        }
    });
    connect(&workspace_.overview(), &OverviewModel::changed, this, &Screenshot::look);
    connect(&workspace_, &Workspace::openChanged, this, &Screenshot::look);
    connect(&workspace_.list(), &SessionList::selectionChanged, this, &Screenshot::look);
    connect(&workspace_.list().table(), &SessionTableModel::loadedChanged, this, &Screenshot::look);
    connect(&workspace_, &Workspace::linkChanged, this, [this] {
        const LinkState::Kind kind = workspace_.link().kind;
        if (kind == LinkState::Kind::Certificate || kind == LinkState::Kind::Unusable) {
            giveUp(workspace_.link().reason + u' ' + workspace_.link().advice);
        }
    });
    patience_.start(kPatienceMs);
}

bool Screenshot::complete() const {
    const bool chosen = workspace_.list().selection().id.isEmpty() ? workspace_.list().table().rows().isEmpty()
                                                                   : workspace_.list().selection().detail.has_value();
    return workspace_.link().live() && workspace_.overview().figures().totals &&
           workspace_.overview().figures().bands && workspace_.list().table().loaded() &&
           workspace_.openSessions().loaded() && workspace_.fleet().loaded() && chosen;
}

void Screenshot::look() {
    if (complete()) {
        still_.start(kStillMs);
    }
}

void Screenshot::take() {
    if (!window_.grab().save(path_)) {
        giveUp(u"%1 cannot be written"_s.arg(path_));
        return;
    }
    patience_.stop();
    QMetaObject::invokeMethod(&window_, &QWidget::close, Qt::QueuedConnection);
}

void Screenshot::giveUp(const QString& reason) {
    patience_.stop();
    still_.stop();
    std::cerr << "apiary-console: no screenshot: " << qPrintable(reason) << '\n';
    QCoreApplication::exit(1);
}

}  // namespace apiary::console
