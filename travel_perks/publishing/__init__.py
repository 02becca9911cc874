"""Write what is published: gold CSV, perks CSV, report."""
