"""Reports: results as JSON and as an HTML page."""
