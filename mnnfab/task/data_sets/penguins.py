"""Palmer penguins: 342 penguins, four measures in mm and g, three species.

Of the 344 birds, the two without any measurement are left out (an Adelie and a Gentoo).
Source, licence and units are in the comment lines of `penguins.csv`.
"""

from __future__ import annotations

from mnnfab.task.data_set import DataSet, LabelledFeatures
from mnnfab.task.data_sets._samples import of_table


def load() -> LabelledFeatures:
    """Return the table of this package."""
    return of_table("penguins.csv", ("Adelie", "Chinstrap", "Gentoo"))


DATA_SET = DataSet(40, "penguins", load)
