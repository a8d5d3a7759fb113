"""The library and its layers: what is admitted, its score, its layer, what is done for it there."""
