"""Make typed tables of the sources, and say what became of each row."""
