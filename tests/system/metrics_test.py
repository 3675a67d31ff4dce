"""What agent and collector tell at /metrics, read as a Prometheus server reads it, beside what really happened."""

import ftplib
import unittest
import urllib.error
import urllib.request

from metrics_page import assert_promtool_is_content, figures, scrape
from world import ACCOUNT, ftp, wait_for
from world_test_case import WorldTestCase


class MetricsTest(WorldTestCase):
    @classmethod
    def services(cls):
        return [ftp(waiting="0ms", per_source=2), ftp("other", enabled=False)]

    def login(self):
        client = ftplib.FTP()
        client.connect("127.0.0.1", self.world.port("ftp"), 20)
        client.login(*ACCOUNT)
        return client

    def agent(self):
        return figures(scrape(self.world.agent_metrics))

    def test_the_agents_figures_are_what_happened(self):
        labels = 'service="ftp",protocol="ftp"'
        wait_for("the agent is connected", lambda: self.agent()["apiary_agent_uplink_connected"] == 1)
        before = self.agent()
        first, second = self.login(), self.login()
        with self.assertRaises((EOFError, OSError, ftplib.Error)):
            self.login()
        first.quit()
        first.close()
        wait_for("the first session to be over", lambda: self.agent()[f"apiary_agent_sessions_open{{{labels}}}"] == 1)
        now = self.agent()
        grown = {name: now[name] - before.get(name, 0) for name in now}
        self.assertEqual(grown[f"apiary_agent_sessions_opened_total{{{labels}}}"], 2)
        ended = {name: value for name, value in grown.items() if name.startswith("apiary_agent_sessions_ended_total") and value}
        self.assertEqual(sum(ended.values()), 1, ended)
        self.assertEqual(grown[f'apiary_agent_refused_total{{{labels},reason="connections_of_source"}}'], 1)
        self.assertGreater(grown[f"apiary_agent_received_bytes_total{{{labels}}}"], 50)
        self.assertGreater(grown[f"apiary_agent_sent_bytes_total{{{labels}}}"], 100)
        self.assertGreater(grown["apiary_agent_records_total"], 10)
        self.assertEqual(now[f"apiary_agent_service_on{{{labels}}}"], 1)
        self.assertEqual(now['apiary_agent_service_desired{service="other",protocol="ftp"}'], 0)
        self.assertEqual(now["apiary_agent_uplink_connected"], 1)
        self.assertGreater(now["apiary_agent_spool_bytes"], 0)
        self.assertLess(now["process_open_fds"], now["process_max_fds"])
        second.close()
        wait_for("everything to be acknowledged", lambda: self.agent()["apiary_agent_spool_records"] == 0)

    def test_the_collectors_figures_are_what_happened(self):
        before = figures(scrape(self.world.collector_metrics))
        self.login().quit()
        committed = "apiary_collector_records_committed_total"
        wait_for("the session's records at the collector",
                 lambda: figures(scrape(self.world.collector_metrics))[committed] - before.get(committed, 0) > 5)
        wait_for("everything to be acknowledged", lambda: self.agent()["apiary_agent_spool_records"] == 0)
        now = figures(scrape(self.world.collector_metrics))
        grown = {name: now[name] - before.get(name, 0) for name in now}
        self.assertEqual(now["apiary_collector_database_up"], 1)
        self.assertEqual(now["apiary_collector_streams"], 1)
        self.assertEqual(now['apiary_collector_sensor_connected{sensor="test"}'], 1)
        self.assertGreater(grown["apiary_collector_records_committed_total"], 5)
        self.assertGreaterEqual(grown["apiary_collector_batches_committed_total"], 1)
        self.assertGreaterEqual(grown["apiary_collector_transaction_seconds_count"], 1)
        self.assertEqual(now["apiary_collector_batches_out_of_order_total"], 0)
        self.assertEqual(now['apiary_collector_records_quarantined_total{reason="database"}'], 0)
        ledger = 'apiary_collector_sensor_records_total{sensor="test"}'
        wait_for("the ledger's position to be shown", lambda: figures(scrape(self.world.collector_metrics))[ledger]
                 == self.world.database.number("SELECT sum(last_seq) FROM ingest_stream"))
        offset = 'apiary_collector_sensor_clock_offset_seconds{sensor="test"}'
        wait_for("the sensor's clock to be shown", lambda: offset in figures(scrape(self.world.collector_metrics)))
        self.assertLess(abs(figures(scrape(self.world.collector_metrics))[offset]), 2)

    def test_promtool_finds_nothing_wrong_with_the_agents_page(self):
        assert_promtool_is_content(self, scrape(self.world.agent_metrics))

    def test_promtool_finds_nothing_wrong_with_the_collectors_page(self):
        assert_promtool_is_content(self, scrape(self.world.collector_metrics))

    def test_nothing_else_is_served(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{self.world.agent_metrics}/", timeout=20)
        self.assertEqual(refused.exception.code, 404)
        refused.exception.close()


if __name__ == "__main__":
    unittest.main()
