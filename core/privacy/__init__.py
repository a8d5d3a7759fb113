"""What the platform holds about a person: shown, handed out, deleted (PIPL arts. 44-47)."""
