"""The bare handler: Granian's own interface, and LightGBM's C functions with nothing of Python's wrapper in the path."""

import ctypes
from typing import Any

import numpy as np
from lightgbm import basic
from model import FEATURES, FOLDER, as_csv, numbers

lib = basic._LIB

CLASSES, FLOAT64, NORMAL = 4, 1, 0
LARGEST_ROWS = 1000


def checked(status: int) -> None:
    if status:
        raise RuntimeError(lib.LGBM_GetLastError())


class BareModel:
    def __init__(self) -> None:
        self._booster, rounds = ctypes.c_void_p(), ctypes.c_int()
        path = str(FOLDER / "model.txt").encode()
        checked(lib.LGBM_BoosterCreateFromModelfile(path, ctypes.byref(rounds), ctypes.byref(self._booster)))
        self._single = ctypes.c_void_p()
        prepare = lib.LGBM_BoosterPredictForMatSingleRowFastInit
        options = ctypes.c_char_p(b"num_threads=1")
        checked(prepare(self._booster, NORMAL, 0, -1, FLOAT64, FEATURES, options, ctypes.byref(self._single)))
        self._found = np.empty((LARGEST_ROWS, CLASSES))
        self._to = self._found.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        self._length = ctypes.c_int64()

    def answer(self, body: bytes) -> bytes:
        rows = numbers(body)
        length, start = ctypes.byref(self._length), ctypes.c_void_p(rows.ctypes.data)
        if len(rows) == 1:
            checked(lib.LGBM_BoosterPredictForMatSingleRowFast(self._single, start, length, self._to))
        else:
            size = (ctypes.c_int32(len(rows)), ctypes.c_int32(FEATURES), ctypes.c_int(1))
            options = ctypes.c_char_p(b"num_threads=1")
            whole = (NORMAL, 0, -1, options, length, self._to)
            checked(lib.LGBM_BoosterPredictForMat(self._booster, start, FLOAT64, *size, *whole))
        return as_csv(self._found[: len(rows)])


MODEL = BareModel()
HEADERS = [("content-type", "text/csv")]


async def app(scope: Any, protocol: Any) -> None:
    protocol.response_bytes(200, HEADERS, MODEL.answer(await protocol()))
