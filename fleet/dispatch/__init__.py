"""What to do now: plan against state."""
