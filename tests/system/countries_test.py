"""Files of countries and networks that are missing, cut short, of the wrong kind or old: none of them stops the collector, each
is told, and a good one is taken while it runs."""

import ftplib
import time
import unittest

import mmdb
from world import World, ftp, listening, wait_for

NOW = int(time.time())
YEAR = 366 * 86400
COUNTRY = {"127.0.0.0/8": mmdb.country("NL")}
NETWORK = {"127.0.0.0/8": mmdb.system(64500, "Example")}
GOOD = mmdb.database("GeoLite2-Country", COUNTRY, NOW - 3 * 86400)
OLD = mmdb.database("GeoLite2-Country", COUNTRY, NOW - YEAR)
OTHER = mmdb.database("GeoLite2-ASN", NETWORK, NOW)


class CountriesTest(unittest.TestCase):
    def setUp(self):
        self.failed = True
        self.world = World("countries", [ftp(waiting="0ms")])
        self.addCleanup(lambda: self.world.close(self.failed))
        self.file = self.world.folder / "country.mmdb"
        with self.world.collector_toml.open("a") as config:
            config.write(f'[enrich]\ncountry_database = "{self.file}"\n')
        self.visits = 0

    def put(self, content):
        """In one step, as those do who fetch such files."""
        self.file.with_suffix(".new").write_bytes(content)
        self.file.with_suffix(".new").rename(self.file)

    def visit(self):
        """The country that a visit has in the database."""
        with ftplib.FTP() as client:
            client.connect("127.0.0.1", self.world.port("ftp"), timeout=10)
        self.visits += 1
        self.world.await_sessions(self.visits)
        return self.world.database.run("SELECT coalesce(country, 'none') FROM session ORDER BY started_at DESC LIMIT 1")

    def log(self):
        return (self.world.folder / "collector.log").read_text()

    def doctor(self):
        """What doctor says of these files; the collector's port is taken, which is a failure of its own."""
        said = self.world.run("collector", "doctor", "--config", self.world.collector_toml)
        return next(line for line in said.stdout.splitlines() if "files of countries" in line)

    def check_bad(self, words):
        self.world.start()
        self.assertEqual(self.visit(), "none")
        self.assertIn(words, self.log())
        self.assertIn("what it would say of sources is left empty", self.log())
        self.assertRegex(self.doctor(), "^FAIL .*" + words)
        refused = self.world.run("collector", "enrich", "--config", self.world.collector_toml)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn(words, refused.stderr)
        self.put(GOOD)
        self.world.collector.send(1)
        wait_for("the good file is taken", lambda: "countries come from" in self.log())
        self.assertEqual(self.visit(), "NL")
        self.assertEqual(self.world.call("collector", "enrich", "--config", self.world.collector_toml),
                         "1 of 2 sessions and probes have a country or a network that they had not\n")
        self.failed = False

    def test_a_file_that_is_missing(self):
        self.check_bad("cannot be read: No such file or directory")

    def test_a_file_that_is_cut_short(self):
        self.put(GOOD[:len(GOOD) // 2])
        self.check_bad("is not a whole MaxMind database")

    def test_an_empty_file(self):
        self.put(b"")
        self.check_bad("is not a whole MaxMind database")

    def test_a_file_of_another_kind(self):
        self.put(OTHER)
        self.check_bad("its type is GeoLite2-ASN, and no country is in what it says of addresses")

    def test_a_folder(self):
        self.file.mkdir()
        self.world.start()
        self.assertEqual(self.visit(), "none")
        self.assertIn("is not a file", self.log())
        self.failed = False

    def test_a_file_that_is_a_year_old(self):
        self.put(OLD)
        self.world.start()
        self.assertEqual(self.visit(), "NL")
        self.assertRegex(self.log(), r"countries come from .*GeoLite2-Country, built .* 366 days ago: fetch a newer one")
        self.assertRegex(self.doctor(), r"^ok .*366 days old")
        self.failed = False

    def test_a_file_that_is_overwritten_with_rubbish(self):
        self.put(GOOD)
        self.world.start()
        self.assertEqual(self.visit(), "NL")
        self.file.write_bytes(b"rubbish")
        self.world.collector.send(1)
        wait_for("the bad file is told", lambda: "what was read before stays in use" in self.log())
        self.assertEqual(self.visit(), "NL")
        self.assertTrue(listening(self.world.collector_port))
        self.failed = False


if __name__ == "__main__":
    unittest.main()
