"""From cleaned tables to a perk for each user, with the reason for it."""
