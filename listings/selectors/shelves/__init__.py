"""Patents shown together: thematic collections, bundles, promotion lists."""
