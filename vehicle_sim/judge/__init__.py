"""A conformance kit for makers of vehicles: what a real VDA 5050 vehicle does right and wrong, line by line."""
