#pragma once

#include "console/model/session_table_model.hpp"

namespace apiary::console {

/// Key and value of the condition that a cell of the list stands for; an empty key if there is none.
std::pair<QString, QString> termOf(const SessionRow& row, int column);

}  // namespace apiary::console
