#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace apiary::agent {

/// SQLite refused or failed; `code` is its extended result code.
class SqliteError : public std::runtime_error {
public:
    SqliteError(int code, const std::string& what) : std::runtime_error(what), code_(code) {}

    /// No room: the file's own bound and a full disk look the same.
    bool full() const;

    /// What is there is not a database, or no longer a sound one. Not that the disk refuses to be read.
    bool damaged() const;

private:
    int code_;
};

/// A connection. Belongs to one thread at a time. Everything throws SqliteError.
class Database {
public:
    /// Opens or makes the file; `vfs` is empty for the default.
    Database(const std::string& path, const std::string& vfs, bool readOnly);

    void execute(const char* sql) const;

    /// The first column of the first row.
    std::int64_t number(const char* sql);
    std::string text(const char* sql);

    /// Whether the disk refused a read, after which SQLite calls damaged what may be sound.
    bool readRefused() const;

    /// True between BEGIN and its end; a failed COMMIT may have rolled back by itself.
    bool inTransaction() const;

    sqlite3* handle() const { return handle_.get(); }

private:
    struct Closer {
        void operator()(sqlite3* handle) const;
    };
    std::unique_ptr<sqlite3, Closer> handle_;
};

/// A prepared statement, used again and again. Must not outlive its Database. Bound views must live until reset().
class Statement {
public:
    Statement(Database& database, std::string_view sql);

    /// Numbers parameters from 1.
    Statement& bind(int at, std::int64_t value);
    Statement& bindBlob(int at, std::string_view value);
    Statement& bindNull(int at);

    /// True if there is a row to look at.
    bool step();

    /// Steps to the end and is ready for the next values.
    void run();
    void reset();

    /// Columns from 0. Views end with the next step or reset.
    std::int64_t integer(int column) const;
    std::string_view blob(int column) const;
    bool null(int column) const;

private:
    struct Finalizer {
        void operator()(sqlite3_stmt* statement) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

}  // namespace apiary::agent
