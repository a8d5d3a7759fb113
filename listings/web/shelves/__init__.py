"""Pages of collections, bundles and promotion lists."""
