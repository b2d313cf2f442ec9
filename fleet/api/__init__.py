"""HTTP: committed snapshots out, commands into the inbox."""
