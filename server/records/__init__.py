"""Records: the current state, its revisions, the lists and the label search."""
