"""Reference tables: regions, industries, IPC, WIPO fields, strategic industries."""
