"""The ground of facts: patents, their legal events, what binds them, the library, the board."""
