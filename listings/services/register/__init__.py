"""The register: a patent's legal events, what follows from them, and what binds it."""
