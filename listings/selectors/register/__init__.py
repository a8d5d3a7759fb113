"""The register: a patent's legal events, what follows from them, what may be done with it."""
