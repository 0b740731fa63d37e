"""LightGBM's prediction of a single row, by its C functions: a third of what `Booster.predict` takes, which wraps and checks each time.

The figures are the same to the last bit. What these functions need to know of the model they are told once.
"""

from __future__ import annotations

import ctypes
import threading
import weakref

import lightgbm
import numpy as np
from encoding import Matrix
from lightgbm import basic

NORMAL, FIRST_ROUND, ALL_ROUNDS, FLOAT64 = 0, 0, -1, 1  # C_API_PREDICT_NORMAL, C_API_DTYPE_FLOAT64
OPTIONS = ctypes.c_char_p(b"num_threads=1")
_lightgbm = basic._LIB


class SingleRow:
    """Of one model. Threads take turns: what LightGBM prepares holds one row at a time."""

    def __init__(self, booster: lightgbm.Booster) -> None:
        """Raises lightgbm.basic.LightGBMError."""
        self._booster = booster  # which must live as long as this
        self._columns = booster.num_feature()
        self._outputs = booster.num_model_per_iteration()
        self._prepared = ctypes.c_void_p()
        basic._safe_call(
            _lightgbm.LGBM_BoosterPredictForMatSingleRowFastInit(
                booster._handle,
                ctypes.c_int(NORMAL),
                ctypes.c_int(FIRST_ROUND),
                ctypes.c_int(ALL_ROUNDS),
                ctypes.c_int(FLOAT64),
                ctypes.c_int32(self._columns),
                OPTIONS,
                ctypes.byref(self._prepared),
            )
        )
        weakref.finalize(self, _lightgbm.LGBM_FastConfigFree, self._prepared)
        self._length = ctypes.c_int64()
        self._turn = threading.Lock()

    def scores(self, features: Matrix) -> Matrix:
        """As `Booster.predict` of a matrix of one row."""
        if features.shape != (1, self._columns) or not features.flags.c_contiguous or features.dtype != np.float64:
            raise ValueError(f"{features.shape} of {features.dtype} is no row of {self._columns} numbers")
        scores = np.empty(self._outputs)
        with self._turn:
            basic._safe_call(
                _lightgbm.LGBM_BoosterPredictForMatSingleRowFast(
                    self._prepared,
                    ctypes.c_void_p(features.ctypes.data),
                    ctypes.byref(self._length),
                    ctypes.c_void_p(scores.ctypes.data),
                )
            )
        return scores.reshape(1, -1) if self._outputs > 1 else scores
