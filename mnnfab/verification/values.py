"""Values of a verification for programs: `verification.json` and `--json`."""

from __future__ import annotations

from typing import Any

from mnnfab.io.json_values import to_jsonable
from mnnfab.verification.case import Quantity, Result
from mnnfab.verification.run import Verification
from mnnfab.versions import versions


def verification_values(verification: Verification) -> dict[str, Any]:
    """Return the values of a verification; numbers that are not finite are None."""
    values = {
        "passed": verification.passed,
        "seconds": verification.seconds,
        "versions": dict(versions()),
        "cases": [_case(result) for result in verification.results],
    }
    jsonable: dict[str, Any] = to_jsonable(values)
    return jsonable


def _case(result: Result) -> dict[str, Any]:
    case = result.case
    return {
        "name": case.name,
        "title": case.title,
        "model": case.model,
        "source": case.source,
        "note": case.note,
        "passed": result.passed,
        "seconds": result.seconds,
        "failure": result.failure,
        "quantities": [_quantity(quantity) for quantity in result.quantities],
    }


def _quantity(quantity: Quantity) -> dict[str, Any]:
    meshes = quantity.meshes
    return {
        "quantity": quantity.name,
        "value": quantity.value,
        "reference": quantity.reference,
        "relative_error": quantity.error,
        "tolerance": quantity.tolerance,
        "passed": quantity.passed,
        "values_on_meshes": None if meshes is None else list(meshes.values),
        "observed_order": None if meshes is None else meshes.order,
        "grid_convergence_index": None if meshes is None else meshes.grid_convergence_index,
    }
