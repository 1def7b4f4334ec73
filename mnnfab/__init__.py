"""mnnfab: design, training, checking and export of printable mechanical neural networks.

This package exports the core: networks, the bar model, tasks and training. Geometry is in
`geometry`, the continuum model in `fem`, file formats in `export`; `mnnfab.pipeline.pipeline`
combines them.

The names, listed in `__init__.pyi`, are loaded at first use, so that the help of the command line
does not import NumPy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
