"""Files, tables, JSON and folders that are written whole; nothing here knows of networks."""
