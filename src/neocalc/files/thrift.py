"""Thrift's compact protocol, as far as Parquet uses it: structures read from bytes and written.

A structure is a dictionary from the number of a field to its type and value. What is read is not
trusted: nothing is longer than the bytes that are there, or deeper than `DEEPEST`.

References
----------
Apache Thrift, "Thrift Compact protocol encoding", doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

from typing import Any, Final

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
"""The types of the protocol."""
DEEPEST: Final = 24
"""Structures within structures."""
_INTEGERS: Final = frozenset({I16, I32, I64})
_LONGEST: Final = 10
"""Bytes of a number of 64 bits."""

Struct = dict[int, tuple[int, Any]]
"""Fields by number; a list is its element type and its values."""


class ThriftError(ValueError):
    """Bytes that are no structure."""


class Reader:
    """Reads a structure.

    Parameters
    ----------
    data : bytes
        From the start of the structure; more may follow.

    Attributes
    ----------
    at : int
        How far it has come.
    """

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data = data
        self.at = at

    def struct(self, depth: int = 0) -> Struct:
        """A structure.

        Examples
        --------
        >>> Reader(bytes([0x15, 0x06, 0x18, 0x02]) + b"id" + bytes(1)).struct()
        {1: (5, 3), 2: (8, b'id')}
        """
        if depth > DEEPEST:
            raise ThriftError("structures within structures without end")
        fields: Struct = {}
        number = 0
        while head := self._byte():
            kind, step = head & 15, head >> 4
            number = number + step if step else self._integer()
            if number in fields:
                raise ThriftError(f"field {number} twice")
            value = (kind == TRUE) if kind in (TRUE, FALSE) else self._value(kind, depth)
            fields[number] = kind, value
        return fields

    def _byte(self) -> int:
        try:
            byte = self._data[self.at]
        except IndexError:
            raise ThriftError("it is cut off") from None
        self.at += 1
        return byte

    def _unsigned(self) -> int:
        data, at = self._data, self.at
        value = shift = 0
        for byte in data[at : at + _LONGEST]:
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                self.at = at
                return value
            shift += 7
        raise ThriftError("a number without end" if at - self.at == _LONGEST else "it is cut off")

    def _integer(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)

    def _taken(self, size: int) -> bytes:
        start, self.at = self.at, self.at + size
        if self.at > len(self._data):
            raise ThriftError("it is cut off")
        return self._data[start : self.at]

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            return self._integer()
        if kind == BINARY:
            return self._taken(self._unsigned())
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in (LIST, SET):
            return self._list(depth)
        if kind == BYTE:
            return self._byte()
        if kind == DOUBLE:
            return self._taken(8)
        raise ThriftError(f"a value of type {kind}")  # MAP too: Parquet has none

    def _list(self, depth: int) -> tuple[int, list[Any]]:
        head = self._byte()
        kind, size = head & 15, head >> 4
        if size == 15:
            size = self._unsigned()
        if size > len(self._data) - self.at:  # each takes a byte at least
            raise ThriftError("it is cut off")
        if kind in (TRUE, FALSE):
            return kind, [self._byte() == TRUE for _ in range(size)]
        return kind, [self._value(kind, depth + 1) for _ in range(size)]


def written(struct: Struct) -> bytes:
    r"""A structure as bytes.

    Examples
    --------
    >>> written({1: (I32, 3), 20: (BINARY, b"id")})
    b'\x15\x06\x08(\x02id\x00'
    """
    out = bytearray()
    _write_struct(struct, out)
    return bytes(out)


def _write_struct(struct: Struct, out: bytearray) -> None:
    last = 0
    for number in sorted(struct):
        kind, value = struct[number]
        if kind in (TRUE, FALSE):
            kind = TRUE if value else FALSE
        if 0 < number - last < 16:
            out.append(number - last << 4 | kind)
        else:
            out.append(kind)
            _write_integer(number, out)
        last = number
        if kind not in (TRUE, FALSE):
            _write_value(kind, value, out)
    out.append(0)


def _write_unsigned(value: int, out: bytearray) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _write_integer(value: int, out: bytearray) -> None:
    _write_unsigned(value << 1 if value >= 0 else (-value << 1) - 1, out)


def _write_value(kind: int, value: Any, out: bytearray) -> None:
    if kind in _INTEGERS:
        _write_integer(value, out)
    elif kind == BINARY:
        _write_unsigned(len(value), out)
        out += value
    elif kind == STRUCT:
        _write_struct(value, out)
    elif kind in (LIST, SET):
        of, values = value
        if len(values) < 15:
            out.append(len(values) << 4 | of)
        else:
            out.append(0xF0 | of)
            _write_unsigned(len(values), out)
        for one in values:
            if of in (TRUE, FALSE):
                out.append(TRUE if one else FALSE)
            else:
                _write_value(of, one, out)
    elif kind == BYTE:
        out.append(value)
    else:
        out += value  # DOUBLE
