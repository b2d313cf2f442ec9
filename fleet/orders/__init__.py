"""Out: trips become VDA 5050 orders that are followed to their end."""
