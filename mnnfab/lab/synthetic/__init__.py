"""The synthetic lab: what a camera would see of the continuum's deformed part."""
