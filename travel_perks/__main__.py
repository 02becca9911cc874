"""Run the command as `python -m travel_perks`."""

from travel_perks.cli import main

if __name__ == "__main__":
    main()
