"""Thrift's compact protocol: what is written is read back, and bytes are never believed."""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neocalc.files.thrift import (
    BINARY,
    BYTE,
    DOUBLE,
    FALSE,
    I16,
    I32,
    I64,
    LIST,
    MAP,
    SET,
    STRUCT,
    TRUE,
    Reader,
    Struct,
    ThriftError,
    written,
)  # fmt: skip

LONG = st.integers(-(2**63), 2**63 - 1)
SIMPLE: dict[int, Any] = {
    I16: st.integers(-(2**15), 2**15 - 1),
    I32: st.integers(-(2**31), 2**31 - 1),
    I64: LONG,
    BINARY: st.binary(max_size=300),
    DOUBLE: st.binary(min_size=8, max_size=8),
    BYTE: st.integers(0, 255),
}


def listed(values: st.SearchStrategy[Any], kind: int) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(kind), st.lists(values, max_size=20))


def fields(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A field: its type and its value."""
    kinds = [st.tuples(st.just(kind), values) for kind, values in SIMPLE.items()]
    kinds += [st.just((TRUE, True)), st.just((FALSE, False)), st.tuples(st.just(STRUCT), inner)]
    for kind in (LIST, SET):
        kinds += [
            st.tuples(st.just(kind), listed(values, of))
            for of, values in [*SIMPLE.items(), (STRUCT, inner), (TRUE, st.booleans())]
        ]
    return st.one_of(kinds)


STRUCTS: st.SearchStrategy[Struct] = st.recursive(
    st.just({}),
    lambda inner: st.dictionaries(st.integers(1, 32_000), fields(inner), max_size=5),
    max_leaves=6,
)


@given(STRUCTS, st.binary(max_size=5))
def test_what_is_written_is_read_back(struct: Struct, more: bytes) -> None:
    data = written(struct)
    reader = Reader(data + more)
    assert reader.struct() == struct
    assert reader.at == len(data)


@given(STRUCTS, st.data())
def test_what_is_cut_off_is_refused(struct: Struct, data: st.DataObject) -> None:
    whole = written(struct)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ThriftError):
        Reader(whole[:cut]).struct()


@pytest.mark.requirement("REQ-FILE-06")
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ThriftError):
        Reader(data).struct()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x1c" * 5_000, "structures within structures without end"),
        (b"\x15" + b"\xff" * 11, "a number without end"),
        (b"\x15\xff", "it is cut off"),
        (b"\x18\xff\xff\xff\xff\x07", "it is cut off"),  # 2 GiB of text
        (b"\x19\xf5\xff\xff\xff\xff\x07", "it is cut off"),  # a list of 2^31
        (bytes([0x10 | MAP, 0]), f"a value of type {MAP}"),
        (b"\x15\x02\x05\x02\x02\x00", "field 1 twice"),
    ],
)
def test_what_cannot_be_is_refused_without_room_for_it(data: bytes, why: str) -> None:
    before = sys.getrecursionlimit()
    with pytest.raises(ThriftError, match=why):
        Reader(data).struct()
    assert sys.getrecursionlimit() == before
