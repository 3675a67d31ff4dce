#pragma once

#include "console/view/keys.hpp"
#include "console/view/sheet.hpp"

namespace apiary::console {

/// The keys of a page, under its name.
struct KeySection {
    QString name;
    QList<KeyLine> lines;
};

/// All keys, by page. F1 and ? close it, too.
class HelpSheet final : public Sheet {
    Q_OBJECT

public:
    HelpSheet(const Theme& theme, QWidget& window, const QList<KeySection>& sections);

    const QList<KeySection>& sections() const { return sections_; }

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    const QList<KeySection> sections_;
};

}  // namespace apiary::console
