"""The stages that need more than the core, each from one frozen value to the next."""
