"""In: vehicle messages become events."""
