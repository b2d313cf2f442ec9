"""Makes that speak a protocol of their own; each is a plug-in that `fleet` finds by its entry point."""
