"""Print samples as JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mnnfab.report.loaded import finite

if TYPE_CHECKING:
    from mnnfab.arrays import FloatArray
    from mnnfab.loaded_part.prints import LoadedPrints
    from mnnfab.tolerance.study import ToleranceStudy

PERCENTILES = (5, 25, 50, 75, 95)


def print_values(
    study: ToleranceStudy | None, loaded: LoadedPrints | None
) -> dict[str, Any] | None:
    """Return print samples by linear theory and under the loads; None without a study."""
    if study is None:
        return None
    return {
        "errors": asdict(study.errors),
        "samples": len(study.metrics),
        "metric_as_drawn": study.nominal,
        "metric_mean": float(study.metrics.mean()),
        "metric_percentiles": _percentiles(study.metrics),
        "yield_linear": study.print_yield,
        "loaded": None if loaded is None else loaded_print_values(loaded),
        "output_sd_mm": study.output_sd_mm.tolist(),
        "output_sd_first_order_mm": study.output_sd_first_order_mm.tolist(),
        "bond_shares": study.bond_shares.tolist(),
    }


def loaded_print_values(prints: LoadedPrints) -> dict[str, Any]:
    """Return print samples under the loads."""
    low, high = prints.interval
    return {
        "samples": len(prints.metrics),
        "required": prints.limit,
        "better": "higher" if prints.higher_is_better else "lower",
        "metric_percentiles": _percentiles(prints.metrics),
        "unstable": int((prints.lost > 0).sum()),
        "yield": prints.print_yield,
        "yield_low": low,
        "yield_high": high,
    }


def _percentiles(metrics: FloatArray) -> dict[str, float | None]:
    """Return percentiles by number; null where a print that is lost has an infinite metric."""
    with np.errstate(invalid="ignore"):  # between two infinite ones
        found = np.percentile(metrics, PERCENTILES)
    return dict(zip(map(str, PERCENTILES), map(finite, found.tolist()), strict=True))
