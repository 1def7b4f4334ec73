"""mnnfab: from a task to a printable mechanical neural network that was checked.

The names here are the core: networks, the bar model, tasks and training. Shapes are in
`geometry`, the continuum in `fem`, files in `export`; `mnnfab.pipeline.pipeline` puts them
together.

The names, listed in `__init__.pyi`, are loaded when they are first used: the command
line's help must not wait for NumPy.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
