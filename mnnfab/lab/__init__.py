"""Laboratory support: experiment kits, measurement, identification and training on the part."""
