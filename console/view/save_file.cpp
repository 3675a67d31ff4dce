#include "console/view/save_file.hpp"

#include "console/model/visible_text.hpp"

#include <QFileDialog>
#include <QSaveFile>

namespace apiary::console {

using namespace Qt::Literals::StringLiterals;

void saveFile(QWidget& window, const QString& suggestedName, const QByteArray& bytes,
              const std::function<void(const QString& words, bool failed)>& done) {
    auto* dialog = new QFileDialog(&window, u"Save"_s);
    dialog->setObjectName(u"save"_s);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setFileMode(QFileDialog::AnyFile);
    dialog->setOption(QFileDialog::DontUseNativeDialog);
    dialog->selectFile(suggestedName);
    QObject::connect(dialog, &QFileDialog::fileSelected, &window, [bytes, done](const QString& path) {
        QSaveFile file(path);
        const bool written = file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit();
        const QString shown = visible(path, 400);
        done(written ? u"Written to %1"_s.arg(shown)
                     : u"%1 cannot be written: %2"_s.arg(shown, visible(file.errorString())),
             !written);
    });
    dialog->open();
}

}  // namespace apiary::console
