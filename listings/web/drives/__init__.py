"""Pages of drives: who runs them sees how far everyone is; who is invited sees what is left."""
