"""Ask about runs, verify them, tidy up after them, forget them."""
