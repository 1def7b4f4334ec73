"""Reports: what was found, as JSON for programs and as a page for people."""
