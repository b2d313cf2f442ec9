"""The ground: road graph, who may drive where, quickest ways."""
