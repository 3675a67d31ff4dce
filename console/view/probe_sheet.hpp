#pragma once

#include "console/model/probe_list.hpp"
#include "console/view/panel_body.hpp"
#include "console/view/sheet.hpp"

class QTableView;

namespace apiary::console {

/// The probes behind an entry of the scan tools, over the page. `probes` must outlive it.
class ProbeSheet final : public Sheet {
    Q_OBJECT

public:
    ProbeSheet(const Theme& theme, QWidget& window, ProbeList& probes);

    /// How many there are, and of which range.
    QString words() const;
    const ProbeList& probes() const { return probes_; }
    const PanelBody& panel() const { return *panel_; }

private:
    void refresh();

    ProbeList& probes_;
    QLabel* words_;
    QTableView* table_;
    PanelBody* panel_;
};

}  // namespace apiary::console
