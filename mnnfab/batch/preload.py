"""Imports shared by all designs of a batch: their processes are forked after these imports.

The server process that imports this module removes the temporary files of the batch when it ends,
in case the process of the batch was killed; its forks end without that.

The imports take several seconds, most of the time of a small design; a fork takes milliseconds.
"""

from __future__ import annotations

import io

import matplotlib.figure
import PIL.Image
import skfem  # noqa: F401
import sklearn.datasets  # noqa: F401
from scipy import sparse

import export.formats.f_3mf
import export.formats.step
import export.formats.stl
import export.frame
import export.package  # noqa: F401
import fem.buckling
import fem.contact
import fem.continuum
import fem.convergence
import fem.fields
import fem.mesher
import fem.resultants
import fem.solid_buckling
import fem.weight  # noqa: F401
import geometry.lettering  # noqa: F401
import mnnfab.loaded_part.assessment
import mnnfab.pipeline.pipeline
import mnnfab.report.interactive
import mnnfab.report.page
from mnnfab.batch.temporary import remove_at_exit
from mnnfab.linalg.cholesky import factorise
from mnnfab.report.template import compile_all
from mnnfab.versions import versions

remove_at_exit()
# Identical in every report, therefore computed once.
mnnfab.report.interactive.viewer()
compile_all()
versions()
matplotlib.figure.Figure().savefig(io.BytesIO(), format="svg")
PIL.Image.init()
factorise(sparse.eye_array(2, format="csc"))  # loads CHOLMOD with the kernels for this processor
