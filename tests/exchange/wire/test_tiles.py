"""The paths and the arithmetic of tlog-tiles, with the specification's own figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.wire.tiles import BadBundle, BadPath, Place, bundle, place, places, unbundle


def test_a_tree_of_seventy_thousand_has_the_tiles_the_specification_counts():
    tiles = [p for p in places(70_000) if p.kind == "tile"]
    widths = {level: [p.width for p in tiles if p.level == level] for level in range(3)}
    assert widths == {0: [256] * 273 + [112], 1: [256, 17], 2: [1]}
    assert [p.path for p in places(256)] == ["0/000", "entries/000", "1/000.p/1"]


def test_an_index_is_spelt_in_groups_of_three():
    assert Place("tile", 0, 1_234_067).path == "0/x001/x234/067"
    assert place("0/x001/x234/067") == Place("tile", 0, 1_234_067)
    assert place("entries/x001/000.p/7") == Place("entries", 0, 1000, 7)


@pytest.mark.parametrize(
    "path",
    ["", "0", "0/1", "0/0000", "00/000", "8/000", "64/000", "-1/000", "0/x000/001", "0/001.p/0", "0/001.p/256",
     "0/001.p/07", "0/001.p/", "0/001/", "/0/001", "0/x01/001", "0/001/001", "entry/000", "0/../000", "0/٠٠١",
     "0/000\n", "0/" + "x999/" * 20 + "999"],
)  # fmt: skip
def test_a_path_in_any_other_spelling_names_nothing(path):
    with pytest.raises(BadPath):
        place(path)


@given(st.integers(0, 7), st.integers(0, 10**9), st.integers(1, 256))
def test_every_place_has_one_path_and_every_path_one_place(level, n, width):
    one = Place("tile", level, n, width)
    assert place(one.path) == one


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_an_export_continued_writes_all_that_one_from_nothing_would_add(first, second):
    old, new = sorted((first, second))
    assert set(places(new)) - set(places(old)) <= set(places(new, old)) <= set(places(new))


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_back_its_entries(entries):
    assert unbundle(bundle(entries)) == entries


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x01", b"\x00\x02a", b"\xff\xff", b"\x00\x00\x00"])
def test_a_bundle_cut_short_is_refused(data):
    with pytest.raises(BadBundle):
        unbundle(data)
