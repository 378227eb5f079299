"""The HTTP interface, one file per resource. Words of business live in the rooms, never here."""
