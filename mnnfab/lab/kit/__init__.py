"""The experiment kit: what a laboratory needs to test a part."""
