#include "console/view/sensor_menu.hpp"

#include "console/model/visible_text.hpp"
#include "console/view/controls.hpp"

#include <QBoxLayout>
#include <QFrame>
#include <QLineEdit>
#include <QListWidget>

#include <algorithm>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

namespace {

constexpr int kWide = 260;
constexpr int kRow = 26;
constexpr int kMostRows = 14;
constexpr int kSearchFrom = 8;  // sensors; fewer are found at a glance

QString nameOf(const FleetModel& fleet, qint32 id) {
    const Sensor* sensor = fleet.sensor(id);
    return sensor == nullptr ? u"sensor %1"_s.arg(id) : visible(sensor->name, 24);
}

}  // namespace

SensorMenu::SensorMenu(const Theme& theme, Workspace& workspace, QWidget* parent)
    : QToolButton(parent),
      workspace_(workspace),
      popup_(new QFrame(this, Qt::Popup)),
      search_(new QLineEdit),
      all_(new QPushButton),
      list_(new QListWidget) {
    setObjectName(u"scope:sensors"_s);
    setFont(uiFont(13, QFont::Medium));
    setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    setIconSize({15, 15});
    const auto draw = [this, &theme] {
        setIcon(glyph(Glyph::Hexagon, theme.tokens().secondary, 15, devicePixelRatioF()));
    };
    draw();
    connect(&theme, &Theme::changed, this, draw);
    popup_->setObjectName(u"Popup"_s);
    auto* column = new QVBoxLayout(popup_);
    column->setContentsMargins(8, 8, 8, 8);
    column->setSpacing(6);
    search_->setObjectName(u"sensors:search"_s);
    search_->setPlaceholderText(u"Find sensor or site"_s);
    search_->setFixedHeight(30);
    all_->setObjectName(u"sensors:all"_s);
    all_->setProperty("look", u"entry"_s);
    all_->setText(u"All sensors"_s);
    all_->setFont(uiFont(13, QFont::Medium));
    all_->setCheckable(true);
    all_->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    list_->setObjectName(u"sensors:list"_s);
    list_->setFont(uiFont(13));
    list_->setFrameShape(QFrame::NoFrame);
    list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    list_->setAccessibleName(u"Sensors that all pages look at"_s);
    column->addWidget(search_);
    column->addWidget(all_);
    column->addWidget(list_);
    popup_->setFixedWidth(kWide);

    connect(this, &QToolButton::clicked, this, &SensorMenu::open);
    connect(search_, &QLineEdit::textChanged, this, &SensorMenu::find);
    connect(all_, &QPushButton::clicked, this, [this] {
        workspace_.setSensors({});
        popup_->hide();
    });
    connect(list_, &QListWidget::itemChanged, this, &SensorMenu::takeTicks);
    // A click on the name is meant for the tick, too.
    connect(list_, &QListWidget::itemPressed, this, [this](QListWidgetItem* item) {
        const QRect row = list_->visualItemRect(item);
        if (list_->viewport()->mapFromGlobal(QCursor::pos()).x() > row.left() + 24) {
            item->setCheckState(item->checkState() == Qt::Checked ? Qt::Unchecked : Qt::Checked);
        }
    });
    connect(&workspace, &Workspace::scopeChanged, this, &SensorMenu::showScope);
    connect(&workspace, &Workspace::fleetChanged, this, &SensorMenu::showScope);
    showScope();
}

void SensorMenu::open() {
    fill();
    search_->clear();
    search_->setVisible(list_->count() >= kSearchFrom);
    popup_->adjustSize();
    popup_->move(mapToGlobal(QPoint(0, height() + 4)));
    popup_->show();
    if (search_->isVisible()) {
        search_->setFocus();
    } else {
        list_->setFocus();
    }
}

void SensorMenu::showScope() {
    const QList<qint32>& chosen = workspace_.scope().sensorIds;
    const QString words = chosen.isEmpty()    ? u"All sensors"_s
                          : chosen.size() > 1 ? u"%1 sensors"_s.arg(chosen.size())
                                              : nameOf(workspace_.fleet(), chosen.first());
    // "&" before a letter would become its underline.
    const QString shown = u' ' + QString(words).replace(u'&', u"&&"_s) + u"  ▾"_s;
    if (text() == shown) {
        return;
    }
    setText(shown);
    QStringList names;
    for (const qint32 id : chosen) {
        names.append(nameOf(workspace_.fleet(), id));
    }
    setToolTip(chosen.isEmpty() ? u"Choose the sensors that all pages look at"_s
                                : console::toolTip(u"All pages look at "_s + names.join(u", "_s)));
    setAccessibleName(u"Sensors: "_s + words);
}

void SensorMenu::fill() {
    filling_ = true;
    list_->clear();
    const QList<qint32>& chosen = workspace_.scope().sensorIds;
    for (const Sensor& sensor : workspace_.fleet().sensors()) {
        auto* item = new QListWidgetItem(visible(sensor.name, 40), list_);
        item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable);
        item->setCheckState(chosen.contains(sensor.id) ? Qt::Checked : Qt::Unchecked);
        item->setData(Qt::UserRole, sensor.id);
        item->setSizeHint({kWide - 40, kRow});
        item->setToolTip(console::toolTip(sensor.site));
    }
    all_->setChecked(chosen.isEmpty());
    list_->setFixedHeight(std::clamp(list_->count(), 1, kMostRows) * kRow + 4);
    filling_ = false;
}

void SensorMenu::find(const QString& text) {
    for (int row = 0; row < list_->count(); ++row) {
        QListWidgetItem* item = list_->item(row);
        const Sensor* sensor = workspace_.fleet().sensor(item->data(Qt::UserRole).toInt());
        const bool fits = sensor != nullptr && (sensor->name.contains(text.trimmed(), Qt::CaseInsensitive) ||
                                                sensor->site.contains(text.trimmed(), Qt::CaseInsensitive));
        item->setHidden(!fits);
    }
}

void SensorMenu::takeTicks() {
    if (filling_) {
        return;
    }
    QList<qint32> ids;
    for (int row = 0; row < list_->count(); ++row) {
        if (list_->item(row)->checkState() == Qt::Checked) {
            ids.append(list_->item(row)->data(Qt::UserRole).toInt());
        }
    }
    // Of all that there are, and of those that will come.
    workspace_.setSensors(ids.size() == list_->count() ? QList<qint32>() : ids);
    all_->setChecked(workspace_.scope().sensorIds.isEmpty());
}

}  // namespace apiary::console
