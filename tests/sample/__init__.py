"""The sample and the demo."""
