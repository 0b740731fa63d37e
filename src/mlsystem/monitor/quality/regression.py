"""The metrics of a regression, as https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html
names them: mae and rmse in the unit of the label, mse in its square, r2 without a unit."""

import numpy as np

from mlsystem.monitor.quality.pairs import Floats

REGRESSION_METRICS = ("mae", "mse", "rmse", "r2")


def regression_figures(truth: Floats, predicted: Floats) -> dict[str, float]:
    """Each metric of at least one row. Without a spread of the truth r2 is NaN: nothing could be explained."""
    with np.errstate(over="ignore", invalid="ignore"):
        errors = predicted - truth
        mse = float(np.mean(errors**2))
        spread = float(np.mean((truth - truth.mean()) ** 2))
        mae = float(np.mean(np.abs(errors)))
    r2 = 1.0 - mse / spread if spread > 0.0 else float("nan")
    return {"mae": mae, "mse": mse, "rmse": mse**0.5, "r2": r2}
