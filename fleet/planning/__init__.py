"""Who does what: proposals, judged by one independent check."""
