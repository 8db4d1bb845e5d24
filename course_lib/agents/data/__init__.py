"""What the planner is tuned and tested on: requests, plans that answer them, and imagined tools for them to use."""
