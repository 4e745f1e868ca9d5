"""The tables that give levels of grey their colours."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib import colormaps

from heatproof.attribution import registry
from heatproof.report.charts import colours, sprites


def looked_up(channel: str, level: np.ndarray) -> np.ndarray:
    """What feComponentTransfer makes of levels, as the SVG specification says it."""
    values = np.array([float(v) for v in channel.split()])
    return 255 * np.interp(level / 255, np.linspace(0, 1, len(values)), values)


@pytest.mark.parametrize("chosen", colours.palette(), ids=lambda c: c.name)
def test_every_level_gets_the_colour_map_s_colour(chosen: colours.ColourMap) -> None:
    levels = np.arange(1 if chosen.signed else 0, 256)
    shares = (levels - 1) / 254 if chosen.signed else levels / 255
    expected = 255 * colormaps[chosen.name](shares)[:, :3]
    for channel, wanted in zip((chosen.red, chosen.green, chosen.blue), expected.T, strict=True):
        # The colour maps have 256 colours of their own, so a neighbour is as right.
        assert np.abs(looked_up(channel, levels) - wanted).max() < 6


def test_zero_is_the_middle_of_every_colour_map_for_signed_maps() -> None:
    zero = np.array([sprites.ZERO_LEVEL])
    for chosen in colours.palette():
        if chosen.signed:
            drawn = [looked_up(c, zero)[0] for c in (chosen.red, chosen.green, chosen.blue)]
            assert min(drawn) > 235, chosen.name
            assert np.ptp(drawn) < 4, chosen.name


def test_the_colours_of_every_method_are_there_and_only_some_are_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = {c.name for c in colours.palette()}
    assert {method.colours for method in registry.methods().values()} <= names
    one = replace(next(iter(registry.methods().values())), colours="inferno")
    monkeypatch.setattr(registry, "methods", lambda: {"one": one})
    assert [c.offered for c in colours.palette() if c.name == "inferno"] == [False]


def test_there_is_a_choice_of_both_kinds() -> None:
    kinds = [c.signed for c in colours.palette()]
    assert kinds.count(False) == 4
    assert kinds.count(True) == 2
    assert all(c.red[0] in "01." for c in colours.palette())
