#include "agent/spool/sqlite.hpp"

#include <sqlite3.h>
#include <system_error>

namespace apiary::agent {
namespace {

/// Why the system refused the last call on the database's file or its log; 0 if it did not.
int lastErrorOf(sqlite3* handle) {
    int error = 0;
    sqlite3_file_control(handle, nullptr, SQLITE_FCNTL_LAST_ERRNO, &error);
    sqlite3_file* log = nullptr;
    if (error == 0 && sqlite3_file_control(handle, nullptr, SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK &&
        log != nullptr && log->pMethods != nullptr) {
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &error);
    }
    return error != 0 ? error : sqlite3_system_errno(handle);
}

bool isOfARead(int error) {
    return error == EIO || error == ENXIO || error == ERANGE;
}

/// The last failure of a connection. SQLite calls a file damaged of which a read fails by EIO, ENXIO or ERANGE: what is
/// in it may be sound all the same, so that it is told as the failed read that it is.
SqliteError failureOf(sqlite3* handle, std::string_view doing) {
    int code = sqlite3_extended_errcode(handle);
    std::string reason = sqlite3_errmsg(handle);
    const int error = lastErrorOf(handle);
    if ((code & 0xff) == SQLITE_CORRUPT && isOfARead(error)) {
        code = SQLITE_IOERR_READ;
        reason = sqlite3_errstr(code);
    }
    const int primary = code & 0xff;
    if (error != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)) {
        reason += ": " + std::generic_category().message(error);
    }
    return {code, std::string(doing) + ": " + reason + " (" + std::to_string(code) + ")"};
}

void check(sqlite3* handle, int code, std::string_view doing) {
    if (code == SQLITE_OK) {
        return;
    }
    if (handle == nullptr) {
        throw SqliteError(code, std::string(doing) + ": " + sqlite3_errstr(code));
    }
    throw failureOf(handle, doing);
}

}  // namespace

bool SqliteError::full() const {
    return (code_ & 0xff) == SQLITE_FULL;
}

bool SqliteError::damaged() const {
    const int primary = code_ & 0xff;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

void Database::Closer::operator()(sqlite3* handle) const {
    sqlite3_close_v2(handle);
}

Database::Database(const std::string& path, const std::string& vfs, bool readOnly) {
    sqlite3* handle = nullptr;
    const int flags = (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
    handle_.reset(handle);
    check(handle, code, "open " + path);
    sqlite3_busy_timeout(handle, 5000);
}

void Database::execute(const char* sql) const {
    check(handle(), sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr), sql);
}

std::int64_t Database::number(const char* sql) {
    Statement query(*this, sql);
    return query.step() ? query.integer(0) : 0;
}

std::string Database::text(const char* sql) {
    Statement query(*this, sql);
    return query.step() ? std::string(query.blob(0)) : std::string();
}

bool Database::readRefused() const {
    return isOfARead(lastErrorOf(handle()));
}

bool Database::inTransaction() const {
    return sqlite3_get_autocommit(handle()) == 0;
}

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Statement::Statement(Database& database, std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    statement_.reset(statement);
    check(database.handle(), code, sql);
}

Statement& Statement::bind(int at, std::int64_t value) {
    check(sqlite3_db_handle(statement_.get()), sqlite3_bind_int64(statement_.get(), at, value), "bind");
    return *this;
}

Statement& Statement::bindBlob(int at, std::string_view value) {
    // A null pointer would bind NULL; an empty view may hold one.
    const char* data = value.data() == nullptr ? "" : value.data();
    check(sqlite3_db_handle(statement_.get()),
          sqlite3_bind_blob64(statement_.get(), at, data, value.size(), SQLITE_STATIC), "bind");
    return *this;
}

Statement& Statement::bindNull(int at) {
    check(sqlite3_db_handle(statement_.get()), sqlite3_bind_null(statement_.get(), at), "bind");
    return *this;
}

bool Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code != SQLITE_DONE) {
        const SqliteError failure = failureOf(sqlite3_db_handle(statement_.get()), sqlite3_sql(statement_.get()));
        sqlite3_reset(statement_.get());
        throw failure;
    }
    return false;
}

void Statement::run() {
    while (step()) {
    }
    reset();
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::blob(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return data == nullptr ? std::string_view{} : std::string_view{data, static_cast<std::size_t>(size)};
}

bool Statement::null(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

}  // namespace apiary::agent
