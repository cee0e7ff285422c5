"""Who names a seed gets it, so that what failed can be repeated."""

import runpy

import pytest

import seeds


@pytest.fixture
def chosen(monkeypatch):
    """Give what seeds.py chooses in an environment."""

    def choose(**variables):
        for name in ("COHELD_SEED", "COHELD_LONG"):
            monkeypatch.delenv(name, raising=False)
        for name, text in variables.items():
            monkeypatch.setenv(name, text)
        names = runpy.run_path(seeds.__file__)
        return names["FIRST_SEED"], names["FRESH"]

    return choose


def test_a_named_seed_is_the_first_also_of_a_long_run(chosen):
    assert chosen(COHELD_SEED="7") == (7, False)
    assert chosen(COHELD_SEED="7", COHELD_LONG="1") == (7, False)


def test_seeds_are_fresh_on_demand_and_in_a_long_run(chosen):
    assert chosen() == (1, False)
    assert chosen(COHELD_SEED="random")[1]
    assert chosen(COHELD_LONG="1")[1]
