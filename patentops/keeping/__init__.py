"""Keeping an installation: backup, restore, and what the doctor asks."""
