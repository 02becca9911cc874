"""Close a run, recognise it again, and put back what it has lost."""
