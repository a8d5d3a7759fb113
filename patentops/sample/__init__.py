"""The sample 示例: organisations, patents, needs and deals of our own, and how they are loaded."""
