"""A sector's negative list: read as published or not at all, and barring only what it bars twice."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policies.engine import PolicyRefused
from policies.sectors import read_sector_list

HEAD = "序号,类别,子类,开放类型,共享类型,清单类型,数据特征\n"
COAL = "1,发电,电厂煤耗,不予开放,不予共享,负面清单,涉及商业秘密\n"
WATER = "2,发电,电厂水耗,不予开放,有条件共享,负面清单,\n"
LOAD = '3,用电,分区负荷,有条件开放,无条件共享,"可用,可共享",按日汇总\n'


def test_what_may_be_neither_opened_nor_shared_is_barred() -> None:
    found = read_sector_list("\ufeff" + HEAD + COAL + WATER + LOAD)

    barred = [row.subkind for row in found.rows if found.bars(row.kind, row.subkind)]

    assert barred == ["电厂煤耗"]
    assert not found.bars("发电", "不在清单上")


def test_the_same_list_has_the_same_digest_however_it_is_wrapped() -> None:
    plain, other = read_sector_list(HEAD + COAL), read_sector_list("\ufeff" + (HEAD + COAL).replace("\n", "\r\n"))

    assert plain.digest == other.digest
    assert plain.digest != read_sector_list(HEAD + COAL + WATER).digest


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "sector list: columns"),
        (HEAD, "sector list: rows"),
        (HEAD.replace("子类,", ""), "sector list: columns"),
        (HEAD + COAL.replace("不予开放", "不开放"), "sector list row 1: opening"),
        (HEAD + COAL + WATER.replace("2,", "二,", 1), "sector list row 2: number"),
        (HEAD + COAL + WATER.replace("2,", "1,", 1), "sector list"),
        (HEAD + COAL + COAL.replace("1,", "2,", 1), "sector list"),
        (HEAD + COAL.replace(",涉及商业秘密", ""), "sector list row 1"),
        (HEAD + '1,"发电', "sector list: CSV"),
    ],
)
def test_a_list_with_one_slip_is_not_read(text: str, where: str) -> None:
    with pytest.raises(PolicyRefused) as refused:
        read_sector_list(text)

    assert refused.value.where == where


LISTS = st.lists(st.sampled_from([COAL, WATER, LOAD, "\n", ","]) | st.text(max_size=40), max_size=4).map("".join)


@given(st.text(max_size=200) | LISTS.map(HEAD.__add__))
@example(HEAD + COAL + LOAD)
def test_whatever_comes_it_is_read_whole_or_refused(text: str) -> None:
    with suppress(PolicyRefused):
        found = read_sector_list(text)

        assert found.rows
        assert len({row.number for row in found.rows}) == len({(row.kind, row.subkind) for row in found.rows})
        assert len({row.number for row in found.rows}) == len(found.rows)
