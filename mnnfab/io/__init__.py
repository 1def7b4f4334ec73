"""Files, tables, JSON and folders that are written whole, independent of networks."""
