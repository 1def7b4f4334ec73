"""Built-in data sets, one module each in `mnnfab.task.data_sets`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from mnnfab.arrays import FloatArray, IntArray
from mnnfab.errors import InputError
from mnnfab.findings import Finding
from mnnfab.io.cells import normalised
from mnnfab.io.registry import by_name, registered


@dataclass(frozen=True, eq=False)
class LabelledFeatures:
    """Samples with class labels.

    Args:
        features: (n_samples, n_features), in the units of the data set.
        feature_names: one name per column.
        classes: class number of each sample, (n_samples,).
        class_names: name of each class number.
        findings: what was assumed or left out when a table was read, and its classes.
    """

    features: FloatArray
    feature_names: tuple[str, ...]
    classes: IntArray
    class_names: tuple[str, ...]
    findings: tuple[Finding, ...] = ()

    def with_features(self, names: Sequence[str]) -> LabelledFeatures:
        """Return the same samples with a selection of the features, in this order.

        Raises:
            InputError: if a feature does not exist; the message lists the known ones.
        """
        names = [normalised(name) for name in names]
        check_known(names, self.feature_names)
        columns = [self.feature_names.index(name) for name in names]
        return replace(self, features=self.features[:, columns], feature_names=tuple(names))


@dataclass(frozen=True)
class DataSet:
    """A built-in data set; each module of `data_sets` registers one under the name `DATA_SET`.

    Args:
        rank: place in lists of the data sets; the ranks differ.
        name: value of `[task] dataset` in a design file.
        load: function that returns the samples, the same at every call.
    """

    rank: int
    name: str
    load: Callable[[], LabelledFeatures]


@cache
def built_in_data_sets() -> dict[str, DataSet]:
    """Return all data sets by their names, in the order of their ranks."""
    from mnnfab.task import data_sets

    named = by_name((one.name, one) for one in registered(data_sets, "DATA_SET", DataSet))
    return dict(sorted(named.items(), key=lambda entry: entry[1].rank))


def check_known(features: Sequence[str], known: Sequence[str]) -> None:
    """Refuse features that a data set does not have.

    Raises:
        InputError: for the first unknown one; the message lists the known ones.
    """
    unknown = [name for name in features if name not in known]
    if unknown:
        names = ", ".join(f'"{name}"' for name in known)
        raise InputError("[task] features", f'"{unknown[0]}"', names)
