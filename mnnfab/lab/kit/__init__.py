"""Experiment kit: files that a laboratory needs to test a part."""
