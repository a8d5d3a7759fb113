"""What this room does when it hears of something."""
