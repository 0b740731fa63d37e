"""CRC-32C and CRC-64/NVME, which Python's library lacks; the AWS CLI sends the second with every upload.

A CRC is linear, so the bytes are cut into lanes that NumPy works on all at once, eight bytes a step by table ("slicing by eight"), and the
lanes' registers are joined afterwards. Parameters: https://reveng.sourceforge.io/crc-catalogue/all.htm
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]

LANE_BYTES = 512
WORD_BYTES = 8


class Crc:
    """A CRC whose bits are reflected, and whose register begins and ends inverted."""

    def __init__(self, width: int, polynomial: int):
        """`polynomial` is reflected: its highest bit is the coefficient of x**0."""
        self.width = width
        self.polynomial = polynomial
        self._inverted = (1 << width) - 1
        self._by_byte = [self._shifted(value, 8) for value in range(256)]
        tables = [np.array(self._by_byte, dtype=np.uint64)]
        for _ in range(WORD_BYTES - 1):
            last = tables[-1]
            tables.append(tables[0][last & np.uint64(0xFF)] ^ (last >> np.uint64(8)))
        # The table for the first of eight bytes is that of a byte with seven more behind it.
        self._by_word = tables[::-1]
        self._by_lane = self._lane_tables()

    def of(self, pieces: Iterable[bytes]) -> int:
        """The CRC of the pieces, one after the other."""
        register = self._inverted
        for piece in pieces:
            register = self._advanced(register, piece)
        return register ^ self._inverted

    def joined(self, parts: Iterable[tuple[int, int]]) -> int:
        """The CRC of bodies one after the other, from the CRC and the size of each."""
        whole = 0
        for crc, size in parts:
            whole = self._product(whole, self._power(size)) ^ crc
        return whole

    # ------------------------------------------------------------------ bytes
    def _advanced(self, register: int, piece: bytes) -> int:
        lanes = len(piece) // LANE_BYTES
        if lanes:
            words = np.frombuffer(piece, dtype="<u8", count=lanes * LANE_BYTES // WORD_BYTES)
            columns = np.ascontiguousarray(words.reshape(lanes, LANE_BYTES // WORD_BYTES).T)
            registers = np.zeros(lanes, dtype=np.uint64)
            for column in columns:
                registers = self._step(registers ^ column)
            for lane in registers.tolist():
                register = self._passed_lane(register) ^ lane
        for byte in piece[lanes * LANE_BYTES :]:
            register = self._by_byte[(register ^ byte) & 0xFF] ^ (register >> 8)
        return register

    def _step(self, registers: Words) -> Words:
        """Eight bytes further, which have been added to the registers."""
        octets = registers.view(np.uint8).reshape(-1, WORD_BYTES)
        stepped: Words = self._by_word[0][octets[:, 0]]
        for place in range(1, WORD_BYTES):
            stepped = stepped ^ self._by_word[place][octets[:, place]]
        return stepped

    def _passed_lane(self, register: int) -> int:
        """A lane further."""
        passed = 0
        for place, table in enumerate(self._by_lane):
            passed ^= table[(register >> (8 * place)) & 0xFF]
        return passed

    def _lane_tables(self) -> list[list[int]]:
        tables = []
        for place in range(self.width // 8):
            registers = np.arange(256, dtype=np.uint64) << np.uint64(8 * place)
            for _ in range(LANE_BYTES // WORD_BYTES):
                registers = self._step(registers)
            tables.append(registers.tolist())
        return tables

    # ------------------------------------------------------------------ polynomials
    def _shifted(self, value: int, bits: int) -> int:
        """The product with x**bits, modulo the polynomial."""
        for _ in range(bits):
            value = value >> 1 ^ (self.polynomial if value & 1 else 0)
        return value

    def _product(self, one: int, other: int) -> int:
        product = 0
        for bit in range(self.width - 1, -1, -1):
            if one >> bit & 1:
                product ^= other
            other = self._shifted(other, 1)
        return product

    def _power(self, size: int) -> int:
        """What appending `size` bytes multiplies a CRC by: x**(8 * size)."""
        result, factor = 1 << (self.width - 1), 1 << (self.width - 9)
        while size:
            if size & 1:
                result = self._product(result, factor)
            factor = self._product(factor, factor)
            size >>= 1
        return result
