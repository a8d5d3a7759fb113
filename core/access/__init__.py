"""Getting in and staying safe: second factors, sessions, passwords (账户与安全)."""
