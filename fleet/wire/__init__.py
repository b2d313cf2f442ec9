"""The line: VDA 5050 messages, codecs and links."""
