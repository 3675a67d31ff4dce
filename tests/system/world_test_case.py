"""A TestCase with one World for all its tests. Subclasses say in services() what the agent serves, or make their own world."""

import unittest

from world import World


class WorldTestCase(unittest.TestCase):
    limits = {}
    budgets = {}
    seed = None
    failed = False
    maxDiff = 4000

    @classmethod
    def services(cls):
        raise NotImplementedError

    @classmethod
    def agent_environment(cls):
        return None

    @classmethod
    def make_world(cls):
        return World(cls.__name__.lower(), cls.services(), cls.limits, cls.agent_environment(), budgets=cls.budgets, seed=cls.seed)

    @classmethod
    def before_start(cls):
        """What is to be there, or looked at, before the programs of the world run."""

    @classmethod
    def setUpClass(cls):
        cls.world = cls.make_world()
        try:
            cls.before_start()
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
