"""What all versions of VDA 5050 say alike; a version's own folder holds what only that version says.

`codec` a version as tables of readers and writers · `shapes` and `factsheet_shapes` fields as on the wire, named as 3.0
names them · `actions`, `ways`, `order`, `state`, `factsheet` shapes to messages and back · `tail` what only people look
at · `words` the cautious reading of an unknown word · `spelling` other names for the same fields · `fields` what each
field must hold.
"""
