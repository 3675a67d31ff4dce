"""What real client programs do stands in the text log and in the database, byte for byte."""

import hashlib
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest
import urllib.parse

from agreement import assert_logs_agree, assert_nothing_was_lost, assert_rollups_agree
from world import ACCOUNT, Service, ftp, wait_for
from world_test_case import WorldTestCase

HOSTS = ("127.0.0.1", "[::1]")


# Every file below the folder where a login begins, as this seed draws them: what is in it, by its SHA-256.
SEED = 20170418
DECOYS = {
    "./backup/backup.log": "a7461c434956d855434b3daf2bdfb3fef621c6f9926c91d08d008a347077c194",
    "./backup/meridian_crm.sql": "882a3d0d6ebe0b16d2d779820b79da988ff21487cd8be4d01f27c548dd982971",
    "./backup/meridian_stock.csv": "d69ecf5580109e083087d0dd957a9c916df38ec6b515311f319b21fed87e0823",
    "./pub/holidays.txt": "e8196c386860ddf0856c466d94d236e3ab77be8899d461951e9f88faa42d2afc",
    "./pub/pricelist.csv": "7b5e8521e1e2154f2a6d4734d3c5cc6dd06603e7be00c14f4fc8d46304ed2fa6",
    "./readme.txt": "18fc3a74df9a9a94876f263724b017dacbec9b6c70ea0e9c624f881895680f3a",
    "./scans/invoice_94871.txt": "8a774600923b83e282126fda8efaf91d2902dda49cd0058569353dface7e30a3",
    "./scans/invoice_98822.txt": "9f2487a4c069f74ce4a1f86c9246834a0e23fcb90a6d045ee94d50ebfd057973",
    "./www/config.php": "ad187b3a5857d605e38892bf270e129e71e00c971124a85b02b5341483ce9c2e",
    "./www/index.html": "ac577b6b38e2fe5a17ec335263352dd0067507cd46a5898c41646b9754dc81a1",
}


def digests(files):
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


class RealClientsTest(WorldTestCase):
    seed = SEED

    @classmethod
    def services(cls):
        return [ftp(hosts=HOSTS, waiting="0ms"), Service("catchall", "catchall", hosts=HOSTS, waiting="0ms")]

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.before = self.count()

    def count(self):
        return self.world.database.number("SELECT count(*) FROM session")

    def lftp(self, host, commands):
        script = f"set net:timeout 10; set net:max-retries 1; set cmd:fail-exit yes; lcd {self.folder}; {commands}; exit"
        return subprocess.run(["lftp", "-u", ",".join(ACCOUNT), "-e", script, f"ftp://{host}:{self.world.port('ftp')}"],
                              capture_output=True, text=True, timeout=60, check=True, stdin=subprocess.DEVNULL).stdout

    def curl(self, host, path, *words):
        return subprocess.run(["curl", "-sS", "--max-time", "20", "--user", ":".join(ACCOUNT), *words,
                               f"ftp://{host}:{self.world.port('ftp')}/{path}"],
                              capture_output=True, timeout=60, check=True).stdout

    def decoys(self, host):
        """Paths of all files below the folder where a login begins."""
        return sorted(line for line in self.lftp(host, "find .").splitlines() if not line.endswith("/"))

    def recorded(self, condition):
        """Waits for the newest session that meets an SQL condition to be in the database, and returns its id."""
        return wait_for(condition, lambda: self.world.database.run(
            f"SELECT session_id FROM session WHERE {condition} ORDER BY started_at DESC LIMIT 1"), step=0.2)

    def sent_on_data_channels(self, session):
        return bytes.fromhex(self.world.database.run(
            "SELECT coalesce(encode(string_agg(bytes, '' ORDER BY seq), 'hex'), '') FROM event "
            f"WHERE session_id = '{session}' AND started_at = uuid_time('{session}') AND kind = 1 AND channel > 0"))

    def test_lftp_lists_and_gets_every_decoy(self):
        for host in HOSTS:
            with self.subTest(host=host):
                self.assertEqual(self.decoys(host), sorted(DECOYS), "what the listing shows")
                self.lftp(host, "mirror . all")
                got = {f"./{file.relative_to(self.folder / 'all')}": file.read_bytes()
                       for file in (self.folder / "all").rglob("*") if file.is_file()}
                shutil.rmtree(self.folder / "all")
                self.assertEqual(digests(got), DECOYS)

    def test_curl_gets_every_decoy_and_that_is_what_is_recorded(self):
        for host in HOSTS:
            for name, digest in DECOYS.items():
                with self.subTest(host=host, name=name):
                    by_curl = self.curl(host, urllib.parse.quote(name))
                    self.assertEqual(digests({name: by_curl}), {name: digest})
                    session = self.recorded(
                        f"protocol = 'ftp' AND source = '{host.strip('[]')}' AND '{name.rpartition('/')[2]}' = "
                        "(SELECT string_agg(argument_text, ' ') FROM command c WHERE c.session_id = session.session_id AND verb = 'RETR')")
                    self.assertEqual(self.sent_on_data_channels(session), by_curl)

    def test_lftp_puts_up_to_a_mebibyte(self):
        for host, size in ((HOSTS[0], 1), (HOSTS[0], 1 << 20), (HOSTS[1], 70000)):
            with self.subTest(host=host, size=size):
                content = random.Random(size).randbytes(size)
                (self.folder / "gift.bin").write_bytes(content)
                name = f"gift-{size}.bin"
                self.lftp(host, f"put gift.bin -o {name}")
                digest = hashlib.sha256(content).hexdigest()
                wait_for("the artifact", lambda d=digest: self.world.database.number(
                    f"SELECT count(*) FROM artifact WHERE sha256 = '\\x{d}'") == 1, step=0.2)
                self.assertEqual(self.world.database.run(
                    f"SELECT size, sha256(content) = sha256, octet_length(content) FROM artifact WHERE sha256 = '\\x{digest}'"),
                    f"{size}|t|{size}")
                self.assertEqual(self.world.database.run(
                    f"SELECT convert_from(offered_name, 'UTF8') FROM artifact_sighting WHERE sha256 = '\\x{digest}'"), name)
                self.assertIn(name, self.lftp(host, "cls -1"), "found again at the next visit")
                self.lftp(host, f"set xfer:clobber yes; get {name} -o back.bin")
                self.assertEqual((self.folder / "back.bin").read_bytes(), (self.folder / "gift.bin").read_bytes(), "given back")

    def test_a_refused_login_is_a_credential(self):
        for host in HOSTS:
            with self.subTest(host=host):
                done = subprocess.run(["curl", "-sS", "--max-time", "20", "--user", "root:hunter2",
                                       f"ftp://{host}:{self.world.port('ftp')}/"], capture_output=True, timeout=60, check=False)
                self.assertEqual(done.returncode, 67, done.stderr)  # login denied
                session = self.recorded(f"credentials = 1 AND NOT login_accepted AND source = '{host.strip('[]')}'")
                self.assertEqual(self.world.database.run(
                    f"SELECT username_text, secret_text, accepted FROM credential WHERE session_id = '{session}'"),
                    "root|hunter2|f")

    def test_nc_sends_raw_bytes(self):
        for host in HOSTS:
            with self.subTest(host=host):
                data = b"GET /%00 HTTP/1.0\r\n\r\n" + bytes(range(256))
                subprocess.run(["nc", "-q", "1", "-w", "5", host.strip("[]"), str(self.world.port("catchall"))],
                               input=data, timeout=30, check=True, capture_output=True)
                session = self.recorded(f"protocol = 'catchall' AND source = '{host.strip('[]')}'")
                self.assertEqual(self.world.database.run(f"SELECT detected, bytes_in FROM session WHERE session_id = '{session}'"),
                                 f"http|{len(data)}")
                self.assertEqual(self.world.database.run(
                    "SELECT encode(string_agg(bytes, '' ORDER BY seq), 'hex') FROM event WHERE kind = 0 "
                    f"AND session_id = '{session}'"), data.hex())

    def test_zz_log_row_and_transcript_agree(self):
        self.world.await_sessions(self.before)
        self.assertGreater(assert_logs_agree(self, self.world), 8)
        assert_nothing_was_lost(self, self.world)
        assert_rollups_agree(self, self.world)


if __name__ == "__main__":
    unittest.main()
