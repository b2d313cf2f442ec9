"""Import: an OSM extract becomes a road graph."""
