"""The picture: all that is known now, and the only writer of it."""
