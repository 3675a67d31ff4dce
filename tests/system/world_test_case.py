"""A TestCase with one World for all its tests. Subclasses say in services() what the agent serves."""

import unittest

from world import World


class WorldTestCase(unittest.TestCase):
    limits = {}
    budgets = {}
    failed = False
    maxDiff = 4000

    @classmethod
    def services(cls):
        raise NotImplementedError

    @classmethod
    def agent_environment(cls):
        return None

    @classmethod
    def setUpClass(cls):
        cls.world = World(cls.__name__.lower(), cls.services(), cls.limits, cls.agent_environment(),
                          budgets=cls.budgets)
        try:
            cls.world.start()
        except BaseException:
            cls.world.close(failed=True)
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.close(cls.failed)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            type(self).failed = True
