"""A board to draw boxes on, and what is made of them."""
