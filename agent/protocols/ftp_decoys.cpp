#include "agent/protocols/ftp_decoys.hpp"

#include "agent/protocol/seeded.hpp"
#include "agent/protocols/decoy_company.hpp"

#include <chrono>
#include <string>
#include <utility>

namespace apiary::agent {
namespace {

constexpr std::int64_t kDay = 86400;

constexpr std::string_view kTrades[] = {"logistics", "tools", "foods", "print", "electric", "dental", "marine"};
constexpr std::string_view kFirst[] = {"Anna",  "Peter", "Maria", "Thomas", "Julia", "Erik",  "Sofia", "Daniel",
                                       "Laura", "Marek", "Ines",  "Paul",   "Nina",  "Oscar", "Clara", "Viktor"};
constexpr std::string_view kLast[] = {"Berg",   "Novak",   "Keller", "Rossi",  "Moreau", "Lind",   "Walsh", "Petrov",
                                      "Santos", "Fischer", "Dahl",   "Kovacs", "Hughes", "Jansen", "Meyer", "Costa"};
constexpr std::string_view kTowns[] = {"Leeds",  "Turku",    "Graz",   "Porto", "Ghent",   "Lublin",
                                       "Aarhus", "Limerick", "Nantes", "Brno",  "Bergamo", "Malmo"};
constexpr std::string_view kArticles[] = {"hinge 40 mm", "bracket L", "cable 3x1.5", "filter H13", "pump seal",
                                          "toner black", "valve 1/2", "relay 24 V",  "gasket set", "lamp E27"};

class Office {
public:
    explicit Office(std::uint64_t sensorSeed)
        : choice_(sensorSeed, kDecoyCompanyPurpose),
          company_(choice_.pick(kDecoyCompanies)),
          trade_(choice_.pick(kTrades)),
          opened_(std::int64_t{18628} + static_cast<std::int64_t>(choice_.below(365))) {}  // a day of 2021

    FtpFiles::Nodes furnish() {
        directory("/", 0755, 900);
        directory("/backup", 0755, 640);
        directory("/incoming", 0777, 300);
        directory("/pub", 0755, 500);
        directory("/scans", 0755, 620);
        directory("/www", 0755, 410);
        file("/readme.txt", 2, readme());
        file("/backup/" + company_ + "_crm.sql", 640, customers(760 + choice_.below(80)));
        file("/backup/" + company_ + "_stock.csv", 610, stock(240));
        file("/backup/backup.log", 640, backupLog());
        file("/pub/pricelist.csv", 500, stock(60));
        file("/pub/holidays.txt", 380, "Closed Dec 24 to Jan 1 and on public holidays.\r\n");
        file("/scans/invoice_" + std::to_string(10000 + choice_.below(90000)) + ".txt", 600, invoice());
        file("/scans/invoice_" + std::to_string(10000 + choice_.below(90000)) + ".txt", 620, invoice());
        file("/www/index.html", 330, page());
        file("/www/config.php", 410, settings());
        return std::move(nodes_);
    }

private:
    std::int64_t time(std::int64_t day) {
        return (opened_ + day) * kDay + 8 * 3600 + static_cast<std::int64_t>(choice_.below(9 * 3600));
    }

    void directory(std::string path, std::uint16_t mode, std::int64_t day) {
        nodes_.emplace(std::move(path), FtpNode{true, FtpUser::Local, mode, 4096, time(day), nullptr});
    }

    void file(std::string path, std::int64_t day, std::string content) {
        const std::size_t size = content.size();
        nodes_.emplace(std::move(path), FtpNode{false, FtpUser::Local, 0644, size, time(day),
                                                std::make_shared<const std::string>(std::move(content))});
    }

    std::string word(std::size_t length) {
        constexpr char kLetters[] = "abcdefghijkmnpqrstuvwxyz23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
        std::string text;
        for (; length > 0; --length) {
            text += kLetters[choice_.below(sizeof kLetters - 1)];
        }
        return text;
    }

    std::string money() {
        return std::to_string(1 + choice_.below(900)) + '.' + std::to_string(10 + choice_.below(90));
    }

    std::string readme() {
        return "File exchange of " + company_ + ' ' + trade_ +
               "\r\n\r\n/incoming  for deliveries, emptied every Friday\r\n" +
               "/pub       price list and opening hours\r\n/backup    nightly, do not touch\r\n\r\nQuestions: ext. " +
               std::to_string(10 + choice_.below(80)) + "\r\n";
    }

    std::string customers(std::size_t rows) {
        std::string text =
            "-- MySQL dump 10.13  Distrib 5.7.33, for Linux (x86_64)\n--\n-- Host: localhost    Database: " + company_ +
            "_crm\n-- ------------------------------------------------------\n\nDROP TABLE IF EXISTS "
            "`customer`;\nCREATE TABLE `customer` (\n  `id` int(11) NOT NULL AUTO_INCREMENT,\n  `name` "
            "varchar(80) NOT NULL,\n  `mail` varchar(120) DEFAULT NULL,\n  `town` varchar(60) DEFAULT "
            "NULL,\n  `phone` varchar(40) DEFAULT NULL,\n  `pw` char(32) DEFAULT NULL,\n  PRIMARY KEY "
            "(`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8;\n\n";
        for (std::size_t id = 1; id <= rows; ++id) {
            const std::string first(choice_.pick(kFirst));
            const std::string last(choice_.pick(kLast));
            text += "INSERT INTO `customer` VALUES (" + std::to_string(id) + ",'" + first + ' ' + last + "','" + first +
                    '.' + last + std::to_string(choice_.below(100)) + "@mail." + company_ + ".lan','" +
                    std::string(choice_.pick(kTowns)) + "','+" + std::to_string(3000000000 + choice_.below(999999999)) +
                    "','" + hex(32) + "');\n";
        }
        return text + "\n-- Dump completed\n";
    }

    std::string hex(std::size_t length) {
        std::string text;
        for (; length > 0; --length) {
            text += "0123456789abcdef"[choice_.below(16)];
        }
        return text;
    }

    std::string stock(std::size_t rows) {
        std::string text = "article;name;price;stock\r\n";
        for (std::size_t row = 0; row < rows; ++row) {
            text += std::to_string(10000 + row * 7 + choice_.below(7)) + ';' + std::string(choice_.pick(kArticles)) +
                    ';' + money() + ';' + std::to_string(choice_.below(400)) + "\r\n";
        }
        return text;
    }

    std::string backupLog() {
        std::string text;
        for (std::int64_t day = 600; day <= 640; ++day) {
            const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{opened_ + day}}};
            text += std::to_string(static_cast<int>(date.year())) + '-' + two(static_cast<unsigned>(date.month())) +
                    '-' + two(static_cast<unsigned>(date.day())) + " 02:3" + std::to_string(choice_.below(10)) +
                    " mysqldump " + company_ + "_crm ok, " + std::to_string(90 + choice_.below(30)) + " kB\n";
        }
        return text;
    }

    static std::string two(unsigned number) { return (number < 10 ? "0" : "") + std::to_string(number); }

    std::string invoice() {
        std::string text = company_ + ' ' + trade_ + "\r\nInvoice to " + std::string(choice_.pick(kFirst)) + ' ' +
                           std::string(choice_.pick(kLast)) + ", " + std::string(choice_.pick(kTowns)) + "\r\n\r\n";
        for (std::size_t row = 3 + choice_.below(9); row > 0; --row) {
            text += std::to_string(1 + choice_.below(20)) + " x " + std::string(choice_.pick(kArticles)) + "  " +
                    money() + "\r\n";
        }
        return text + "\r\nPayable within 14 days.\r\n";
    }

    std::string page() {
        return "<!DOCTYPE html>\n<html><head><title>" + company_ + "</title></head>\n<body><h1>" + company_ + ' ' +
               trade_ + "</h1>\n<p>This page is being renewed.</p>\n</body></html>\n";
    }

    std::string settings() {
        return "<?php\n$db_host = 'localhost';\n$db_name = '" + company_ + "_crm';\n$db_user = '" + company_ +
               "';\n$db_pass = '" + word(12) + "';\n$mail_from = 'office@" + company_ + ".lan';\n$debug = false;\n";
    }

    Seeded choice_;
    std::string company_;
    std::string trade_;
    std::int64_t opened_;  // day since 1970 on which the server came into use
    FtpFiles::Nodes nodes_;
};

}  // namespace

FtpFiles::Nodes ftpDecoys(std::uint64_t sensorSeed) {
    return Office(sensorSeed).furnish();
}

}  // namespace apiary::agent
