"""Seeds: 210 wheat kernels, seven measures of X-ray images, three varieties.

Source, licence and units are in the comment lines of `seeds.csv`.
"""

from __future__ import annotations

from mnnfab.task.data_set import DataSet, LabelledFeatures
from mnnfab.task.data_sets._samples import of_table


def load() -> LabelledFeatures:
    """Return the table of this package."""
    return of_table("seeds.csv", ("Kama", "Rosa", "Canadian"))


DATA_SET = DataSet(50, "seeds", load)
